"""Fuzz both readers of packed files for as long as you like; a report is kept up to date.

python -m tests.fuzz 40000000 --report results/reliability/fuzz_hrnn.json
"""

import argparse
import contextlib
import dataclasses
import subprocess
import tempfile
import time
from pathlib import Path

from hadamrnn import files
from tests.fuzz.mutants import Mutants
from tests.fuzz.readers import BUILDS, CReader, Tally, compare

ROOT = Path(__file__).parents[2]
BATCH = 4096
EVERY = 50
"""One in so many accepted files is stepped by Python too."""
SECONDS_BETWEEN_REPORTS = 60


def commit() -> str | None:
    """The commit that is fuzzed, "-dirty" if files differ from it; None outside of Git."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        return subprocess.check_output(command, cwd=ROOT, text=True).strip()
    return None


def report(path: Path | None, tally: Tally, seed: int, seconds: float, at: str | None) -> str:
    """Write the report, at once and whole, and return it as one line."""
    values = {
        "command": f"python -m tests.fuzz {tally.inputs} --seed {seed}",
        "builds": list(BUILDS),
        **dataclasses.asdict(tally),
        "seconds": round(seconds),
        "commit": at,
    }
    if path is not None:
        files.write_json(path, values)
    shown = ("inputs", "accepted", "refused", "differing", "steps_differing", "crashes", "seconds")
    return ", ".join(f"{name} {values[name]}" for name in shown)


def main() -> int:
    """Exit code 1 if anything differed or crashed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", type=int, help="how many inputs to try")
    parser.add_argument("--seed", type=int, default=0, help="of the mutants; default 0")
    parser.add_argument("--report", type=Path, help="JSON file to write, every minute and at last")
    options = parser.parse_args()
    mutants, tally, at = Mutants(options.seed), Tally(), commit()
    start = shown = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hadamrnn-") as name:
        builds = {
            name: CReader(Path(folder), flags)
            for (name, flags), folder in zip(
                BUILDS.items(), (Path(name, str(i)) for i in range(len(BUILDS))), strict=True
            )
        }
        while tally.inputs < options.count:
            size = min(BATCH, options.count - tally.inputs)
            compare(mutants.batch(tally.inputs // BATCH, size), builds, tally, EVERY)
            if time.monotonic() - shown > SECONDS_BETWEEN_REPORTS:
                shown = time.monotonic()
                print(report(options.report, tally, options.seed, shown - start, at), flush=True)
        for reader in builds.values():
            reader.close()
    print(report(options.report, tally, options.seed, time.monotonic() - start, at))
    return int(bool(tally.differing or tally.steps_differing or tally.crashes))


if __name__ == "__main__":
    raise SystemExit(main())

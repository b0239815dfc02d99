"""Fuzz both readers of packed files for as long as you like, in chunks with a seed each.

python -m tests.fuzz 40000000 --seed 0 --report results/reliability/fuzz.json

The report holds every chunk and their sums. It is brought up to date every minute; a chunk that it
holds whole is not done again, so that a run may be interrupted and go on, also at a later commit.
"""

import argparse
import contextlib
import dataclasses
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from hadamrnn import files
from tests.fuzz.mutants import Mutants
from tests.fuzz.readers import BUILDS, CReader, Tally, compare

ROOT = Path(__file__).parents[2]
BATCH = 4096
CHUNK = 1_000_000
EVERY = 50
"""One in so many accepted files is stepped by Python too."""
SECONDS_BETWEEN_REPORTS = 60
SUMS = (
    "inputs",
    "accepted",
    "refused",
    "differing",
    "steps_compared",
    "steps_differing",
    "crashes",
    "seconds",
)


def commit() -> str | None:
    """The commit that is fuzzed, "-dirty" if files differ from it; None outside of Git."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        return subprocess.check_output(command, cwd=ROOT, text=True).strip()
    return None


class Report:
    """What chunks found, in a JSON file if there is one.

    Parameters
    ----------
    path : Path or None
        The file; chunks that it holds are kept.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        there = path is not None and path.exists()
        found = files.read_json(path)["chunks"] if path is not None and there else []
        self.chunks: dict[int, dict[str, Any]] = {chunk["seed"]: chunk for chunk in found}

    def holds(self, seed: int, count: int) -> bool:
        """Whether the chunk of this seed was finished before."""
        return self.chunks.get(seed, {}).get("inputs", 0) >= count

    def put(self, seed: int, tally: Tally, seconds: float, at: str | None) -> str:
        """Write what a chunk found so far, at once and whole; the sums as one line."""
        self.chunks[seed] = {
            "seed": seed,
            "commit": at,
            "command": f"python -m tests.fuzz {tally.inputs} --seed {seed}",
            **dataclasses.asdict(tally),
            "seconds": round(seconds),
        }
        rows = [self.chunks[seed] for seed in sorted(self.chunks)]
        sums = {name: sum(row[name] for row in rows) for name in SUMS}
        if self.path is not None:
            files.write_json(self.path, {**sums, "builds": list(BUILDS), "chunks": rows})
        return ", ".join(f"{name} {value}" for name, value in sums.items())


def fuzz(seed: int, count: int, builds: dict[str, CReader], report: Report, at: str | None) -> str:
    """One chunk; the sums of all as one line."""
    mutants, tally = Mutants(seed), Tally()
    start = shown = time.monotonic()
    while tally.inputs < count:
        size = min(BATCH, count - tally.inputs)
        compare(mutants.batch(tally.inputs // BATCH, size), builds, tally, EVERY)
        if time.monotonic() - shown > SECONDS_BETWEEN_REPORTS:
            shown = time.monotonic()
            report.put(seed, tally, shown - start, at)
    return report.put(seed, tally, time.monotonic() - start, at)


def main() -> int:
    """Exit code 1 if anything differed or crashed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", type=int, help="how many inputs to try")
    parser.add_argument("--seed", type=int, default=0, help="of the first chunk; default 0")
    parser.add_argument("--report", type=Path, help="JSON file to add the chunks to")
    options = parser.parse_args()
    report, at = Report(options.report), commit()
    with tempfile.TemporaryDirectory(prefix="hadamrnn-") as name:
        builds = {
            build: CReader(Path(name, str(number)), flags)
            for number, (build, flags) in enumerate(BUILDS.items())
        }
        for number, done in enumerate(range(0, options.count, CHUNK)):
            seed, count = options.seed + number, min(CHUNK, options.count - done)
            if not report.holds(seed, count):
                print(fuzz(seed, count, builds, report, at), flush=True)
        for reader in builds.values():
            reader.close()
    wrong = ("differing", "steps_differing", "crashes")
    return int(any(chunk[name] for chunk in report.chunks.values() for name in wrong))


if __name__ == "__main__":
    raise SystemExit(main())

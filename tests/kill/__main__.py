"""Kill the pipeline at many moments; each time it must complete as if nothing had happened.

python -m tests.kill 200 --seed 0 --report results/reliability/kills.json

A signal (SIGKILL, SIGTERM, SIGINT) goes to the group, to dvc (or torchrun) or to the stage, when
the process is about to change a file, some milliseconds later, or at a random moment. Then the same
command, or hadamrnn check --mend and the same command, must complete, and every output must equal
the uninterrupted run's byte for byte, times left out.
"""

import argparse
import collections
import concurrent.futures
import random
import tempfile
from pathlib import Path
from typing import Any

from hadamrnn import files
from tests.fuzz.__main__ import commit
from tests.kill.clones import DVC, Reference
from tests.kill.trial import attempt, drawn


def summary(records: list[dict[str, Any]], command: str, at: str | None) -> dict[str, Any]:
    """The report: counts, and every trial."""
    sent = [record for record in records if record["sent"]]

    def counts(key: str) -> dict[str, int]:
        return dict(sorted(collections.Counter(str(r[key]) for r in sent).items()))

    return {
        "command": command,
        "commit": at,
        "kills": len(sent),
        "completed_and_equal": sum(bool(record["good"]) for record in sent),
        "completed_by": counts("by"),
        "signals": counts("signal"),
        "to": counts("to"),
        "roles": counts("role"),
        "aimed_at_writes": sum(record["event"] > 0 for record in sent),
        "ended_before_the_kill": len(records) - len(sent),
        "leftovers": sum(bool(record["left"]) for record in sent),
        "trials": records,
    }


def kill(
    count: int,
    seed: int,
    work: Path,
    workers: int,
    report: Path | None,
    at: str | None,
    pipeline: tuple[str, ...] = DVC,
) -> list[dict[str, Any]]:
    """Trials until ``count`` signals were sent; the records."""
    reference, draw = Reference(work / "reference", pipeline), random.Random(seed)
    records: list[dict[str, Any]] = []
    command = f"python -m tests.kill {count} --seed {seed}"
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        number, waiting = 0, {}
        while sum(record["sent"] for record in records) < count:
            while len(waiting) < workers:
                plan = drawn(reference, draw, number)
                clone = work / f"trial-{min({*range(workers)} - {*waiting.values()})}"
                place = int(clone.name.split("-")[1])
                waiting[pool.submit(attempt, reference, plan, clone)] = place
                number += 1
            done, _ = concurrent.futures.wait(waiting, return_when="FIRST_COMPLETED")
            for future in done:
                del waiting[future]
                records.append(future.result())
            if report is not None:
                files.write_json(report, summary(records, command, at))
        records += [future.result() for future in waiting]
    if report is not None:
        files.write_json(report, summary(records, command, at))
    return records


def main() -> int:
    """Exit code 1 if a kill was not made good."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", type=int, help="how many kills")
    parser.add_argument("--seed", type=int, default=0, help="of the moments; default 0")
    parser.add_argument("--workers", type=int, default=1, help="clones at a time; default 1")
    parser.add_argument("--report", type=Path, help="JSON file, brought up to date as it goes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hadamrnn-kill-") as name:
        records = kill(
            options.count, options.seed, Path(name), options.workers, options.report, commit()
        )
    found = summary(records, "", None)
    for key in ("kills", "completed_and_equal", "completed_by", "leftovers"):
        print(f"{key}: {found[key]}")
    return int(found["completed_and_equal"] < found["kills"])


if __name__ == "__main__":
    raise SystemExit(main())

"""Any params.yaml, any file, any command line: one sentence or a right answer.

python -m tests.properties 100000 --seed 0 --report results/reliability/properties.json

Each case is drawn from the seed and its number. The report holds every chunk of cases and their
sums; a chunk that it holds is not done again, so that a run may be interrupted and go on.
"""

import argparse
import random
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hadamrnn import files
from tests.fuzz.__main__ import commit
from tests.properties import files_cases, params_cases
from tests.properties.cli_cases import Commands
from tests.properties.files_cases import Written

CHUNK = 5000
EXAMPLES = 20
Case = Callable[[random.Random, Path], bool]


def kinds(folder: Path) -> Mapping[str, tuple[int, Case]]:
    """Every kind of case, with its share in a hundred; what they need is made in ``folder``."""
    commands, written = Commands(folder), Written(folder)
    return {
        "params.yaml: a value": (30, params_cases.at_a_key),
        "params.yaml: keys": (10, params_cases.keys),
        "params.yaml: the text": (10, params_cases.in_the_text),
        "files of stages": (15, written.damaged),
        "own recordings": (10, files_cases.recordings),
        "predict": (10, commands.predict),
        "a card beside the input": (5, commands.card_beside),
        "stream": (5, commands.stream),
        "a model": (5, commands.model),
    }


def tried(count: int, seed: int, folder: Path, first: int = 0) -> dict[str, Any]:
    """What came of ``count`` cases from number ``first``."""
    every = kinds(folder)
    shares = [share for share, _ in every.values()]
    right: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    wrong: list[dict[str, Any]] = []
    start = time.monotonic()
    for number in range(first, first + count):
        draw = random.Random(f"{seed}-{number}")
        (name,) = draw.choices([*every], shares)
        try:
            (right if every[name][1](draw, folder) else refused)[name] += 1
        except Exception as error:  # whatever it is, it was not promised
            last = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(last.filename).name}:{last.lineno}"
            said = f"{type(error).__name__}: {error}"[:500]
            wrong.append({"kind": name, "number": number, "what": said, "where": where})
    return {
        "first": first,
        "cases": count,
        "right": dict(sorted(right.items())),
        "refused": dict(sorted(refused.items())),
        "wrong": len(wrong),
        "examples": wrong[:EXAMPLES],
        "seconds": round(time.monotonic() - start),
    }


def summary(seed: int, chunks: list[dict[str, Any]]) -> dict[str, Any]:
    """The report: sums, and every chunk."""
    sums: dict[str, Counter[str]] = {"right": Counter(), "refused": Counter()}
    for chunk in chunks:
        for key, counts in sums.items():
            counts.update(chunk[key])
    total = sum(chunk["cases"] for chunk in chunks)
    return {
        "command": f"python -m tests.properties {total} --seed {seed}",
        "seed": seed,
        "cases": total,
        "right": sums["right"].total(),
        "refused": sums["refused"].total(),
        "wrong": sum(chunk["wrong"] for chunk in chunks),
        "seconds": sum(chunk["seconds"] for chunk in chunks),
        "kinds": {
            name: {key: counts[name] for key, counts in sums.items()}
            for name in sorted({*sums["right"], *sums["refused"]})
        },
        "chunks": chunks,
    }


def main() -> int:
    """Exit code 1 if a case was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", type=int, help="how many cases")
    parser.add_argument("--seed", type=int, default=0, help="of the cases; default 0")
    parser.add_argument("--report", type=Path, help="JSON file to add the chunks to")
    options = parser.parse_args()
    there = options.report is not None and options.report.exists()
    found = files.read_json(options.report) if there else {"seed": options.seed, "chunks": []}
    chunks = found["chunks"] if found["seed"] == options.seed else []
    done, at = sum(chunk["cases"] for chunk in chunks), commit()
    while done < options.count:
        with tempfile.TemporaryDirectory(prefix="hadamrnn-") as name:
            count = min(CHUNK, options.count - done)
            chunks.append({**tried(count, options.seed, Path(name), done), "commit": at})
        done += count
        report = summary(options.seed, chunks)
        if options.report is not None:
            files.write_json(options.report, report)
        print(", ".join(f"{k} {report[k]}" for k in ("cases", "right", "refused", "wrong")))
    return int(any(chunk["wrong"] for chunk in chunks))


if __name__ == "__main__":
    raise SystemExit(main())

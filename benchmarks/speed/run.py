"""The whole benchmark: speed, memory, latency, written to JSON and drawn.

    python -m benchmarks [--quick] [--only speed,latency] [--out results]

Writes benchmarks.json and benchmarks.svg into the folder of --out. --quick runs the same code on
tiny shapes; its numbers mean nothing. --only measures the named parts anew and keeps the others of
an existing benchmarks.json, which is written after every piece: speed, which takes longest, goes on
behind the shapes that an interrupted run has measured.
"""

import argparse
import datetime
import json
import math
import os
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.machine import commit, machine
from benchmarks.speed import figure, latency, memory, training_step, ways
from benchmarks.speed.training_step import LOOP, OURS, Shape

PARTS = ("speed", "memory", "latency")
QUICK_SHAPES = (
    Shape("pmnist", 32, 20, 1, 8, 10, paper_steps=10, filled=training_step.MNIST_FILLED),
    Shape("pmnist_dense", 32, 20, 1, 8, 10),
    Shape("copy", 16, 24, 10, 8, 9, symbols=True, per_step=True),
    Shape("copy_random", 16, 24, 10, 8, 9, symbols=True, per_step=True),
    Shape("imdb", 16, 12, 60, 8, 2, symbols=True, embedding=12),
    Shape("har2", 16, 16, 9, 8, 2, readout="mean"),
)
QUICK_GROWTH_CASES = ((OURS, Shape("last state", 16, 10, 1, 4, 2)),)
TARGETS = (
    ("pmnist", LOOP, 1000),
    ("copy", LOOP, 100),
    ("imdb", LOOP, 50),
    ("pmnist", "lstm", 20),
    ("copy", "lstm", 20),
    ("imdb", "lstm", 20),
)
"""(shape, peer, how many times slower than this project the peer should be)."""
PAPER_MINUTES = (("pmnist", 20), ("copy", 40))
"""(shape, most minutes of the steps of the paper's recipe)."""

PAGES = 2**20
"""Bytes by which the peak beyond the input may grow with T: what pages and allocators round up."""


def targets(results: dict) -> list[dict]:
    """What is aimed at beside what was measured: a list of dictionaries."""
    rows = []
    for shape, peer, wanted in TARGETS:
        ratio = results["speed"][shape]["contenders"][peer]["ratio"]
        rows.append({"what": f"{shape}: {peer} / {OURS}", "at_least": wanted, "measured": ratio})
    for shape, wanted in PAPER_MINUTES:
        minutes = results["speed"][shape].get("paper_run_minutes")
        if minutes is not None:
            rows.append({"what": f"{shape}: minutes", "at_most": wanted, "measured": minutes})
    for case in results["memory"]["growth"]:
        row = {"what": f"bytes with T: {case['contender']}, {case['case']}"}
        row |= {"at_most": PAGES, "measured": case["growth_bytes"]}
        rows += [row] if case["contender"] == OURS else []
    for shape, numbers in results["latency"].items():
        for name, times in numbers["runtimes"].items():
            if "times_bound" in times:
                row = {"what": f"{shape}: {name} / bound", "at_most": 3}
                rows.append(row | {"measured": times["times_bound"]})
    for row in rows:
        above, below = row.get("at_least", -math.inf), row.get("at_most", math.inf)
        row["met"] = above <= row["measured"] <= below
    return rows


def measure(
    part: str, quick: bool, progress: Callable[[Any], object], there: Collection[str] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Measure one of PARTS, at full size or tiny; yields ((key, ...), result) piece by piece.

    there : names of shapes whose speed is known already.
    """
    if part == "speed":
        shapes, turns = training_step.SHAPES, {}
        if quick:
            shapes, turns = QUICK_SHAPES, {"rounds": 2, "seconds": 0.0}
        with ways.steppers() as steppers:
            for shape in (shape for shape in shapes if shape.name not in there):
                yield (
                    (shape.name,),
                    training_step.measure(shape, steppers, **turns, progress=progress),
                )
    elif part == "memory":
        shapes, contenders = (
            (QUICK_SHAPES[:1], (OURS, LOOP))
            if quick
            else (
                training_step.SHAPES,
                training_step.CONTENDERS,
            )
        )
        for shape in shapes:
            yield ("steps", shape.name), memory.measure(shape, contenders, progress)
        cases, lengths = (
            (QUICK_GROWTH_CASES, (10, 20))
            if quick
            else (
                memory.GROWTH_CASES,
                memory.GROWTH_STEPS,
            )
        )
        yield ("growth",), memory.measure_growth(cases, lengths, progress)
    else:
        shapes, seconds = ((("har2", 16, 8, 9, 2),), 0.01) if quick else (latency.SHAPES, 1.0)
        for shape in shapes:
            yield (shape[0],), latency.measure(shape, seconds, progress)


def put(tree: dict, keys: Sequence[str], value: Any) -> None:
    """tree[keys[0]][keys[1]]... = value, with dictionaries made on the way."""
    for key in keys[:-1]:
        tree = tree.setdefault(key, {})
    tree[keys[-1]] = value


def complete(results: dict, part: str) -> bool:
    """Whether ``part`` was measured to its end."""
    return "load_after" in results.get("conditions", {}).get(part, {})


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="tiny shapes: does it run?")
    parser.add_argument("--only", default=",".join(PARTS), help=f"of {','.join(PARTS)}")
    parser.add_argument("--out", type=Path, default=Path("results"), help="folder to write to")
    options = parser.parse_args(arguments)
    chosen = options.only.split(",")
    if not set(chosen) <= set(PARTS):
        parser.error(f"--only: must name parts of {','.join(PARTS)}; got {options.only}")
    path, start = options.out / "benchmarks.json", time.monotonic()

    def progress(line: object) -> None:
        print(
            f"[{time.monotonic() - start:6.1f} s, load {os.getloadavg()[0]:.1f}] {line}", flush=True
        )

    def keep() -> None:
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        partial.replace(path)

    results = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    results.pop("targets", None)
    options.out.mkdir(parents=True, exist_ok=True)
    for part in chosen:
        when = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        conditions = {"when": when, "quick": options.quick, "commit": commit()}
        conditions |= {"machine": machine(), "load_before": os.getloadavg()}
        earlier = results.get("conditions", {}).get(part)
        same = earlier and earlier["quick"] == options.quick
        if part == "speed" and same and not complete(results, part):
            conditions["interrupted"] = earlier
        else:
            results[part] = {}
        put(results, ("conditions", part), conditions)
        for keys, result in measure(part, options.quick, progress, results[part]):
            put(results[part], keys, result)
            keep()  # an interrupted run keeps what it measured
        conditions["load_after"] = os.getloadavg()
    if all(complete(results, part) for part in PARTS):
        results["targets"] = targets(results)
        for row in results["targets"]:
            wanted = row.get("at_least", row.get("at_most"))
            verdict = "met" if row["met"] else "MISSED"
            progress(f"{row['what']}: {row['measured']:.4g} against {wanted}: {verdict}")
    keep()
    drawn = [part for part in PARTS if complete(results, part)]
    figure.draw({key: results[key] for key in ("conditions", *drawn)}, options.out)
    progress(f"written: {path}, .svg")

"""Time of every form of the recurrence over a grid of sizes, beside the form dispatch chooses.

    OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE python -m benchmarks.speed.dispatch_grid

Writes results/studies/dispatch_avx512.csv or, where vectors are narrower, dispatch_avx2.csv:
milliseconds of processor time of a forward and backward pass, signs held, float32, one thread, a
median of alternated turns; empty where a form cannot run or was too slow to measure. Prints the
constants of hadamrnn/recurrence/cost.py fitted to them.
A stopped run goes on with the points that the file lacks: delete it to measure anew. --check
measures nothing and writes the present choice beside the measured times.
"""

import argparse
import itertools
import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import nnls

from benchmarks.machine import vector_bytes
from benchmarks.table import Table
from hadamrnn.errors import as_sentences
from hadamrnn.recurrence import cost, dispatch
from hadamrnn.recurrence.cost import Work

PATHS = {
    True: Path("results/studies/dispatch_avx512.csv"),
    False: Path("results/studies/dispatch_avx2.csv"),
}
"""By whether the machine has vectors of 512 bits."""
PATH = PATHS[vector_bytes() == 64]
SIZES = ("hidden_size", "block_size", "input_size", "steps", "batch", "mode", "symbols")
FORMS = tuple(cost.NANOSECONDS)
COLUMNS = (*SIZES, *(f"{form}_ms" for form in FORMS), "chosen", "over_best")
OUTPUTS = 9
TURNS, TURN_SECONDS = 5, 0.01
HOPELESS = 4
"""A form that takes this many times the fastest form's first turn is not measured further."""


def grid() -> Iterator[dict]:
    """Every point as a dictionary of SIZES."""
    dense, symbols, every = (False,), (False, True), ("last", "all")
    points = [
        *itertools.product(
            (64, 256, 1024), (None,), (1, 16, 96), (50, 1000), (1, 16, 128), ("last",), dense
        ),
        *itertools.product((128, 512), (16,), (1, 16), (50, 500), (1, 100), ("last",), dense),
        *itertools.product((64, 512), (None,), (9,), (1, 10), (1, 32), every, dense),
        *itertools.product((64, 512), (None,), (9, 60), (128,), (64,), ("mean", "logits"), symbols),
    ]
    for hidden, block, *rest in points:
        yield dict(zip(SIZES, (hidden, block or hidden, *rest), strict=True))


def work_of(point: dict) -> cost.Work:
    """The cost model's view of a point, on one thread."""
    sizes = {key: point[key] for key in SIZES[:5]}
    return Work(**sizes, symbols=point["symbols"])


def forms_of(point: dict) -> list[str]:
    """The forms that can run a point in reasonable time and memory."""
    work = work_of(point)
    able = {"scan"}
    able |= {"krylov"} if point["mode"] == "last" and not point["symbols"] else set()
    able |= {"reference"} if work.steps <= 50 else set()
    return [form for form in FORMS if form in able]


def step_of(point: dict, form: str) -> Callable[[], float]:
    """A function that does one forward and backward pass and returns its processor seconds."""
    generator = torch.Generator().manual_seed(0)
    hidden, features, size = point["hidden_size"], point["input_size"], (point["batch"],)
    size += (point["steps"],)
    x = torch.rand(*size, features, generator=generator)
    if point["symbols"]:
        x = torch.randint(features, size, generator=generator)
    weight, bias = torch.randn(hidden, features, generator=generator), torch.zeros(hidden)
    readout = torch.randn(OUTPUTS, hidden, generator=generator), torch.zeros(OUTPUTS)
    leaves = [weight, bias, *(readout if point["mode"] == "logits" else ())]
    for leaf in leaves:
        leaf.requires_grad_()
    signs = torch.where(torch.rand(hidden, generator=generator) < 0.5, -1.0, 1.0)
    readout = readout if point["mode"] == "logits" else None

    def step() -> float:
        start = time.process_time()
        output, _ = dispatch.run(
            x, weight, bias, signs, point["block_size"], None, point["mode"], readout, form
        )
        torch.autograd.grad(output.sum(), leaves)
        return time.process_time() - start

    return step


def measure(point: dict) -> dict:
    """{form: median seconds} of a point."""
    steps = {form: step_of(point, form) for form in forms_of(point)}
    first = {form: min(step(), step()) for form, step in steps.items()}
    steps = {form: s for form, s in steps.items() if first[form] < HOPELESS * min(first.values())}
    times = {form: [] for form in steps}
    for _ in range(TURNS):
        for form, step in steps.items():
            turn = [step()]
            while sum(turn) < TURN_SECONDS and len(turn) < 10:
                turn.append(step())
            times[form].append(statistics.median(turn))
    return first | {form: statistics.median(turns) for form, turns in times.items()}


def read(path: Path = PATH) -> list[tuple[dict, dict]]:
    """[(point, {form: seconds})] of a file that ``main`` wrote."""
    rows = []
    for row in Table(path, COLUMNS).rows():
        point = {key: int(row[key]) for key in SIZES[:5]} | {"mode": row["mode"]}
        point["symbols"] = row["symbols"] == "True"
        times = {f: float(row[f"{f}_ms"]) / 1e3 for f in FORMS if row[f"{f}_ms"]}
        rows.append((point, times))
    return rows


def fitted(
    rows: list[tuple[dict, dict]], forms: Sequence[str] = FORMS
) -> dict[str, tuple[float, ...]]:
    """{form: constants in nanoseconds}: least squares of the relative error, none negative."""
    constants = {}
    for form in forms:
        pairs = [(work_of(point), times[form]) for point, times in rows if form in times]
        counts = np.array([cost.counts(form, work) for work, _ in pairs], float)
        seconds = np.array([time for _, time in pairs])[:, None]
        scale = counts.max(0) + (counts.max(0) == 0)
        weights, _ = nnls(counts / scale / seconds, np.ones(len(pairs)))
        constants[form] = tuple(float(f"{1e9 * w:.3g}") for w in weights / scale)
    return constants


def ratio(point: dict, times: dict) -> tuple[str, float]:
    """(the form that dispatch chooses, its time over that of the best)."""
    able = point["mode"] == "last" and not point["symbols"]
    form = dispatch.cheapest(work_of(point), able)
    return form, times.get(form, math.inf) / min(times.values())


def write(rows: list[tuple[dict, dict]], path: Path = PATH) -> None:
    """The file that ``read`` reads, with what the cost model chooses now."""
    lines = []
    for point, times in rows:
        form, over_best = ratio(point, times)
        cells = [f"{1e3 * times[f]:.4g}" if f in times else "" for f in FORMS]
        lines.append([*(point[key] for key in SIZES), *cells, form, f"{over_best:.2f}"])
    Table(path, COLUMNS).replace(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="read the file, measure nothing")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows, points = read(), list(grid())
    there = [point for point, _ in rows]
    for done, point in enumerate(points, 1):
        if options.check or point in there:
            continue
        rows.append((point, measure(point)))
        write(rows)
        times = ", ".join(f"{form} {1e3 * s:.3g} ms" for form, s in rows[-1][1].items())
        print(f"{done}/{len(points)} {tuple(point.values())}: {times}", flush=True)
    write(rows)
    print("constants fitted to these times:")
    for form, constants in fitted(rows).items():
        print(f'    "{form}": {constants},')
    ratios = sorted((ratio(*row)[1] for row in rows), reverse=True)
    print(f"chosen / best at {len(rows)} points: worst {ratios[:10]}, mean {np.mean(ratios):.3f}")


if __name__ == "__main__":
    with as_sentences():
        main()

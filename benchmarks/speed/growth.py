"""How time and memory grow with T, d and the batch, and a sweep with its rows, against laws.

    python -m benchmarks.speed.growth [--out results]    growth.json and growth.svg

A training step of the last state with one input a step; its time in two forms, "auto", what
dispatch chooses, and "scan", whose work is O(batch T d log2 d); its peak memory as of
``benchmarks.speed.memory``, which nothing bounds but the inputs, batch T, and what a step keeps of
states, at most batch T d. A sweep's rows are planned and looked at in time linear in their number.

A prediction passes through the largest measured point, where constant costs matter least. A slope
is that of the logarithms over the last three points: 1 is the law, and less means that constant
costs or a better use of the machine still show.
"""

import argparse
import math
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.machine import commit, machine
from benchmarks.speed import memory
from benchmarks.speed.training_step import OURS, Shape, alternate, batch_of, build, training_step
from hadamrnn import files

SHAPE = Shape("growth", 256, 500, 1, 64, 10)
VARIED = {
    "steps": (100, 1000, 3000, 10_000, 30_000, 100_000),
    "hidden_size": (64, 256, 1024, 2048, 4096, 8192),
    "batch": (1, 8, 64, 256, 1024, 4096),
}
ROWS = (10, 100, 300, 1000)
FORMS = ("auto", "scan")


def _slope(work: Sequence[float], cost: Sequence[float]) -> float:
    return float(np.polyfit(np.log(work), np.log(cost), 1)[0])


def _compared(work: Sequence[float], cost: Sequence[float]) -> dict[str, Any]:
    """What is measured beside what the law says, and the slope."""
    predicted = [cost[-1] * w / work[-1] for w in work]
    slope = _slope(work[-3:], np.maximum(cost[-3:], 1e-12))
    return {"measured": [*cost], "predicted": predicted, "slope_of_largest_three": slope}


def _work(shape: Shape) -> float:
    return shape.batch * shape.steps * shape.hidden_size * math.log2(shape.hidden_size)


def _step(form: str, shape: Shape) -> Callable[[], float]:
    model = build(OURS, shape)
    model.rnn.backend = form
    return training_step(model, *batch_of(shape, OURS))


def of_steps(
    varied: str, values: Sequence[int], rounds: int, shape: Shape = SHAPE
) -> dict[str, Any]:
    """Seconds and bytes of a training step.

    Parameters
    ----------
    varied : str
        Which number of the shape.
    values : sequence of int
        What it becomes.
    rounds : int
        Of timed steps; the median counts.
    shape : Shape
        All else.

    Returns
    -------
    dict
        "values"; "seconds", by form; and "bytes" of what dispatch chooses, above imports and data.
    """
    shapes = [replace(shape, **{varied: value}) for value in values]
    seconds: dict[str, list[float]] = {form: [] for form in FORMS}
    for one in shapes:  # one at a time: the largest fill the memory
        steps = {form: _step(form, one) for form in FORMS}
        for step in steps.values():
            step()
        times = alternate(steps, rounds, seconds=0.05, most=10)
        for form in FORMS:
            seconds[form].append(statistics.median(times[form]))
    held = [memory.in_fresh_process(OURS, one)["bytes"] for one in shapes]
    work, numbers = [_work(one) for one in shapes], [float(value) for value in values]
    return {
        "values": [*values],
        "seconds": {form: _compared(work, seconds[form]) for form in FORMS},
        "bytes": _compared(numbers, held),
    }


def _git(folder: Path, *words: str, **more: Any) -> str:
    person = ["-c", "user.name=growth", "-c", "user.email=growth@example.org"]
    command = ["git", *person, *words]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, **more)
    return done.stdout.strip()


def of_rows(counts: Sequence[int]) -> dict[str, Any]:
    """Seconds of planning a grid with so many rows, and of one look at them when all have finished.

    Parameters
    ----------
    counts : sequence of int
        Numbers of rows.

    Returns
    -------
    dict
        "values" and "seconds", by what is done.
    """
    from hadamrnn.sweeps import repository, runs, state
    from hadamrnn.sweeps.folders import Sweep

    document = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    found: dict[str, list[float]] = {"plan": [], "look": []}
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        _git(home, "init", "-q")
        _git(home, "commit", "-q", "--allow-empty", "-m", "one")
        commit = repository.head(home)
        for count in counts:
            begun = time.perf_counter()
            rows = runs.of_grid([f"seed=range(0,{count})"], "growth", document)
            found["plan"].append(time.perf_counter() - begun)
            place = repository.place(commit)
            references = "".join(f"update {place}{row.name} {commit}\n" for row in rows)
            _git(home, "update-ref", "--stdin", input=references)
            sweep = Sweep(
                home=home,
                folder=home / "sweeps",
                commit=commit,
                remote=str(home),
                processes=1,
                cache="",
            )
            begun = time.perf_counter()
            looked = state.look(sweep, rows, {})
            found["look"].append(time.perf_counter() - begun)
            assert {one.kind for one in looked.values()} == {"finished"}
    numbers = [float(count) for count in counts]
    seconds = {what: _compared(numbers, times) for what, times in found.items()}
    return {"values": [*counts], "seconds": seconds}


def measure(
    varied: dict[str, Sequence[int]] | None = None,
    rows: Sequence[int] = ROWS,
    rounds: int = 5,
    progress: Callable[[Any], object] = print,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the name of what varies, and a series."""
    for name, values in (varied or VARIED).items():
        series = of_steps(name, values, rounds)
        yield name, series
        progress(f"growth with {name} = {[*values]}: {_told(series)}")
    series = of_rows(rows)
    yield "rows", series
    progress(f"growth with rows = {[*rows]}: {_told(series)}")


def _told(series: dict[str, Any]) -> str:
    parts = {f"seconds, {key}": one for key, one in series["seconds"].items()}
    if "bytes" in series:
        parts["bytes"] = series["bytes"]
    return "; ".join(
        f"{name} {one['measured'][0]:.3g} to {one['measured'][-1]:.3g}, slope "
        f"{one['slope_of_largest_three']:.2f}"
        for name, one in parts.items()
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, write growth.json after each series, and draw."""
    from benchmarks.speed import growth_figure

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("results"), help="folder (results)")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run?")
    options = parser.parse_args(arguments)
    sizes = ({"hidden_size": (8, 16)}, (1, 2), 1) if options.quick else ()
    conditions = {"machine": machine(), "commit": commit(), "load_before": os.getloadavg()}
    results: dict[str, Any] = {"conditions": conditions | {"quick": options.quick}}
    for name, series in measure(*sizes):
        results[name] = series
        files.write_json(options.out / "growth.json", results)
    growth_figure.draw(results, options.out)


if __name__ == "__main__":
    main()

"""Write a page of results for each benchmark: reports/NAME.html, one file, readable from disk.

Learning curves, accuracy against bytes (recorded runs and what a search found beside this run),
confusion, classes, examples of mistakes, what the model costs, data and parameters. Pages hold no
script and load nothing.
"""

import argparse
import csv
from pathlib import Path
from typing import Any

from hadamrnn import files
from hadamrnn.cli import needs
from hadamrnn.errors import HadamrnnError

HELP = "write reports/NAME.html: what a model reaches, where it errs, what it costs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``hadamrnn report``."""
    parser.add_argument(
        "names", metavar="NAME", nargs="*", help="benchmarks; all that have results"
    )


def run(options: argparse.Namespace) -> int:
    """Write the pages, and print where they are."""
    from hadamrnn.webpage.of_benchmark import page

    needs.in_root()
    there = sorted(path.parent.name for path in Path("results").glob("*/metrics.json"))
    if not (options.names or there):
        raise HadamrnnError("results: must have a metrics.json; got none, run dvc repro")
    for name in options.names or there:
        target = Path("reports") / f"{name}.html"
        files.write_text(target, page(results_of(name)))
        print(target.as_posix())
    return 0


def results_of(name: str) -> Any:
    """What the stages left of a benchmark.

    Parameters
    ----------
    name : str

    Returns
    -------
    webpage.of_benchmark.Results

    Raises
    ------
    HadamrnnError
        Where a stage has not run, or left something damaged.
    """
    from hadamrnn.prepared import arrays
    from hadamrnn.webpage.of_benchmark import Results

    folder, remedy = Path("results") / name, f"run dvc repro evaluate@{name}"
    metrics = files.read_json(folder / "metrics.json", remedy)
    trained = files.read_json(folder / "train.json", remedy, sealed=True)
    card = arrays.read_card(Path("data/prepared") / name)
    inputs = None
    if not card["output"]["per_step"]:
        inputs = arrays.load(Path("data/prepared") / name, "test")[0]
    confusion = [(r["actual"], r["predicted"]) for r in _rows(folder / "confusion.csv", remedy)]
    if inputs is not None and len(confusion) != len(inputs):
        raise HadamrnnError(
            f"{folder / 'confusion.csv'}: must have a row for each of the {len(inputs)} test "
            f"sequences; got {len(confusion)}, {remedy}"
        )
    return Results(
        name=name,
        metrics=metrics,
        history=_rows(folder / "history.csv", remedy),
        confusion=confusion,
        card=card,
        section=_section(name),
        inputs=inputs,
        others=_others(name),
        chosen=trained.get("chosen", {}),
    )


def _rows(path: Path, remedy: str) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            found = [*csv.DictReader(file)]
    except OSError as error:
        raise HadamrnnError(f"{path}: must be readable; got {error.strerror}, {remedy}") from None
    if not found:
        raise HadamrnnError(f"{path}: must have rows; got none, {remedy}")
    return found


def _section(name: str) -> str:
    """The lines of a benchmark's section of params.yaml; empty where it is no longer there."""
    lines, found = Path("params.yaml").read_text(encoding="utf-8").splitlines(), []
    for line in lines:
        if line.startswith(f"  {name}:"):
            found = [line]
        elif found and (line.startswith("    ") or not line.strip()):
            found.append(line)
        elif found:
            break
    return "\n".join(found)


def _others(name: str) -> list[Any]:
    """Recorded runs on the test set, and recipes of a search on validation rows."""
    from hadamrnn.webpage.drawing import Mark

    marks = []
    for path in sorted(Path("results/paper").glob(f"{name}-*.json")):
        record = files.read_json(path)
        if record["benchmark"] == name and record["metrics"]["integer"]:
            scores, size = record["metrics"]["integer"], record["metrics"]["size"]
            reached = 100 * scores.get("recalled_accuracy", scores["accuracy"])
            told = f"{path.stem}: {reached:.2f} % with {size['packed_file_bytes']:,} bytes"
            marks.append(Mark(size["packed_file_bytes"], reached, "recorded runs, test set", told))
    search = Path("results") / name / "tune.csv"
    for row in _rows(search, f"run hadamrnn tune {name}") if search.exists() else []:
        reached = 100 * float(row["score"])
        told = f"{row['recipe'] or 'as it stands'}: {reached:.2f} % with {row['bytes']} bytes"
        marks.append(Mark(float(row["bytes"]), reached, "hadamrnn tune, validation rows", told))
    return marks

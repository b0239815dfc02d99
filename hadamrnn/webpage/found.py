"""What the stages left, read from disk."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hadamrnn import files, integer
from hadamrnn.errors import HadamrnnError
from hadamrnn.prepared import arrays, lengths
from hadamrnn.webpage import interactive, on_targets
from hadamrnn.webpage.interactive import Mark
from hadamrnn.webpage.results import Results

RESULTS, RECORDED, PREPARED = Path("results"), Path("results/paper"), Path("data/prepared")


def evaluated() -> list[str]:
    """Benchmarks that have results, by their names."""
    return sorted(path.parent.name for path in RESULTS.glob("*/metrics.json"))


def of(name: str, parameters: str, commit: str, counted: bool) -> Results:
    """What the stages left of a benchmark.

    Parameters
    ----------
    name : str
    parameters : str
        Text of params.yaml.
    commit : str
        Of the folder; empty where there is none.
    counted : bool
        Whether to count what devices need even where emulators are installed.

    Returns
    -------
    Results

    Raises
    ------
    HadamrnnError
        Where a stage has not run, or left something damaged.
    """
    folder, remedy = RESULTS / name, f"run dvc repro evaluate@{name}"
    metrics = files.read_json(folder / "metrics.json", remedy)
    trained = files.read_json(folder / "train.json", remedy, sealed=True)
    card = arrays.read_card(PREPARED / name)
    inputs = None
    if not card["output"]["per_step"]:
        inputs = arrays.load(PREPARED / name, "test")[0]
    confusion = [(r["actual"], r["predicted"]) for r in _rows(folder / "confusion.csv", remedy)]
    if inputs is not None and len(confusion) != len(inputs):
        raise HadamrnnError(
            f"{folder / 'confusion.csv'}: must have a row for each of the {len(inputs)} test "
            f"sequences; got {len(confusion)}, {remedy}"
        )
    model = integer.load(Path("exports", name, "model.hrnn")) if metrics["integer"] else None
    return Results(
        name=name,
        metrics=metrics,
        history=_rows(folder / "history.csv", remedy),
        confusion=confusion,
        card=card,
        section=section(name, parameters),
        inputs=inputs,
        lengths=lengths.read(PREPARED / name, "test", card),
        others=others(name),
        chosen=trained.get("chosen", {}),
        people=_people(name, card),
        model=model,
        needs=on_targets.costs(model, counted) if model else {},
        commit=commit,
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


def _people(name: str, card: dict[str, Any]) -> list[str]:
    """Who each test sequence is of: a group of own data, a subject of a sensor benchmark.

    Where each step has a class, or sequences have numbers, metrics.json has what the groups get.
    """
    if card["output"]["per_step"] or "target" in card["output"]:
        return []
    if "groups" in card:
        names: Sequence[str] = card["groups"]
        return [names[k] for k in arrays.read_array(PREPARED / name, "test", "groups")]
    if "test_subjects.npy" in card["shapes"]:
        subjects: np.ndarray = arrays.read_array(PREPARED / name, "test", "subjects")
        return [*map(str, subjects.tolist())]
    return []


def section(name: str, parameters: str) -> str:
    """The lines of a benchmark's section of params.yaml; empty where it is no longer there.

    >>> section("a", "benchmark:\\n  a:\\n    q: 1\\n  b:\\n    q: 2")
    '  a:\\n    q: 1'
    """
    found: list[str] = []
    for line in parameters.splitlines():
        if line.startswith(f"  {name}:"):
            found = [line]
        elif found and (line.startswith("    ") or not line.strip()):
            found.append(line)
        elif found:
            break
    return "\n".join(found).rstrip()


def others(name: str) -> list[Mark]:
    """Recorded runs on the test set, and recipes of a search on validation rows."""
    marks = [mark for mark in recorded(f"{name}-*") if mark.benchmark == name]
    search = RESULTS / name / "tune.csv"
    for row in _rows(search, f"run hadamrnn tune {name}") if search.exists() else []:
        words, reached = row["recipe"] or "as it stands", 100 * float(row["score"])
        marks.append(Mark(words, name, interactive.SEARCHED, reached, int(row["bytes"])))
    return marks


def recorded(pattern: str = "*") -> list[Mark]:
    """The runs under results/paper.

    Parameters
    ----------
    pattern : str
        Of their files' names, without ending.

    Returns
    -------
    list of Mark
    """
    marks = []
    for path in sorted(RECORDED.glob(f"{pattern}.json")):
        record = files.read_json(path)
        metrics = record["metrics"]
        scores, size = metrics["integer"] or metrics["float"], metrics["size"]
        kind = interactive.RECORDED if metrics["integer"] else interactive.OTHERS
        reached = 100 * scores.get("recalled_accuracy", scores["accuracy"])
        length = size.get("packed_file_bytes", size["total_bytes"])
        step = metrics["operations_per_step"]
        operations = sum(step.get(key, 0) for key in interactive.OPERATIONS)
        marks.append(Mark(path.stem, record["benchmark"], kind, reached, length, operations))
    return marks

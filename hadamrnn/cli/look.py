"""What tables of readings seem to be: their columns guessed, and all else counted.

``hadamrnn new`` prints it and writes a section of params.yaml from it (``look_section``). A guess
goes by names first (``NAMES``), then by content; the user corrects it there.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hadamrnn.datasets.formats import cells, settings, tables
from hadamrnn.datasets.formats.recordings import Recording
from hadamrnn.datasets.formats.sections import FOLDER
from hadamrnn.datasets.formats.windows import class_names, most_frequent
from hadamrnn.errors import HadamrnnError
from hadamrnn.files import patterns

NAMES = {
    "time": ("time", "timestamp", "t", "seconds", "time_s", "time_ms", "millis", "datetime"),
    "label": ("label", "class", "activity", "exercise", "gesture", "target"),
    "group": ("person", "subject", "user", "participant", "patient", "device", "session", "group"),
    "sequence": ("sequence", "trial", "recording", "series", "segment", "id"),
}
"""Names of columns, in lower case, that say what they are."""
MOST_CLASSES = 100
RARE = 10
"""Classes count equally where the largest has more than so many times the rows of the smallest."""
WINDOW_SECONDS, WINDOW_STEPS = 4.0, 100
"""A window where the rate is known, and where it is not."""
AUTO = (
    "hidden_size",
    "readout",
    "fade",
    "batch_size",
    "epochs",
    "learning_rate",
    "select",
    "train_on_validation",
)
"""Keys that the training chooses (``training.automatic``)."""


@dataclass(frozen=True)
class Found:
    """What was found, and what is made of it.

    Parameters
    ----------
    lines : list of str
        For people.
    data : dict
        The section ``data``.
    recipe : dict
        Keys of the benchmark's section that depend on the data's shape.
    """

    lines: list[str]
    data: dict[str, Any]
    recipe: dict[str, Any]


def at(path: str, given: Mapping[str, str | None], task: str | None = None) -> Found:
    """Look at the tables that a path names.

    Parameters
    ----------
    path : str
        As in params.yaml.
    given : mapping
        Columns that the user names: "time", "label", "group", "sequence"; None for a guess.
    task : {"classify", "per_step", "regress"}, optional
        By default regress where the label is a column of more than MOST_CLASSES different numbers,
        else classify.

    Returns
    -------
    Found

    Raises
    ------
    HadamrnnError
        For files that are no tables, or without anything that could be a class.
    """
    names = patterns.matching(path, "csv")
    table = cells.read_text(names[0])
    columns = _columns(names, table, given)
    data: dict[str, Any] = {"type": "csv", "path": path, "columns": columns}
    task = task or ("regress" if _many_numbers(table, columns["label"]) else "classify")
    if task != "classify":
        data["task"] = task
    data["missing"] = "hold"
    recordings, channels = tables.read(settings.read(data, "data"))
    if not recordings:
        raise HadamrnnError(f"{path}: must hold rows with a label; got none")
    empty = sum(int(np.isnan(one.values).sum()) for one in recordings)
    data["missing"] = "hold" if empty else "refuse"
    lines = [f"files       {len(names)}, the first {names[0].as_posix()}", *_told(columns)]
    lines += _counts(recordings, channels, empty)
    data["window"] = _window(recordings, columns)
    if data["window"] is None:
        data["lengths"] = "mask"
    data["frame"] = "auto"
    data["companding"] = "auto"
    data["split"] = _split(recordings)
    recipe = _recipe(recordings, data)
    return Found(lines, data, recipe)


def _columns(names: Sequence[Path], table: Any, given: Mapping[str, str | None]) -> dict[str, Any]:
    """The section ``columns``."""
    found: dict[str, Any] = {}
    for role, words in NAMES.items():
        known = {name.lower(): name for name in reversed(table.columns)}
        guess = next((known[word] for word in words if word in known), None)
        found[role] = given.get(role) or guess
    used = {name for name in found.values() if name}
    inputs = [name for name in table.columns if name not in used and _numeric(table[name])]
    if found["label"] is None:
        texts = [name for name in table.columns if name not in used and name not in inputs]
        few = [name for name in texts if 2 <= table[name].nunique() <= MOST_CLASSES]
        folders = {path.parent.name for path in names}
        found["label"] = few[0] if few else FOLDER if len(folders) > 1 else None
    if found["label"] is None:
        raise HadamrnnError(
            f"{names[0]}: must have a column of classes (name it with --label), or lie in a folder "
            f"for each class; got the columns {', '.join(table.columns)[:200]}"
        )
    if not inputs:
        raise HadamrnnError(f"{names[0]}: must have columns of readings; got none")
    result: dict[str, Any] = {"time": found["time"], "inputs": inputs, "label": found["label"]}
    if found["time"] is not None:
        result["time_unit"] = _unit(table[found["time"]])
    result |= {role: found[role] for role in ("group", "sequence")}
    return {key: value for key, value in result.items() if value is not None}


def _numeric(column: Any) -> bool:
    """Whether every cell that holds anything holds a number."""
    text = column[~column.isin(cells.EMPTY)]
    values = cells.pandas().to_numeric(text, errors="coerce")
    return len(text) > 0 and bool(values.notna().all())


def _many_numbers(table: Any, label: str) -> bool:
    """Whether a column holds numbers, too many different ones to be classes."""
    return label in table and _numeric(table[label]) and table[label].nunique() > MOST_CLASSES


def _unit(column: Any) -> str:
    """Whole numbers one or more apart count milli-, micro- or nanoseconds."""
    values = cells.pandas().to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    steps = np.diff(values)
    steps = steps[steps > 0]
    if len(steps) == 0 or not np.isfinite(values).all() or (values % 1).any():
        return "s"
    usual = float(np.median(steps))
    return "s" if usual < 2 else "ms" if usual < 1000 else "us" if usual < 1e6 else "ns"


def _told(columns: Mapping[str, Any]) -> list[str]:
    roles = [f"{role} {columns[role]}" for role in ("time", "label", "group") if role in columns]
    return [
        f"columns     {', '.join(roles)}",
        f"inputs      {', '.join(columns['inputs'])}",
    ]


def _counts(recordings: Sequence[Recording], channels: Sequence[str], empty: int) -> list[str]:
    sizes = [len(one) for one in recordings]
    intervals = [one.interval for one in recordings if one.interval]
    rate = f"{1 / float(np.median(intervals)):.4g} readings a second" if intervals else "unknown"
    groups = class_names([*{one.group for one in recordings if one.group is not None}])
    told = f"{len(groups)}: {', '.join(groups)}" if groups else "none"
    return [
        f"rate        {rate}",
        f"recordings  {len(sizes)} without a gap, of {min(sizes):,} to {max(sizes):,} readings",
        _answers(recordings),
        f"groups      {told[:200]}",
        f"missing     {empty:,} of {sum(sizes) * len(channels):,} readings",
    ]


def _answers(recordings: Sequence[Recording]) -> str:
    """The classes and how many readings each has, or the range of the numbers."""
    if recordings[0].labels.dtype.kind == "f":
        numbers = np.concatenate([one.labels for one in recordings])
        return (
            f"target      {numbers.min():g} to {numbers.max():g}, {numbers.mean():.4g} on average"
        )
    classes: Counter[str] = Counter()
    for one in recordings:
        classes.update(one.labels.astype(str).tolist())
    order = class_names([*classes])
    counted = ", ".join(f"{name} {classes[name]:,}" for name in order[:20])
    return f"classes     {len(order)}: {counted}{' ...' if len(order) > 20 else ''} readings"


def _window(recordings: Sequence[Recording], columns: Mapping[str, Any]) -> dict[str, Any] | None:
    """Four seconds, or 100 readings, a quarter apart; none where sequences are given and short."""
    shortest = min(len(one) for one in recordings)
    intervals = [one.interval for one in recordings if one.interval]
    rate = float(f"{1 / float(np.median(intervals)):.4g}") if intervals else None
    steps = round(WINDOW_SECONDS * rate) if rate else WINDOW_STEPS
    whole = "sequence" in columns or columns["label"] == FOLDER
    if whole and shortest < 2 * steps:
        return None
    steps = max(1, min(steps, shortest))
    return {"steps": steps, "hop": max(1, steps // 4)} | ({"rate_hz": rate} if rate else {})


def _split(recordings: Sequence[Recording]) -> dict[str, Any]:
    """A fifth of the groups to test, one or more of the others to validate; else fractions."""
    groups = class_names([*{one.group for one in recordings if one.group is not None}])
    if len(groups) < 3:
        return {"test": {"fraction": 0.2}, "valid": {"fraction": 0.2}}
    size = max(1, round(len(groups) / 5))
    test, valid = groups[-size:], groups[-2 * size : -size]
    return {"test": {"group": test}, "valid": {"group": valid}}


def _recipe(recordings: Sequence[Recording], data: Mapping[str, Any]) -> dict[str, Any]:
    """What the training chooses, and whether classes are of unequal size."""
    held = {str(g) for part in ("test", "valid") for g in data["split"][part].get("group", [])}
    recipe: dict[str, Any] = dict.fromkeys(AUTO, "auto")
    if data.get("task") == "regress":
        return recipe
    sizes = Counter(most_frequent(one) for one in recordings if one.group not in held)
    return recipe | {"balanced": max(sizes.values()) > RARE * min(sizes.values())}

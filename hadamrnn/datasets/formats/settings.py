"""The section ``data`` of a benchmark that is made of the user's own files, checked.

    data:
      type: csv
      path: data/raw/gestures
      columns: {time: time, inputs: [ax, ay, az], label: label, group: person}
      window: {steps: 100, hop: 50, rate_hz: 50}
      split: {test: {group: [5]}, valid: {fraction: 0.2}}

Every part of it is a frozen model, and each wrong key or value one sentence.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from hadamrnn import params
from hadamrnn.datasets.formats.sections import (
    FILE,
    FOLDER,
    MODELS,
    RAW_FOLDERS,
    Columns,
    Part,
    Rule,
    Split,
    Text,
    TextColumns,
    Window,
)
from hadamrnn.errors import HadamrnnError
from hadamrnn.params.sentences import shown

LABEL_RULES: Mapping[str, tuple[Rule, ...]] = {
    "classify": ("majority", "last", "same"),
    "per_step": ("majority", "last"),
    "regress": ("mean", "last", "same"),
}
"""What the label of a window, or of a step of several readings, may be; the first is the usual."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """A whole section ``data``, its parts read.

    Parameters
    ----------
    place : str
        Its path in params.yaml, for errors.
    own : Own
        The keys that are values.
    columns : Columns or None
        Of tables.
    window : Window or None
        None: whole sequences.
    test, valid : Part
        What is not trained on.
    texts : TextColumns or None
        Of tables of texts.
    """

    place: str
    own: Any
    columns: Columns | None
    window: Window | None
    test: Part
    valid: Part
    seed: int
    texts: TextColumns | None = None

    @property
    def facts(self) -> params.Facts | None:
        """What is known before the files are read."""
        facts: params.Facts | None = self.own.facts
        if facts is None:
            return None
        task = self.own.task
        return dataclasses.replace(facts, per_step=task == "per_step", numbers=task == "regress")


def read(given: Mapping[str, Any], place: str) -> Settings:
    """A section ``data`` that has a ``type``.

    Parameters
    ----------
    given : mapping
        As YAML holds it.
    place : str
        Its path in params.yaml.

    Returns
    -------
    Settings

    Raises
    ------
    HadamrnnError
        For the first wrong key or value.

    Examples
    --------
    >>> read({"type": "csv", "path": "data/raw/a.csv", "columns": {"inputs": []}}, "data")
    Traceback (most recent call last):
    ...
    hadamrnn.errors.HadamrnnError: data.columns.inputs: must be a list of one or more columns, \
names or numbers; got []
    """
    kind = given["type"]
    model = MODELS.get(kind) if isinstance(kind, str) else None
    if model is None:
        raise HadamrnnError(f"{place}.type: must be one of {', '.join(MODELS)}; got {shown(kind)}")
    own: Any = params.read(model, {**given}, place)
    _check_path(own.path, f"{place}.path")
    columns, window = getattr(own, "columns", None), getattr(own, "window", None)
    texts = None
    if columns is not None and isinstance(own, Text):
        texts, columns = params.read(TextColumns, columns, f"{place}.columns"), None
    if columns is not None:
        columns = params.read(Columns, columns, f"{place}.columns")
        _check_columns(columns, f"{place}.columns")
    if window is not None:
        window = _ruled(params.read(Window, window, f"{place}.window"), own.task, place)
    frame = getattr(own, "frame", 1)
    if window is not None and frame != "auto" and window.steps % frame:
        raise HadamrnnError(f"{place}.frame: must divide window.steps={window.steps}; got {frame}")
    if window is not None and window.max_gap_s and (columns is None or columns.time is None):
        raise HadamrnnError(
            f"{place}.window.max_gap_s: must be null without columns.time; got {window.max_gap_s:g}"
        )
    split = params.read(Split, own.split, f"{place}.split")
    return Settings(
        place=place,
        own=own,
        columns=columns,
        window=window,
        test=_part(split.test, f"{place}.split.test"),
        valid=_part(split.valid, f"{place}.split.valid"),
        seed=split.seed,
        texts=texts,
    )


def _ruled(window: Window, task: str, place: str) -> Window:
    """A window with its label rule, one that goes with the task."""
    allowed = LABEL_RULES[task]
    if window.label is None:
        return dataclasses.replace(window, label=allowed[0])
    if window.label not in allowed:
        raise HadamrnnError(
            f"{place}.window.label: must be one of {', '.join(allowed)} for task {task}; got "
            f"{shown(window.label)}"
        )
    return window


def _check_path(path: str, place: str) -> None:
    parts = PurePosixPath(path)
    inside = any(parts.is_relative_to(folder) for folder in RAW_FOLDERS)
    if not inside or ".." in parts.parts:
        raise HadamrnnError(
            f"{place}: must lie under {' or '.join(RAW_FOLDERS)}, where a changed file is noticed "
            f"(copy or link recordings there); got {shown(path)}"
        )


def _check_columns(columns: Columns, place: str) -> None:
    named = [*columns.inputs, columns.label, columns.time, columns.group, columns.sequence]
    used = [name for name in named if name not in (None, FOLDER, FILE)]
    if len({type(name) for name in used}) > 1:
        raise HadamrnnError(f"{place}: must be all names or all numbers; got {shown(used)}")
    for position, name in enumerate(columns.inputs):
        if name in columns.inputs[:position]:
            raise HadamrnnError(
                f"{place}.inputs: must be different columns; got {shown(name)} twice"
            )
    if columns.label is None:
        raise HadamrnnError(f"{place}.label: is missing from params.yaml")
    for key in ("label", "time", "group"):
        if getattr(columns, key) in columns.inputs:
            name = shown(getattr(columns, key))
            raise HadamrnnError(f"{place}.{key}: must be none of the inputs; got {name}")


def _part(given: Any, place: str) -> Part:
    part = params.read(Part, given, place)
    ways = [key for key in ("group", "file", "fraction") if getattr(part, key) is not None]
    if len(ways) != 1:
        raise HadamrnnError(
            f"{place}: must give one of group, file and fraction; got {', '.join(ways) or 'none'}"
        )
    return part

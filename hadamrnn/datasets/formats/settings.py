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
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from hadamrnn import params
from hadamrnn.errors import HadamrnnError
from hadamrnn.params import rules
from hadamrnn.params.rules import means, number, whole
from hadamrnn.params.sentences import shown

RAW_FOLDERS = ("data/raw", "examples/data")
"""Where own files lie: dvc.yaml names both, so that a changed file is noticed."""
FOLDER, FILE = "<folder>", "<file>"
"""In place of a column: the name of the folder that a file lies in; its own name without suffix."""

Section = rules.Mapping
Name = Annotated[str, Field(strict=True, min_length=1)] | Annotated[int, whole(1)]
Column = Annotated[
    Name | None,
    means(f"a column's name, its number from 1 in files without a header, {FOLDER} or {FILE}"),
]
Label = Annotated[str, Field(strict=True)] | Annotated[int, Field(strict=True)]
Fraction = Annotated[float, number(0, 0.9, open_end=True)] | None


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Columns:
    """What the columns of a table are; one that is None is not there."""

    inputs: Annotated[
        list[Name], Field(min_length=1), means("a list of one or more columns, names or numbers")
    ]
    label: Column = None
    time: Column = None
    time_unit: Literal["s", "ms", "us", "ns"] = "s"
    group: Column = None
    sequence: Column = None


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Window:
    """Windows of equal length, cut from recordings.

    ``hop`` None stands for half a window, ``max_gap_s`` None for two and a half intervals.
    """

    steps: rules.Steps
    hop: Annotated[int, whole(1)] | Annotated[None, means("null for half a window")] = None
    rate_hz: Annotated[float, number(0, open_end=True)] | Annotated[None, means("null for any")] = (
        None
    )
    max_gap_s: (
        Annotated[float, number(0, open_end=True)]
        | Annotated[None, means("null for two and a half sampling intervals")]
    ) = None
    label: Literal["majority", "last", "same"] = "majority"


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Part:
    """What goes into the test or the validation rows: one of group, file and fraction."""

    group: Annotated[list[Label] | None, means("a list of groups, names or numbers")] = None
    file: Annotated[str | None, means("a pattern of file names, such as '*_test.csv'")] = None
    fraction: Annotated[Fraction, means("a number greater than 0 and at most 0.9")] = None
    by: Annotated[
        Literal["group", "recording"] | None, means("group, recording, or null: by group if known")
    ] = None


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Split:
    """Test and validation rows; the others are trained on."""

    test: Section = dataclasses.field(default_factory=lambda: {"fraction": 0.2})
    valid: Section = dataclasses.field(default_factory=lambda: {"fraction": 0.2})
    seed: rules.Seed = 1


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Own(params.Data):
    """Keys that every type of files has, as YAML holds them."""

    facts: ClassVar[params.Facts | None] = params.Facts()

    type: Literal["csv", "npz", "ts"]
    path: Annotated[
        str,
        Field(strict=True, min_length=1),
        means(f"a file, folder or pattern under {' or '.join(RAW_FOLDERS)}"),
    ]
    task: Annotated[Literal["classify"], means("classify")] = "classify"
    split: Section = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Numbers(Own):
    """Recordings of numbers."""

    window: Section | Annotated[None, means("null for whole sequences")] = None
    frame: Annotated[int, whole(1, 4096)] = 1
    lengths: Literal["cut", "pad"] = "pad"
    missing: Literal["refuse", "hold", "interpolate", "drop"] = "refuse"
    normalise: Annotated[Literal["per_channel"] | None, means("per_channel, or null for none")] = (
        "per_channel"
    )


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Csv(Numbers):
    """Tables."""

    columns: Section
    decimal: Annotated[Literal[".", ","], means("'.' or ','")] = "."


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Ts(Numbers):
    """Sequences of the UCR and UEA archives; they have no other keys."""


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Npz(Numbers):
    """Arrays by their names in an archive."""

    inputs: Annotated[str, Field(strict=True), means("the name of an array")] = "inputs"
    labels: Annotated[str, Field(strict=True), means("the name of an array")] = "labels"
    groups: Annotated[
        Annotated[str, Field(strict=True)] | None, means("the name of an array, or null for none")
    ] = None


MODELS: Mapping[str, type[Own]] = {"csv": Csv, "npz": Npz, "ts": Ts}


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
    """

    place: str
    own: Any
    columns: Columns | None
    window: Window | None
    test: Part
    valid: Part
    seed: int

    @property
    def facts(self) -> params.Facts | None:
        """What is known before the files are read."""
        facts: params.Facts | None = self.own.facts
        return facts


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
    if columns is not None:
        columns = params.read(Columns, columns, f"{place}.columns")
        _check_columns(columns, f"{place}.columns")
    if window is not None:
        window = params.read(Window, window, f"{place}.window")
    frame = getattr(own, "frame", 1)
    if window is not None and window.steps % frame:
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
    )


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

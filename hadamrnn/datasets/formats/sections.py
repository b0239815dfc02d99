"""Frozen models of the section ``data`` of the user's own files: its keys, and what each may be."""

import dataclasses
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from hadamrnn import params
from hadamrnn.params import rules
from hadamrnn.params.rules import means, number, whole

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
Rule = Literal["majority", "last", "same", "mean"]
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

    ``hop`` None stands for half a window, or a whole one where every step has a class;
    ``max_gap_s`` None for two and a half intervals; ``label`` None for majority, of numbers mean.
    """

    steps: rules.Steps
    hop: (
        Annotated[int, whole(1)]
        | Annotated[None, means("null for half a window, of task per_step a whole one")]
    ) = None
    rate_hz: Annotated[float, number(0, open_end=True)] | Annotated[None, means("null for any")] = (
        None
    )
    max_gap_s: (
        Annotated[float, number(0, open_end=True)]
        | Annotated[None, means("null for two and a half sampling intervals")]
    ) = None
    label: Rule | Annotated[None, means("null for the usual one")] = None


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

    type: Literal["csv", "npz", "npy", "ts", "text"]
    path: Annotated[
        str,
        Field(strict=True, min_length=1),
        means(f"a file, folder or pattern under {' or '.join(RAW_FOLDERS)}"),
    ]
    task: Literal["classify", "per_step", "regress"] = "classify"
    split: Section = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Numbers(Own):
    """Recordings of numbers."""

    window: Section | Annotated[None, means("null for whole sequences")] = None
    frame: (
        Annotated[int, whole(1, 4096)]
        | Annotated[Literal["auto"], means("auto, by a rule from the length of sequences")]
    ) = 1
    lengths: Literal["mask", "cut", "pad"] = "pad"
    missing: Literal["refuse", "hold", "interpolate", "drop"] = "refuse"
    normalise: Annotated[Literal["per_channel"] | None, means("per_channel, or null for none")] = (
        "per_channel"
    )
    companding: Annotated[
        Literal["auto"] | None, means("auto, by a rule from levels, or null for none")
    ] = None


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Csv(Numbers):
    """Tables."""

    columns: Section
    decimal: Annotated[Literal[".", ","], means("'.' or ','")] = "."


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Ts(Numbers):
    """Sequences of the UCR and UEA archives; they have no other keys."""

    task: Annotated[
        Literal["classify", "regress"],
        means("classify or regress for type ts, whose sequences have one label each"),
    ] = "classify"


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Npz(Numbers):
    """Arrays by their names in an archive."""

    inputs: Annotated[str, Field(strict=True), means("the name of an array")] = "inputs"
    labels: Annotated[str, Field(strict=True), means("the name of an array")] = "labels"
    groups: Annotated[
        Annotated[str, Field(strict=True)] | None, means("the name of an array, or null for none")
    ] = None


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Npy(Numbers):
    """Arrays in files of their own, by their names in a folder."""

    inputs: Annotated[str, Field(strict=True), means("the name of a file")] = "X.npy"
    labels: Annotated[str, Field(strict=True), means("the name of a file")] = "y.npy"
    groups: Annotated[
        Annotated[str, Field(strict=True)] | None, means("the name of a file, or null for none")
    ] = None


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class TextColumns:
    """What the columns of a table of texts are."""

    text: Annotated[str, Field(strict=True), means("a column's name")]
    label: Annotated[str, Field(strict=True), means("a column's name")]
    group: Annotated[
        Annotated[str, Field(strict=True)] | None, means("a column's name, or null for none")
    ] = None


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Text(Own):
    """Texts; ``columns`` None stands for a folder of files for each class."""

    facts: ClassVar[params.Facts | None] = params.Facts(symbols=True)

    task: Annotated[Literal["classify"], means("classify for type text")] = "classify"
    columns: Section | Annotated[None, means("null for a folder of files for each class")] = None
    unit: Literal["word", "character"] = "word"
    words: Annotated[int, whole(3, 65_535)] = 2000
    steps: rules.Steps = 100


MODELS: Mapping[str, type[Own]] = {"csv": Csv, "npz": Npz, "npy": Npy, "ts": Ts, "text": Text}

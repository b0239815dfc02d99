"""One frozen model for each section of params.yaml; units and choices are told there."""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hadamrnn.params import rules
from hadamrnn.params.rules import Auto, Switch, means, number, whole

HADAMARD_MODELS = ("hadamrnn", "hadamrelu")
"""Models whose recurrent matrix has Hadamard blocks."""
CLOSED = ConfigDict(extra="forbid")

Model = Literal[
    "hadamrnn",
    "hadamrelu",
    "lstm",
    "gru",
    "rnn",
    "fastgrnn",
    "ornn",
    "qornn",
]
Positive = Annotated[float, number(0, open_end=True)]
Size = Annotated[int, whole(1, 4096)]
Blocks = Annotated[int, whole(1)]
Readout = Literal["last", "mean", "log_mean"]
Select = Literal["accuracy", "cross_entropy", "last"]
Fade = Annotated[int, whole(1, 15)] | Annotated[None, means("null for states that do not fade")]
WeightBits = Annotated[int, whole(1, 8)] | Annotated[None, means("null for full precision")]
FromData = Annotated[Literal["auto"], means("auto, by a rule from the data")]
PartBits = WeightBits | Annotated[Literal["auto"], means("auto for weight_bits")]
StateBits = Annotated[int, whole(2, 16)]
InputBits = Annotated[int, whole(2, 8)]
MODELS: tuple[str, ...] = get_args(Model)


AUTOMATIC: Mapping[str, Any] = MappingProxyType(
    {
        "hidden_size": 256,
        "epochs": 30,
        "batch_size": 32,
        "learning_rate": 0.005,
        "readout": "last",
        "fade": None,
        "select": "last",
        "train_on_validation": False,
    }
)
"""Keys that may be ``auto``, and what that stands for until the data are known: the width, which is
about 4 kB, and the rate for good, the others until ``training.automatic`` has seen the card."""


@dataclass(frozen=True, kw_only=True, config=CLOSED)
class Recipe:
    """Keys of a training that always have values."""

    q: Blocks
    embedding_size: Size | Annotated[None, means("null for one-hot symbols")]
    embedding_bits: WeightBits
    min_steps: Annotated[int, whole(1)] | Annotated[None, means("null for no minimum")]
    balanced: Switch
    learning_rate_schedule: Literal["exponential", "cosine"]
    learning_rate_decay: Annotated[float, number(0, 1, open_end=True)]
    warmup_steps: Annotated[int, whole(0)]
    patience: Annotated[int, whole(1)] | Annotated[None, means("null for never stopping early")]
    weight_bits: WeightBits
    input_weight_bits: PartBits
    output_weight_bits: PartBits
    quantizer: Literal["max", "lsq"]
    finer_classes: Switch
    sign_schedule: Literal["hold", "constant", "anneal", "warmup"]
    sign_learning_rate: Positive
    sign_epochs: Annotated[int, whole(0)]
    clip_gradient: Positive | Annotated[None, means("null for no limit")]
    state_noise_bits: StateBits | Annotated[None, means("null for no noise")]
    rotation: Annotated[float, number(0, 180)]
    word_dropout: Annotated[float, number(0, 0.9)]
    channel_dropout: Annotated[float, number(0, 0.9)]
    distortion: Annotated[float, number(0, 100)]


@dataclass(frozen=True, kw_only=True, config=CLOSED)
class TrainSettings(Recipe):
    """How one benchmark is trained."""

    hidden_size: Size
    epochs: Annotated[int, whole(1)]
    batch_size: Annotated[int, whole(1)]
    learning_rate: Positive
    readout: Readout
    fade: Fade
    select: Select
    train_on_validation: Switch


@dataclass(frozen=True, kw_only=True, config=CLOSED)
class TrainSection(Recipe):
    """The section ``train`` as it is written, under a benchmark's own values."""

    hidden_size: Size | FromData
    epochs: Annotated[int, whole(1)] | FromData
    batch_size: Annotated[int, whole(1)] | FromData
    learning_rate: Positive | FromData
    readout: Annotated[
        Literal["last", "mean", "log_mean", "auto"],
        means("one of last, mean, log_mean, or auto, by a trial on the data"),
    ]
    fade: Fade | FromData
    select: Annotated[
        Literal["accuracy", "cross_entropy", "last", "auto"],
        means("one of accuracy, cross_entropy, last, or auto, by a rule from the data"),
    ]
    train_on_validation: Switch | FromData


@dataclass(frozen=True, kw_only=True, config=CLOSED)
class ExportSettings:
    """Widths of one benchmark's integer model, unless a top-level key sets them for all."""

    activation_bits: StateBits
    input_bits: InputBits
    bias_bits: StateBits


@dataclass(frozen=True, kw_only=True, config=CLOSED)
class Section(ExportSettings, TrainSection):
    """A section under ``benchmark``, the defaults of ``train`` and ``export`` filled in."""

    data: rules.Mapping = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, config=CLOSED)
class Document:
    """The top level of params.yaml; its sections have models of their own."""

    benchmarks: Any
    model: Model
    q: Blocks | Auto
    readout: Literal["auto", "last", "mean", "log_mean"]
    fade: Fade | Auto
    weight_bits: WeightBits | Auto
    activation_bits: StateBits | Auto
    input_bits: InputBits | Auto
    seed: rules.Seed
    device: Annotated[
        str,
        Field(strict=True, pattern=r"^(auto|cpu|cuda(:[0-9]{1,3})?)\z"),
        means("auto, cpu, cuda or cuda:<index>"),
    ]
    train: Any
    export: Any
    benchmark: rules.Mapping


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything one benchmark's stages need, resolved: nothing is "auto" here but the device.

    ``data`` holds what params.yaml says to the data set's module, unread. ``auto`` names the keys
    whose values in ``train``, ``readout`` and ``fade`` are those of AUTOMATIC, until the training
    has looked at the data.
    """

    benchmark: str
    model: str
    q: int
    readout: str
    fade: int | None
    weight_bits: int | None
    input_weight_bits: int | None
    output_weight_bits: int | None
    activation_bits: int
    input_bits: int
    bias_bits: int
    seed: int
    device: str
    train: TrainSettings
    data: Mapping[str, Any]
    auto: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Facts:
    """What a data set is, whatever its settings: it decides which options can be used with it.

    Parameters
    ----------
    symbols : bool
        Inputs are ids of symbols, else numbers.
    per_step : bool
        There is a target at every step, else one for each sequence.
    axes : bool
        It says which channels are x, y and z of one sensor.
    image : bool
        A sequence is an image, pixel by pixel.
    finer_classes : bool
        It tells finer classes apart than those it is measured by.
    numbers : bool
        Targets are numbers, else classes.
    """

    symbols: bool = False
    per_step: bool = False
    axes: bool = False
    image: bool = False
    finer_classes: bool = False
    numbers: bool = False


@dataclass(frozen=True, kw_only=True, config=CLOSED)
class Data:
    """Base of a data set's settings, its ``data`` in params.yaml; by itself, of one without any.

    ``facts`` is None where nothing is known before the data are prepared.
    """

    facts: ClassVar[Facts | None] = None

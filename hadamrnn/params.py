"""params.yaml as frozen dataclasses; every wrong key or value is one sentence.

A settings object is resolved for one benchmark: the ``train`` and ``export`` defaults, overridden
by that benchmark's own section, under the top-level keys; a top-level ``auto`` leaves a key to the
benchmark. Nothing here imports torch, so that a typo stops in a fraction of a second.
"""

import dataclasses
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hadamrnn.errors import HadamrnnError
from hadamrnn.hadamard import block_size_of

HADAMARD_MODELS = ("hadamrnn", "hadamrelu")
"""Models whose recurrent matrix has Hadamard blocks."""
MODELS = (*HADAMARD_MODELS, "lstm", "gru", "rnn", "fastgrnn", "ornn", "qornn")


@dataclass(frozen=True)
class _Rule:
    words: str
    holds: Callable[[Any], bool]


def _is_bool(value):
    return isinstance(value, bool)


def _is_int(value):
    return isinstance(value, int) and not _is_bool(value)


def _is_number(value):
    return _is_int(value) or isinstance(value, float)


def _integer(lowest, highest=None, null=None):
    words = f"an integer of at least {lowest}"
    if highest is not None:
        words = f"an integer from {lowest} to {highest}"
    top = float("inf") if highest is None else highest
    return _or_null(_Rule(f"must be {words}", lambda v: _is_int(v) and lowest <= v <= top), null)


def _number(lowest, highest=None, open_end=False):
    words = f"must be a number {'greater than' if open_end else 'of at least'} {lowest}"
    if highest is not None:
        words += f" and at most {highest}"
    top = float("inf") if highest is None else highest

    def holds(value):
        above = _is_number(value) and (value > lowest or (value == lowest and not open_end))
        return above and value <= top

    return _Rule(words, holds)


def _or_null(rule, meaning):
    if meaning is None:
        return rule
    return _Rule(f"{rule.words}, or null for {meaning}", lambda v: v is None or rule.holds(v))


def _or_auto(rule):
    words = f"{rule.words}, or auto for the benchmark's own"
    return _Rule(words, lambda v: v == "auto" or rule.holds(v))


def _choice(*names):
    return _Rule(f"must be one of {', '.join(names)}", lambda v: v in names)


def _key(rule):
    return dataclasses.field(metadata={"rule": rule})


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """How one benchmark is trained; units and choices stand in params.yaml."""

    hidden_size: int = _key(_integer(1, 4096))
    q: int = _key(_integer(1))
    embedding_size: int | None = _key(_integer(1, 4096, null="one-hot symbols"))
    epochs: int = _key(_integer(1))
    batch_size: int = _key(_integer(1))
    balanced: bool = _key(_Rule("must be true or false", lambda v: isinstance(v, bool)))
    learning_rate: float = _key(_number(0, open_end=True))
    learning_rate_schedule: str = _key(_choice("exponential", "cosine"))
    learning_rate_decay: float = _key(_number(0, 1, open_end=True))
    warmup_steps: int = _key(_integer(0))
    patience: int | None = _key(_integer(1, null="never stopping early"))
    weight_bits: int | None = _key(_integer(1, 8, null="full precision"))
    select: str = _key(_choice("accuracy", "cross_entropy", "last"))
    train_on_validation: bool = _key(_Rule("must be true or false", _is_bool))
    finer_classes: bool = _key(_Rule("must be true or false", _is_bool))
    readout: str = _key(_choice("last", "mean"))
    sign_schedule: str = _key(_choice("hold", "constant", "anneal", "warmup"))
    sign_learning_rate: float = _key(_number(0, open_end=True))
    sign_epochs: int = _key(_integer(0))
    clip_gradient: float | None = _key(_or_null(_number(0, open_end=True), "no limit"))
    state_noise_bits: int | None = _key(_integer(2, 16, null="no noise"))
    rotation: float = _key(_number(0, 180))
    word_dropout: float = _key(_number(0, 0.9))
    channel_dropout: float = _key(_number(0, 0.9))


@dataclass(frozen=True, kw_only=True)
class ExportSettings:
    """Widths of one benchmark's integer model, unless a top-level key sets them for all."""

    activation_bits: int = _key(_integer(2, 16))
    input_bits: int = _key(_integer(2, 8))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything one benchmark's stages need. ``data`` goes to its data set module unread.

    q, readout and the bits are resolved: never "auto" here.
    """

    benchmark: str
    model: str = _key(_choice(*MODELS))
    q: int = _key(_or_auto(_integer(1)))
    readout: str = _key(_choice("auto", "last", "mean"))
    weight_bits: int | str | None = _key(_or_auto(_integer(1, 8, null="full precision")))
    activation_bits: int = _key(_or_auto(_integer(2, 16)))
    input_bits: int = _key(_or_auto(_integer(2, 8)))
    seed: int = _key(_integer(0))
    device: str = _key(_Rule("must be auto, cpu, cuda or cuda:<index>", lambda v: (
        isinstance(v, str) and (v in ("auto", "cpu", "cuda") or v.startswith("cuda:"))
    )))  # fmt: skip
    train: TrainSettings = dataclasses.field(metadata={})
    data: Mapping[str, Any] = dataclasses.field(metadata={})


_TOP_KEYS = [f.name for f in dataclasses.fields(Settings) if "rule" in f.metadata]
_TRAIN_KEYS = [f.name for f in dataclasses.fields(TrainSettings)]
_EXPORT_KEYS = [f.name for f in dataclasses.fields(ExportSettings)]
_DEFAULTS = {"train": TrainSettings, "export": ExportSettings}


def _show(value):
    return repr(value) if isinstance(value, str) else "null" if value is None else value


def _check_value(path, rule, value):
    if rule.holds(value):
        return
    hint = ""
    if isinstance(value, str) and "number" in rule.words:
        hint = " (YAML reads 1e-3 as text; write 0.001)"
    raise HadamrnnError(f"{path}: {rule.words}{hint}; got {_show(value)}")


def _check_keys(place, given, known, required=()):
    prefix = f"{place}." if place else ""
    if not isinstance(given, dict):
        raise HadamrnnError(f"{place or 'params.yaml'}: must be a mapping; got {_show(given)}")
    for key in given:
        if key not in known:
            raise HadamrnnError(
                f"{prefix}{key}: is not a key of params.yaml; known here are {', '.join(known)}"
            )
    for key in required:
        if key not in given:
            raise HadamrnnError(f"{prefix}{key}: is missing from params.yaml")


def _rules(cls):
    return {f.name: f.metadata["rule"] for f in dataclasses.fields(cls) if "rule" in f.metadata}


def _resolve(document, name):
    section = document["benchmark"][name]
    rules = _rules(TrainSettings) | _rules(ExportSettings)
    for key, value in section.items():
        if key != "data":
            _check_value(f"benchmark.{name}.{key}", rules[key], value)
    own = {key: section[key] for key in _TRAIN_KEYS if key in section}
    train = TrainSettings(**{**document["train"], **own})
    if document["model"] != "hadamrnn" and train.state_noise_bits is not None:
        raise HadamrnnError(
            f"benchmark.{name}.state_noise_bits: must be null for model {document['model']}, "
            f"which has no integer states; got {train.state_noise_bits}"
        )
    _check_selection(f"benchmark.{name}", train)
    data = section.get("data", {})
    if not isinstance(data, dict):
        raise HadamrnnError(f"benchmark.{name}.data: must be a mapping; got {_show(data)}")
    top = {key: document[key] for key in _TOP_KEYS}
    for key in ("q", "readout", "weight_bits"):
        if top[key] == "auto":
            top[key] = getattr(train, key)
    if document["model"] in HADAMARD_MODELS:
        block_size_of(train.hidden_size, top["q"])
    for key in _EXPORT_KEYS:
        if top[key] == "auto":
            top[key] = section.get(key, document["export"][key])
    return Settings(benchmark=name, train=train, data=types.MappingProxyType(data), **top)


def _check_selection(place, train):
    """Rows that are trained on cannot choose the epoch."""
    if train.train_on_validation and train.select != "last":
        raise HadamrnnError(
            f"{place}.select: must be last where train_on_validation is true; got {train.select!r}"
        )


def check(document):
    """Check a whole params.yaml document; returns {benchmark: Settings} of the listed ones.

    Raises HadamrnnError naming the key, the rule and the value.

    >>> check({"benchmarks": ["copy"]})
    Traceback (most recent call last):
    ...
    hadamrnn.errors.HadamrnnError: model: is missing from params.yaml
    """
    known = ["benchmarks", *_TOP_KEYS, *_DEFAULTS, "benchmark"]
    _check_keys("", document, known, required=known)
    for key, rule in _rules(Settings).items():
        _check_value(key, rule, document[key])
    for place, cls in _DEFAULTS.items():
        rules = _rules(cls)
        _check_keys(place, document[place], list(rules), required=list(rules))
        for key, rule in rules.items():
            _check_value(f"{place}.{key}", rule, document[place][key])
    sections = document["benchmark"]
    if not isinstance(sections, dict):
        raise HadamrnnError(f"benchmark: must be a mapping; got {_show(sections)}")
    for name, section in sections.items():
        _check_keys(f"benchmark.{name}", section, [*_TRAIN_KEYS, *_EXPORT_KEYS, "data"])
    names = document["benchmarks"]
    if not isinstance(names, list) or not names or len(set(map(str, names))) < len(names):
        raise HadamrnnError(
            f"benchmarks: must be a list of one or more different names; got {_show(names)}"
        )
    for name in names:
        if not isinstance(name, str) or name not in sections:
            raise HadamrnnError(
                f"benchmarks: must be among {', '.join(sections)}; got {_show(name)}"
            )
    return {name: _resolve(document, name) for name in names}


def load(path="params.yaml"):
    """Read and check params.yaml; returns {benchmark: Settings} of the listed benchmarks."""
    try:
        document = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise HadamrnnError(f"{path}: must exist in the folder the command runs in") from None
    except yaml.YAMLError as error:
        words = " ".join(str(error).split())
        raise HadamrnnError(f"{path}: must be valid YAML; got {words}") from None
    return check(document)

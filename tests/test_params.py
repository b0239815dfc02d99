"""params.yaml: the shipped file loads, sections override, every wrong value is one sentence."""

import copy
import re
from pathlib import Path

import pytest
import yaml

from hadamrnn import params
from hadamrnn.errors import HadamrnnError

SHIPPED = Path(__file__).parents[1] / "params.yaml"


@pytest.fixture
def document():
    return {
        "benchmarks": ["copy"],
        "model": "hadamrnn",
        "q": 1,
        "readout": "auto",
        "weight_bits": 4,
        "activation_bits": "auto",
        "input_bits": "auto",
        "seed": 1,
        "device": "auto",
        "train": {
            "hidden_size": 128,
            "q": 1,
            "embedding_size": None,
            "epochs": 30,
            "batch_size": 100,
            "balanced": False,
            "learning_rate": 0.002,
            "learning_rate_schedule": "cosine",
            "learning_rate_decay": 0.98,
            "warmup_steps": 100,
            "patience": None,
            "weight_bits": 3,
            "select": "accuracy",
            "train_on_validation": False,
            "finer_classes": False,
            "readout": "last",
            "sign_schedule": "hold",
            "sign_learning_rate": 0.001,
            "sign_epochs": 10,
            "clip_gradient": None,
            "state_noise_bits": None,
            "rotation": 0,
            "word_dropout": 0,
            "channel_dropout": 0,
        },
        "export": {"activation_bits": 12, "input_bits": 8},
        "benchmark": {
            "copy": {"epochs": 6, "data": {"steps": 1000}},
            "har2": {"readout": "mean", "activation_bits": 9},
        },
    }


def put(document, path, value):
    *folders, key = path.split(".")
    for folder in folders:
        document = document[folder]
    document[key] = value


def refused(document, words):
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        params.check(document)


# --------------------------------------------------------------------------------- what is right


def test_every_section_of_the_shipped_file_loads(tmp_path):
    content = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    assert list(params.load(SHIPPED)) == content["benchmarks"]
    content["benchmarks"] = list(content["benchmark"])
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    settings = params.load(path)
    assert list(settings) == content["benchmarks"]
    for name, one in settings.items():
        assert one.benchmark == name
        assert one.readout in ("last", "mean")


def test_only_the_listed_benchmarks_are_resolved_in_their_order(document):
    document["benchmarks"] = ["har2", "copy"]
    assert list(params.check(document)) == ["har2", "copy"]
    document["benchmarks"] = ["har2"]
    assert list(params.check(document)) == ["har2"]


def test_a_benchmarks_section_overrides_the_defaults(document):
    document["benchmarks"] = ["copy", "har2"]
    settings = params.check(document)
    assert settings["copy"].train.epochs == 6
    assert settings["har2"].train.epochs == 30
    assert settings["copy"].train.batch_size == 100
    assert dict(settings["copy"].data) == {"steps": 1000}
    assert dict(settings["har2"].data) == {}
    assert settings["copy"].seed == 1


@pytest.mark.parametrize(
    ("top", "expected"),
    [
        ("auto", {"copy": "last", "har2": "mean"}),
        ("last", {"copy": "last", "har2": "last"}),
        ("mean", {"copy": "mean", "har2": "mean"}),
    ],
)
def test_readout_is_the_top_level_one_unless_auto(document, top, expected):
    document |= {"benchmarks": ["copy", "har2"], "readout": top}
    assert {name: one.readout for name, one in params.check(document).items()} == expected


@pytest.mark.parametrize(
    ("top", "expected"),
    [
        ("auto", {"copy": (12, 8), "har2": (9, 8)}),
        (10, {"copy": (10, 8), "har2": (10, 8)}),
    ],
)
def test_widths_are_the_top_level_ones_unless_auto(document, top, expected):
    document |= {"benchmarks": ["copy", "har2"], "activation_bits": top}
    found = {n: (s.activation_bits, s.input_bits) for n, s in params.check(document).items()}
    assert found == expected
    document |= {"input_bits": 4}
    document["benchmark"]["har2"]["input_bits"] = 6
    assert {one.input_bits for one in params.check(document).values()} == {4}
    document["input_bits"] = "auto"
    assert [one.input_bits for one in params.check(document).values()] == [8, 6]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("weight_bits", None),
        ("weight_bits", 1),
        ("weight_bits", 8),
        ("weight_bits", "auto"),
        ("train.weight_bits", None),
        ("train.patience", 1),
        ("train.learning_rate", 1),
        ("train.learning_rate_decay", 1),
        ("train.warmup_steps", 0),
        ("seed", 0),
        ("q", 128),
        ("device", "cuda:1"),
        ("input_bits", 2),
        ("train.rotation", 180),
        ("train.channel_dropout", 0.9),
        ("activation_bits", 16),
        ("export.activation_bits", 2),
        ("benchmark.copy.activation_bits", 16),
    ],
)
def test_values_at_the_edge_are_accepted(document, path, value):
    put(document, path, value)
    assert list(params.check(document)) == ["copy"]


@pytest.mark.parametrize(
    ("top", "expected"), [("auto", {"copy": 3, "har2": None}), (2, {"copy": 2, "har2": 2})]
)
def test_weight_bits_are_the_top_level_ones_unless_auto(document, top, expected):
    document["benchmark"]["har2"]["weight_bits"] = None
    document |= {"benchmarks": ["copy", "har2"], "weight_bits": top}
    assert {name: one.weight_bits for name, one in params.check(document).items()} == expected


def test_settings_are_frozen_and_leave_the_document_alone(document):
    before = copy.deepcopy(document)
    settings = params.check(document)["copy"]
    assert document == before
    with pytest.raises(AttributeError):
        settings.q = 2
    with pytest.raises(AttributeError):
        settings.train.epochs = 2
    with pytest.raises(TypeError):
        settings.data["steps"] = 2


def test_blocks_by_benchmark(document):
    document["benchmark"]["har2"]["q"] = 4
    document["benchmarks"] = ["copy", "har2"]
    for asked, expected in (("auto", [1, 4]), (8, [8, 8])):
        settings = params.check({**document, "q": asked})
        assert [settings[name].q for name in ("copy", "har2")] == expected


# --------------------------------------------------------------------------------- what is wrong

HINT = " (YAML reads 1e-3 as text; write 0.001)"
AUTO = ", or auto for the benchmark's own"
POWER = "into blocks whose size is a power of two"


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("q", 3, f"q: must divide hidden_size=128 {POWER}; got q=3"),
        ("q", 0, f"q: must be an integer of at least 1{AUTO}; got 0"),
        ("q", 2.0, f"q: must be an integer of at least 1{AUTO}; got 2.0"),
        (
            "q",
            True,
            f"q: must be an integer of at least 1{AUTO}; got True",
        ),
        ("train.hidden_size", 100, f"q: must divide hidden_size=100 {POWER}; got q=1"),
        (
            "weight_bits",
            -1,
            f"weight_bits: must be an integer from 1 to 8, or null for full precision{AUTO}; "
            "got -1",
        ),
        (
            "benchmark.copy.weight_bits",
            "auto",
            "benchmark.copy.weight_bits: must be an integer from 1 to 8, or null for full "
            "precision; got 'auto'",
        ),
        (
            "model",
            "transformer",
            "model: must be one of hadamrnn, hadamrelu, lstm, gru, rnn, fastgrnn, ornn, qornn; "
            "got 'transformer'",
        ),
        (
            "train.clip_gradient",
            0,
            "train.clip_gradient: must be a number greater than 0, or null for no limit; got 0",
        ),
        ("readout", "max", "readout: must be one of auto, last, mean; got 'max'"),
        ("activation_bits", 17, f"activation_bits: must be an integer from 2 to 16{AUTO}; got 17"),
        (
            "activation_bits",
            None,
            f"activation_bits: must be an integer from 2 to 16{AUTO}; got null",
        ),
        ("input_bits", 1, f"input_bits: must be an integer from 2 to 8{AUTO}; got 1"),
        ("export.input_bits", 9, "export.input_bits: must be an integer from 2 to 8; got 9"),
        (
            "export.activation_bits",
            "auto",
            "export.activation_bits: must be an integer from 2 to 16; got 'auto'",
        ),
        (
            "benchmark.copy.activation_bits",
            1,
            "benchmark.copy.activation_bits: must be an integer from 2 to 16; got 1",
        ),
        ("export", [], "export: must be a mapping; got []"),
        ("seed", None, "seed: must be an integer of at least 0; got null"),
        ("device", "tpu", "device: must be auto, cpu, cuda or cuda:<index>; got 'tpu'"),
        (
            "train.learning_rate",
            "1e-3",
            f"train.learning_rate: must be a number greater than 0{HINT}; got '1e-3'",
        ),
        (
            "benchmark.copy.learning_rate",
            "1e-3",
            f"benchmark.copy.learning_rate: must be a number greater than 0{HINT}; got '1e-3'",
        ),
        ("train.learning_rate", 0, "train.learning_rate: must be a number greater than 0; got 0"),
        (
            "benchmark.copy.embedding_size",
            0,
            "benchmark.copy.embedding_size: must be an integer from 1 to 4096, or null for "
            "one-hot symbols; got 0",
        ),
        (
            "train.learning_rate",
            float("nan"),
            "train.learning_rate: must be a number greater than 0; got nan",
        ),
        (
            "train.learning_rate_decay",
            1.5,
            "train.learning_rate_decay: must be a number greater than 0 and at most 1; got 1.5",
        ),
        (
            "train.learning_rate_schedule",
            "linear",
            "train.learning_rate_schedule: must be one of exponential, cosine; got 'linear'",
        ),
        (
            "train.patience",
            0,
            "train.patience: must be an integer of at least 1, or null for never stopping early; "
            "got 0",
        ),
        (
            "train.sign_schedule",
            "free",
            "train.sign_schedule: must be one of hold, constant, anneal, warmup; got 'free'",
        ),
        (
            "benchmark.copy.select",
            "loss",
            "benchmark.copy.select: must be one of accuracy, cross_entropy, last; got 'loss'",
        ),
        (
            "train.hidden_size",
            5000,
            "train.hidden_size: must be an integer from 1 to 4096; got 5000",
        ),
        (
            "train.state_noise_bits",
            1,
            "train.state_noise_bits: must be an integer from 2 to 16, or null for no noise; got 1",
        ),
        (
            "train.rotation",
            -1,
            "train.rotation: must be a number of at least 0 and at most 180; got -1",
        ),
        (
            "benchmark.copy.channel_dropout",
            1,
            "benchmark.copy.channel_dropout: must be a number of at least 0 and at most 0.9; got 1",
        ),
        (
            "train.train_on_validation",
            1,
            "train.train_on_validation: must be true or false; got 1",
        ),
        (
            "benchmark.copy.train_on_validation",
            True,
            "benchmark.copy.select: must be last where train_on_validation is true; got 'accuracy'",
        ),
        ("train.epochs", 0, "train.epochs: must be an integer of at least 1; got 0"),
        ("train.batch_size", 0, "train.batch_size: must be an integer of at least 1; got 0"),
        ("train.balanced", 1, "train.balanced: must be true or false; got 1"),
        ("train.warmup_steps", -1, "train.warmup_steps: must be an integer of at least 0; got -1"),
        ("train", None, "train: must be a mapping; got null"),
        ("benchmark", [], "benchmark: must be a mapping; got []"),
        ("benchmark.copy", None, "benchmark.copy: must be a mapping; got null"),
        ("benchmark.copy.data", 5, "benchmark.copy.data: must be a mapping; got 5"),
        ("benchmarks", ["mnist"], "benchmarks: must be among copy, har2; got 'mnist'"),
        (
            "benchmarks",
            ["copy", "copy"],
            "benchmarks: must be a list of one or more different names; got ['copy', 'copy']",
        ),
        ("benchmarks", [], "benchmarks: must be a list of one or more different names; got []"),
        (
            "benchmarks",
            "copy",
            "benchmarks: must be a list of one or more different names; got 'copy'",
        ),
        ("benchmarks", [["copy"]], "benchmarks: must be among copy, har2; got ['copy']"),
    ],
)
def test_wrong_value(document, path, value, words):
    put(document, path, value)
    refused(document, words)


@pytest.mark.parametrize(
    "path", ["qq", "train.qq", "export.qq", "benchmark.copy.qq", "benchmark.har2.qq"]
)
def test_unknown_key(document, path):
    put(document, path, 1)
    place = path.removesuffix("qq")
    with pytest.raises(HadamrnnError) as caught:
        params.check(document)
    known = {"": "benchmarks, model, q,", "export.": "activation_bits, input_bits"}
    known = known.get(place, "hidden_size, q, embedding_size, epochs,")
    start = f"{path}: is not a key of params.yaml; known here are {known}"
    assert str(caught.value).startswith(start)


@pytest.mark.parametrize(
    "path", ["q", "benchmarks", "train", "train.epochs", "export", "export.input_bits"]
)
def test_missing_key(document, path):
    *folder, key = path.split(".")
    del (document[folder[0]] if folder else document)[key]
    refused(document, f"{path}: is missing from params.yaml")


def test_no_file(tmp_path):
    path = tmp_path / "params.yaml"
    words = f"{path}: must exist in the folder the command runs in"
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        params.load(path)


@pytest.mark.parametrize("text", ["q: [1", "q: 1\n q: 2\n", "\t- x"])
def test_invalid_yaml(tmp_path, text):
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(HadamrnnError) as caught:
        params.load(path)
    assert str(caught.value).startswith(f"{path}: must be valid YAML; got ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("text", "shown"), [("", "null"), ("- 1", "[1]"), ("text", "'text'")])
def test_a_file_that_is_no_mapping(tmp_path, text, shown):
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(
        HadamrnnError, match=re.escape(f"params.yaml: must be a mapping; got {shown}")
    ):
        params.load(path)

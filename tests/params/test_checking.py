"""params.yaml: the shipped file loads, sections override defaults, top-level keys override both."""

import copy
from pathlib import Path

import pytest
import yaml

from hadamrnn import params
from hadamrnn.integer.proof import state_limit
from hadamrnn.integer.recording import UINT32_MAX
from hadamrnn.params import rules
from tests.params.changes import put

SHIPPED = Path(__file__).parents[2] / "params.yaml"


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
        assert one.readout in ("last", "mean", "log_mean")


def test_the_file_is_params_yaml_of_the_working_folder(monkeypatch):
    monkeypatch.chdir(SHIPPED.parent)
    assert params.load() == params.load(SHIPPED)


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
        ("train.input_weight_bits", None),
        ("train.output_weight_bits", 8),
        ("train.quantizer", "lsq"),
        ("export.bias_bits", 2),
        ("benchmark.copy.bias_bits", 16),
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


@pytest.mark.parametrize(
    ("values", "top", "expected"),
    [
        ({}, "auto", (3, 3)),
        ({"input_weight_bits": 2}, "auto", (2, 3)),
        ({"output_weight_bits": None}, "auto", (3, None)),
        ({"weight_bits": 5, "input_weight_bits": 1}, "auto", (1, 5)),
        ({"input_weight_bits": 1, "output_weight_bits": 2}, 6, (6, 6)),
        ({"input_weight_bits": 1, "output_weight_bits": 2}, None, (None, None)),
    ],
)
def test_bits_of_each_part_are_those_of_all_where_auto(document, values, top, expected):
    document["benchmark"]["copy"] |= values
    settings = params.check(document | {"weight_bits": top})["copy"]
    assert (settings.input_weight_bits, settings.output_weight_bits) == expected


def test_bits_of_biases_by_benchmark(document):
    document["benchmarks"] = ["copy", "har2"]
    document["benchmark"]["har2"]["bias_bits"] = 6
    assert [one.bias_bits for one in params.check(document).values()] == [16, 6]


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


def test_sequences_of_at_most_131072_steps():
    """As many states of 16 bits fit a sum of 32 bits."""
    assert rules.words(rules.Steps) == "an integer from 1 to 131072"
    assert state_limit(16) << 17 <= UINT32_MAX < state_limit(16) << 18


def test_what_auto_stands_for_without_the_data(document):
    """The width and the rate for good, which no rule from the data replaces."""
    for key in ("hidden_size", "learning_rate"):
        put(document, f"train.{key}", "auto")
    train = params.check(document)["copy"].train
    assert (train.hidden_size, train.learning_rate) == (256, 0.005)

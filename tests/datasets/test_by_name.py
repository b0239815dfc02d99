"""Data sets by name: their settings, their facts, and modules that users add."""

import sys
from pathlib import Path

import pytest
import yaml

from hadamrnn import datasets, params
from hadamrnn.datasets.common import by_name
from hadamrnn.errors import HadamrnnError

SHIPPED = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text(encoding="utf-8"))
NAMES = tuple(SHIPPED["benchmark"])


def refused(name, given, words):
    with pytest.raises(HadamrnnError) as caught:
        by_name.settings_of(name, given)
    assert str(caught.value) == words


@pytest.fixture
def added(tmp_path, monkeypatch):
    """Write a module hadamrnn/datasets/<name>.py in a folder that lies beside the package's."""
    monkeypatch.setattr(datasets, "__path__", [*datasets.__path__, str(tmp_path)])

    def add(name, text):
        monkeypatch.delitem(sys.modules, f"hadamrnn.datasets.{name}", raising=False)
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")

    return add


@pytest.mark.parametrize("name", NAMES)
def test_shipped_settings_are_right_and_every_default_is_too(name):
    settings = by_name.settings_of(name, SHIPPED["benchmark"][name]["data"])
    assert isinstance(settings, params.Data)
    assert by_name.settings_of(name, {}) == by_name.data_of(name)()


@pytest.mark.parametrize("name", NAMES)
def test_settings_are_frozen(name):
    with pytest.raises(AttributeError):
        by_name.settings_of(name, {}).steps = 5


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("copy", {"steps": 19}, "steps: must be an integer from 20 to 131072; got 19"),
        ("copy", {"steps": "banana"}, "steps: must be an integer from 20 to 131072; got 'banana'"),
        ("copy", {"steps": 1000.0}, "steps: must be an integer from 20 to 131072; got 1000.0"),
        (
            "copy",
            {"valid_sequences": 0},
            "valid_sequences: must be an integer from 1 to 100000000; got 0",
        ),
        ("copy", {"data_seed": -1}, "data_seed: must be an integer of at least 0; got -1"),
        (
            "copy",
            {"step": 30},
            "step: is not a key of params.yaml; known here are steps, train_sequences, "
            "valid_sequences, test_sequences, data_seed",
        ),
        ("dsa19", {"steps": 5}, "steps: is not a key of params.yaml; known here are none"),
        (
            "har2",
            {"body_acc_companding": -0.1},
            "body_acc_companding: must be a number of at least 0 and at most 1000; got -0.1",
        ),
        (
            "har2",
            {"body_gyro_companding": float("inf")},
            "body_gyro_companding: must be a number of at least 0 and at most 1000; got inf",
        ),
        ("imdb", {"words": 4}, "words: must be an integer from 5 to 65535; got 4"),
        ("imdb", {"steps": 0}, "steps: must be an integer from 1 to 131072; got 0"),
        (
            "imdb",
            {"valid_reviews": 24_999},
            "valid_reviews: must be an integer from 2 to 24998; got 24999",
        ),
        ("sst2", {"valid_phrases": 1}, "valid_phrases: must be an integer of at least 2; got 1"),
        ("qqp", {"steps": 2}, "steps: must be an integer from 3 to 131072; got 2"),
        (
            "qqp",
            {"valid_pairs": 363_845},
            "valid_pairs: must be an integer from 2 to 363844; got 363845",
        ),
    ],
)
def test_wrong_settings(name, given, words):
    refused(name, given, f"benchmark.{name}.data.{words}")


@pytest.mark.parametrize("name", ["common", "no_such_set"])
def test_a_name_without_a_module(name):
    words = (
        "benchmarks: every name needs a module hadamrnn/datasets/<name>.py, or a type in its "
        "section data; got "
    )
    refused(name, {}, f"{words}{name!r}")


def test_a_module_without_a_model_gets_what_params_yaml_says(added):
    added("own_plain", "def prepare(folder, settings):\n    pass\n")
    given = {"anything": [1, {"deep": None}]}
    assert by_name.settings_of("own_plain", given) == given
    assert by_name.data_of("own_plain") is None


def test_a_module_with_a_model_has_its_settings_checked(added):
    added(
        "own_model",
        """
from typing import Annotated

from pydantic.dataclasses import dataclass

from hadamrnn import params
from hadamrnn.params.rules import whole


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Data(params.Data):
    rate: Annotated[int, whole(1, 100)] = 50


def prepare(folder, settings):
    pass
""",
    )
    assert by_name.settings_of("own_model", {}).rate == 50
    words = "benchmark.own_model.data.rate: must be an integer from 1 to 100; got 0"
    refused("own_model", {"rate": 0}, words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import no_such_library\n", "No module named 'no_such_library'"),
        ("def prepare(:\n", "invalid syntax (own_broken.py, line 1)"),
    ],
)
def test_a_module_that_cannot_be_imported(added, text, words):
    added("own_broken", text)
    start = "hadamrnn/datasets/own_broken.py: must be a module that can be imported; got "
    refused("own_broken", {}, start + words)

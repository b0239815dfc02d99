"""Every key of a section ``data`` with a ``type`` is checked before any work."""

from pathlib import Path

import pytest
import yaml

from hadamrnn import params
from hadamrnn.datasets.common import by_name
from hadamrnn.datasets.formats import settings
from hadamrnn.errors import HadamrnnError

ROOT = Path(__file__).parents[3]
GIVEN = {
    "type": "csv",
    "path": "data/raw/log.csv",
    "columns": {"inputs": ["ax", "ay"], "label": "label", "time": "time"},
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"type": "xls"}, "type: must be one of csv, npz, npy, ts, text; got 'xls'"),
        ({"type": ["csv"]}, "type: must be one of csv, npz, npy, ts, text; got ['csv']"),
        ({"pth": 1}, "pth: is not a key of params.yaml; known here are type, path, task, split, "),
        ({"columns": None}, "columns: must be a mapping; got null"),
        ({"task": "rank"}, "task: must be one of classify, per_step, regress; got 'rank'"),
        (
            {"frame": 0},
            "frame: must be an integer from 1 to 4096, or auto, by a rule from the length of "
            "sequences; got 0",
        ),
        ({"missing": "guess"}, "missing: must be one of refuse, hold, interpolate, drop; got"),
        ({"lengths": "trim"}, "lengths: must be one of mask, cut, pad; got 'trim'"),
        ({"decimal": ";"}, "decimal: must be '.' or ','; got ';'"),
        ({"normalise": "all"}, "normalise: must be per_channel, or null for none; got"),
        ({"window": 5}, "window: must be a mapping, or null for whole sequences; got 5"),
        ({"window": {}}, "window.steps: is missing from params.yaml"),
        ({"window": {"steps": 0}}, "window.steps: must be an integer from 1 to 131072; got 0"),
        (
            {"window": {"steps": 10}, "frame": 3},
            "frame: must divide window.steps=10; got 3",
        ),
        (
            {"window": {"steps": 10, "label": "first"}},
            "window.label: must be one of majority, last, same, mean, or null for the usual "
            "one; got 'first'",
        ),
        (
            {
                "window": {"steps": 10, "max_gap_s": 1},
                "columns": {"inputs": ["ax"], "label": "label"},
            },
            "window.max_gap_s: must be null without columns.time; got 1",
        ),
        (
            {"split": {"test": {"group": [5], "fraction": 0.2}}},
            "split.test: must give one of group, file and fraction; got group, fraction",
        ),
        (
            {"split": {"test": {"fraction": 2}}},
            "split.test.fraction: must be a number greater than 0 and at most 0.9; got 2",
        ),
        (
            {"split": {"valid": {"group": 5}}},
            "split.valid.group: must be a list of groups, names or numbers; got 5",
        ),
        ({"split": {"seed": -1}}, "split.seed: must be an integer of at least 0; got -1"),
    ],
)
def test_wrong_values(changes, words):
    with pytest.raises(HadamrnnError) as caught:
        by_name.settings_of("own", {**GIVEN, **changes})
    assert str(caught.value).startswith(f"benchmark.own.data.{words}")


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (
            {"inputs": []},
            ".inputs: must be a list of one or more columns, names or numbers; got []",
        ),
        ({"inputs": ["ax", 3], "label": "label"}, ": must be all names or all numbers; got ['ax',"),
        ({"inputs": ["ax", "ax"]}, ".inputs: must be different columns; got 'ax' twice"),
        ({"inputs": ["ax"]}, ".label: is missing from params.yaml"),
        ({"inputs": ["ax"], "label": "ax"}, ".label: must be none of the inputs; got 'ax'"),
        (
            {"inputs": ["ax"], "label": 1.5},
            ".label: must be a column's name, its number from 1 in files without a header, "
            "<folder> or <file>; got 1.5",
        ),
    ],
)
def test_wrong_columns(columns, words):
    with pytest.raises(HadamrnnError) as caught:
        settings.read({**GIVEN, "columns": columns}, "data")
    assert str(caught.value).startswith(f"data.columns{words}")


@pytest.mark.parametrize(
    "path", ["/home/logs", "log.csv", "data/prepared/x", "data/raw/../../x", "../data/raw"]
)
def test_files_lie_where_a_change_is_noticed(path):
    with pytest.raises(HadamrnnError, match=r"^data\.path: must lie under data/raw or examples/"):
        settings.read({**GIVEN, "path": path}, "data")


def test_what_is_known_of_the_data_decides_which_options_go_with_it():
    document = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    document["benchmark"]["own"] = {"data": GIVEN, "embedding_size": 8}
    document["benchmarks"] = ["own"]
    words = r"^benchmark\.own\.embedding_size: must be null for a data set whose inputs are numbers"
    with pytest.raises(HadamrnnError, match=words):
        params.check(document, by_name.facts_of)

"""The search for recipes: draws that repeat, rows that are not made twice, people kept apart."""

from types import SimpleNamespace

import numpy as np
import pytest
import yaml

from benchmarks.studies import search, sensor_folds, study
from benchmarks.table import Table
from hadamrnn.datasets.common import splits

SPACE = {
    "benchmark": "copy",
    "set": {"epochs": 1},
    "choices": {"shape": [{"hidden_size": 16, "q": 1}, {"hidden_size": 32, "q": 2}], "fade": [4]},
}
SPACES = search.spaces()


def test_draw_0_takes_the_first_choices_and_a_draw_does_not_depend_on_the_others():
    assert search.draw("x", SPACE, 0) == {"epochs": 1, "hidden_size": 16, "q": 1, "fade": 4}
    drawn = [search.draw("x", SPACE, number) for number in range(12)]
    assert [search.draw("x", SPACE, number) for number in range(12)] == drawn
    assert {(options["hidden_size"], options["q"]) for options in drawn} == {(16, 1), (32, 2)}
    assert drawn != [search.draw("y", SPACE, number) for number in range(12)]


def test_options_come_back_from_their_row():
    options = {"fade": None, "learning_rate": 0.005, "model": "gru", "finer_classes": False, "q": 4}
    assert search.options_of(search.text(options)) == options


@pytest.mark.parametrize("name", SPACES)
def test_every_draw_of_a_space_is_a_recipe(name):
    for number in range(20):
        options = search.draw(name, SPACES[name], number)
        settings = search.settings_of(SPACES[name]["benchmark"], options, 7)
        assert settings.seed == 7 and not settings.train.train_on_validation
        assert settings.train.hidden_size == options["hidden_size"]


def test_the_best_rows_are_tried_with_more_seeds(tmp_path):
    table = Table(tmp_path / "search.csv", search.COLUMNS)
    for options, seed, accuracy in (("a=1", 1, 90), ("a=2", 1, 92), ("a=2", 2, 86), ("a=3", 1, 91)):
        table.append({"space": "x", "options": options, "seed": seed, "accuracy": accuracy})
    assert search.best(table.rows(), "x", 2) == ["a=3", "a=1"]
    cases = list(search.cases("x", SPACE, 0, 1, [2, 3], table))
    assert [(case["options"], case["seed"]) for case in cases] == [("a=3", 2), ("a=3", 3)]
    assert list(search.summary(table.rows()))[-1] == "| x | `a=2` | 2 | 89.0 ± 4.2 % |  |"


def test_data_without_people_are_scored_on_validation_rows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = SimpleNamespace(best={"valid_accuracy": 0.5})
    monkeypatch.setattr(study, "train", lambda settings: result)
    found = search.score(SimpleNamespace(benchmark="copy"))
    assert (found["accuracy"], found["folds"]) == (50, "50.00")


def test_people_of_a_fold_are_not_trained_on_and_test_rows_not_read(tmp_path, monkeypatch):
    signals = np.arange(16, dtype=np.float32)[:, None, None] * np.ones((16, 3, 2), np.float32)
    people = np.arange(16, dtype=np.uint8) // 2
    rows = {"train": np.arange(10), "valid": np.arange(10, 14), "test": np.arange(14, 16)}
    arrays, raw = splits.sensor_splits(signals, people % 2, people, rows)
    output = {"size": 2, "names": ["a", "b"], "per_step": False}
    splits.write(tmp_path, arrays, {"output": output, "raw": raw})
    for path in tmp_path.glob("test_*"):
        path.unlink()
    seen = []

    def fold_fit(settings, card, signals, targets, held_out):
        seen.append({int(row[0, 0].round()) // 2 for row in signals[held_out]})
        left = {int(row[0, 0].round()) // 2 for row in signals[~held_out]}
        assert not seen[-1] & left and len(targets) == 14
        return None, SimpleNamespace(history=[{"valid_accuracy": 0.25}])

    monkeypatch.setattr(sensor_folds, "fold_fit", fold_fit)
    monkeypatch.setattr(sensor_folds, "model_bytes", lambda *_: 1)
    settings = SimpleNamespace(train=SimpleNamespace(finer_classes=False))
    assert sensor_folds.accuracies(settings, tmp_path) == ([25.0] * 4, 1)
    assert set.union(*seen) == set(range(7)) and sum(map(len, seen)) == 7


def test_the_committed_rows_are_of_known_spaces():
    rows = Table(search.PATH, search.COLUMNS).rows()
    assert {row["space"] for row in rows} <= set(SPACES)
    for row in rows:
        assert yaml.safe_load(row["seed"]) in range(1, 10) and search.options_of(row["options"])

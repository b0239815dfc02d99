"""Own data with a class at each step, or a number for each sequence; what users get wrong."""

import numpy as np
import pytest

from hadamrnn.prepared.numbers import target_units
from tests.datasets.formats.conftest import COLUMNS, log
from tests.datasets.formats.test_archives import SPLIT, TS, archives, arrays_of

__all__ = ["archives"]  # a fixture
NUMBER = {**COLUMNS, "label": "ay"} | {"inputs": ["ax"]}
STEPS = {"task": "per_step"}
REGRESS = {"task": "regress", "columns": NUMBER}


def walk(people="abc", steps=12):
    """Lines in which each person changes the class every 3 readings, without a gap."""
    lines, k = ["time,ax,ay,label,person"], 0
    for person in people:
        for step in range(steps):
            lines.append(f"{k / 10:.1f},{k},{-k / 2},{'up' if step // 3 % 2 else 'down'},{person}")
            k += 1
        k += 50
    return lines


def test_every_reading_has_its_class(project):
    project.write(walk())
    arrays, card = project.prepare(**STEPS)
    assert card["output"] == {"size": 2, "names": ["down", "up"], "per_step": True}
    assert arrays["test_targets"].tolist() == [[0, 0, 0, 1], [1, 1, 0, 0], [0, 1, 1, 1]]
    assert card["class_counts"] == {part: [6, 6] for part in ("train", "valid", "test")}
    assert card["raw"]["hop"] == 4


def test_overlapping_windows_are_trained_on_but_score_each_reading_once(project):
    project.write(walk())
    window = {"steps": 4, "hop": 1}
    arrays, _ = project.prepare(**STEPS, window=window)
    assert {part: len(arrays[f"{part}_targets"]) for part in ("train", "valid", "test")} == {
        "train": 9,
        "valid": 3,
        "test": 3,
    }
    with_overlap, _ = project.prepare(window=window)
    assert len(with_overlap["test_targets"]) == 9  # a class for each window: all of them count


@pytest.mark.parametrize(("label", "expected"), [("majority", [0, 0, 1]), ("last", [0, 1, 1])])
def test_a_step_of_several_readings_has_one_class(project, label, expected):
    project.write(walk(steps=6))
    window = {"steps": 6, "label": label}
    arrays, _ = project.prepare(**STEPS, window=window, frame=2)
    assert arrays["test_targets"].tolist() == [expected]  # the second step is half down, half up


def test_unequal_sequences_end_where_they_end(project):
    project.write(walk("ab", 12) + walk("c", 7)[1:])
    columns = {key: COLUMNS[key] for key in ("inputs", "label", "group")}
    arrays, card = project.prepare(**STEPS, window=None, columns=columns, lengths="mask")
    assert arrays["test_lengths"].tolist() == [7]
    assert arrays["test_targets"].tolist() == [[0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]]
    assert card["class_counts"]["test"] == [4, 3]
    cut, card = project.prepare(**STEPS, window=None, columns=columns, lengths="cut")
    assert cut["train_targets"].shape == (1, 7) and card["class_counts"]["train"] == [4, 3]
    assert project.refused(**STEPS, window=None, columns=columns) == (
        "benchmark.own.data.lengths: must be mask or cut for task per_step, since padding has no "
        "class; got 'pad' with sequences of 7 to 12 steps"
    )


@pytest.mark.parametrize(("label", "of_first"), [(None, -0.75), ("mean", -0.75), ("last", -1.5)])
def test_numbers_of_windows(project, label, of_first):
    project.write(log())
    arrays, card = project.prepare(**REGRESS, window={"steps": 4, "label": label})
    assert arrays["train_targets"].dtype == np.float64 and arrays["train_targets"][0] == of_first
    assert card["output"]["names"] == ["ay"] and card["output"]["size"] == 1
    units = target_units(card)
    standard = units.standard(arrays["train_targets"])
    assert standard.shape == (8, 1) and abs(standard.mean()) < 1e-5
    assert standard.std() == pytest.approx(1, abs=1e-5)
    assert card["target_statistics"]["train"] == [units.zero, units.scale]


def test_numbers_of_files(project):
    """A file is a sequence, and its name without ending the target."""
    for k in range(10):
        project.write(["ax,ay", f"{k},1", f"{k + 1},2"], f"{k}.5.csv")
    columns = {"inputs": ["ax", "ay"], "label": "<file>"}
    changes = {"task": "regress", "path": "data/raw", "columns": columns, "window": None}
    arrays, card = project.prepare(**changes, split={})
    found = [v for part in card["counts"] for v in arrays[f"{part}_targets"]]
    assert sorted(found) == [k + 0.5 for k in range(10)]
    assert card["output"]["names"] == ["target"]


def test_fractions_take_small_and_large_numbers_alike(project):
    for k in range(20):
        project.write(["ax,ay", f"{k},1", f"{k + 1},2"], f"{k}.csv")
    columns = {"inputs": ["ax", "ay"], "label": "<file>"}
    changes = {"task": "regress", "path": "data/raw", "columns": columns, "window": None}
    split = {"test": {"fraction": 0.25}, "valid": {"fraction": 0.2}}
    arrays, _ = project.prepare(**changes, split=split)
    assert sorted(arrays["test_targets"] // 4) == [0, 1, 2, 3, 4]


def test_rows_without_a_target_end_a_recording(project):
    lines = log()
    lines[3] = lines[3].replace(",-1.0,", ",,")
    project.write(lines)
    arrays, card = project.prepare(**REGRESS)
    assert card["recordings"] == 7 and len(arrays["train_targets"]) == 2 + 4


def test_arrays_of_numbers_and_of_steps(archives):
    split = {"test": {"group": [4]}, "valid": {"group": [1]}}
    labels = np.linspace(0, 9, 10)
    given = arrays_of(archives, labels=labels)
    arrays, card = archives.prepare(**given, task="regress", groups="people", split=split)
    assert arrays["test_targets"].tolist() == [8, 9] and card["output"]["names"] == ["target"]
    labels = np.tile(np.array(["up", "down"]), (10, 3))
    given = arrays_of(archives, labels=labels)
    arrays, card = archives.prepare(**given, **STEPS, groups="people", split=split)
    assert arrays["test_targets"].tolist() == [[1, 0] * 3] * 2
    assert card["class_counts"]["test"] == [6, 6]


def test_archives_of_numbers(archives):
    lines = [line.replace("@classLabel true up down", "@targetLabel true") for line in TS]
    lines = [line.replace(":up", f":{k}").replace(":down", f":{k}") for k, line in enumerate(lines)]
    archives.write(lines, "moves.ts")
    arrays, _ = archives.prepare(type="ts", path="data/raw", task="regress")
    found = sorted(v for part in ("train", "valid", "test") for v in arrays[f"{part}_targets"])
    assert found == [*range(5, 15)]
    assert archives.refused(type="ts", path="data/raw") == (
        "data/raw/moves.ts: @targetlabel must be false for task classify; got true"
    )
    archives.write(TS, "moves.ts")
    assert archives.refused(type="ts", path="data/raw", task="regress") == (
        "data/raw/moves.ts: @classlabel must be false for task regress; got true"
    )
    archives.write([lines[4], *lines[5:8], "1,2:3,4:tall"], "moves.ts")
    assert archives.refused(type="ts", path="data/raw", task="regress") == (
        "data/raw/moves.ts: row 5: must end in a finite number for task regress; got 'tall'"
    )


def without_up_in_training():
    """A log in which person c alone goes up."""
    return [line if line.endswith("c") else line.replace("up", "down") for line in log()]


@pytest.mark.parametrize(
    ("lines", "changes", "words"),
    [
        (
            log(),
            {"task": "regress", "columns": NUMBER | {"label": "age"}},
            "data/raw/log.csv: must have one column age; got time, ax, ay, label, person",
        ),
        (
            log(),
            {"task": "regress", "columns": NUMBER | {"label": None}},
            "benchmark.own.data.columns.label: is missing from params.yaml",
        ),
        (
            log(),
            {"task": "regress"},
            "data/raw/log.csv: row 2, column label: must be a finite number; got 'up'",
        ),
        (
            [line.replace(",-1.0,", ",NaN,") for line in log()],
            REGRESS,
            "data/raw/log.csv: row 4, column ay: must be a finite number, or empty where the "
            "target is not known; got 'NaN'",
        ),
        (
            [line.replace(",-1.0,", ",inf,") for line in log()],
            REGRESS,
            "data/raw/log.csv: row 4, column ay: must be a finite number; got 'inf'",
        ),
        (
            [line.rsplit(",", 3)[0] + ",7,up," + line[-1] for line in log()[1:]],
            REGRESS | {"columns": {"time": 1, "inputs": [2], "label": 3, "group": 5}},
            "benchmark.own.data: the target 3 must vary in the training rows; got 7 alone",
        ),
        (
            [line.replace(",up", ",1e9").replace(",down", ",1000000001") for line in log()],
            REGRESS | {"columns": NUMBER | {"label": "label"}},
            "benchmark.own.data: the target label must lie within 10,000 of its deviations from 0, "
            "since models compute in 32 bits (subtract a constant); got a mean of 1e+09 and a "
            "deviation of 0.5",
        ),
        (
            log(),
            REGRESS | {"columns": NUMBER | {"inputs": ["ax", "ay"]}},
            "benchmark.own.data.columns.label: must be none of the inputs; got 'ay'",
        ),
        (
            log(),
            REGRESS | {"window": {"steps": 4, "label": "majority"}},
            "benchmark.own.data.window.label: must be one of mean, last, same for task regress; "
            "got 'majority'",
        ),
        (
            log(),
            REGRESS | {"window": None},
            "data/raw/log.csv: row 3: must have the label 0.0 of its whole sequence "
            "(columns.sequence or a window tells where one ends); got -0.5",
        ),
        (
            log(),
            STEPS | {"window": {"steps": 4, "label": "same"}},
            "benchmark.own.data.window.label: must be one of majority, last for task per_step; "
            "got 'same'",
        ),
        (
            without_up_in_training(),
            STEPS,
            "benchmark.own.data.split: must leave steps of every class to train on; got none of "
            "['up']",
        ),
        (
            [line.replace(",up,", ",,").replace(",down,", ",,") for line in log()],
            STEPS,
            "data/raw/log.csv: must hold rows with a label; got none",
        ),
        (
            [line.replace("down", "up") for line in log()],
            STEPS,
            "benchmark.own.data: must have two classes or more; got ['up']",
        ),
        (
            log(),
            STEPS | {"window": {"steps": 11}},
            "benchmark.own.data.split: must leave recordings of 11 steps or more for train; got "
            "none",
        ),
    ],
)
def test_what_users_get_wrong(project, lines, changes, words):
    project.write(lines)
    assert project.refused(**changes) == words


@pytest.mark.parametrize(
    ("labels", "task", "words"),
    [
        (
            np.array(["up", "down"] * 5),
            "regress",
            "labels must hold one number for each of the 10 sequences for task regress; got <U4 "
            "of (10,)",
        ),
        (
            np.array([0, 1, np.nan] + [2] * 7),
            "regress",
            "row 3 of labels: must be a finite number; got nan",
        ),
        (
            np.array(["up", "down"] * 5),
            "per_step",
            "labels must hold one text or integer for each of the 6 steps of the 10 sequences for "
            "task per_step; got <U4 of (10,)",
        ),
    ],
)
def test_arrays_that_are_no_targets(archives, labels, task, words):
    message = archives.refused(**arrays_of(archives, labels=labels), task=task, split=SPLIT)
    assert message == f"data/raw/moves.npz: {words}"


@pytest.mark.parametrize("kind", ["ts", "text"])
def test_files_without_a_label_for_each_step(archives, kind):
    archives.write(TS, "moves.ts")
    message = archives.refused(type=kind, path="data/raw", task="per_step")
    rule = "classify or regress for type ts, whose sequences have one label each"
    rule = rule if kind == "ts" else "classify for type text"
    assert message == f"benchmark.own.data.task: must be {rule}; got 'per_step'"

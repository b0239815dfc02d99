"""From tables to prepared arrays: recordings, windows, splits, scales; what is wrong is found."""

import numpy as np
import pytest

from hadamrnn.prepared.coding import Coding
from tests.datasets.formats.conftest import COLUMNS, log


def test_windows_keep_the_readings_and_cross_no_gap(project):
    """Two recordings of ten readings a person: windows of 4 start at 0, 2, 4 and 6 of each."""
    project.write(log())
    arrays, card = project.prepare()
    starts = [0, 2, 4, 6, 10, 12, 14, 16]
    for person, split in enumerate(("train", "valid", "test")):
        expected = 20 * person + np.array(starts)[:, None] + np.arange(4)
        values = arrays[f"{split}_inputs"]
        np.testing.assert_allclose(values[..., 0], expected, atol=1e-4)
        np.testing.assert_allclose(values[..., 1], -expected / 2, atol=1e-4)
        assert arrays[f"{split}_targets"].tolist() == [1, 1, 1, 1, 0, 0, 0, 0]
    assert card["output"]["names"] == ["down", "up"] and card["channels"] == ["ax", "ay"]
    assert card["steps"] == 4 and card["recordings"] == 6 and "test_lengths.npy" not in card


def test_scales_come_from_training_rows_alone(project):
    project.write(log())
    arrays, card = project.prepare()
    train = Coding.from_card(card).decode(arrays["train_inputs"]).astype(np.float64)
    np.testing.assert_allclose(train.mean(axis=(0, 1)), 0, atol=1e-5)
    np.testing.assert_allclose(train.std(axis=(0, 1)), 1, atol=1e-5)
    assert (card["raw"]["rate_hz"], card["raw"]["hop"]) == (10, 2)
    plain, card = project.prepare(normalise=None)
    seen = Coding.from_card(card).decode(plain["train_inputs"])
    assert seen[0, :, 0].tolist() == [0, 1, 2, 3]


def test_equal_files_give_equal_bytes(project):
    project.write(log())
    assert project.prepare()[1] == project.prepare()[1]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(",", ";"),
        lambda text: text.replace(",", "\t"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\n\n", 3),
        lambda text: text.replace(",", ", "),
        lambda text: text.rstrip("\n"),
        lambda text: "\n\n" + text,
        lambda text: text.replace("up", '"up"'),
    ],
)
def test_what_loggers_and_spreadsheets_write(project, change):
    text = "".join(f"{line}\n" for line in log())
    project.write(text)
    expected, _ = project.prepare()
    project.write(change(text))
    arrays, _ = project.prepare()
    assert all((arrays[name] == expected[name]).all() for name in expected)


def test_decimal_commas(project):
    project.write(log())
    expected, _ = project.prepare()
    project.write([line.replace(",", ";").replace(".", ",") for line in log()])
    arrays, _ = project.prepare(decimal=",")
    assert (arrays["test_inputs"] == expected["test_inputs"]).all()


def test_files_without_a_header_have_numbered_columns(project):
    project.write(log())
    expected, _ = project.prepare()
    project.write(log()[1:])
    columns = {"time": 1, "inputs": [2, 3], "label": 4, "group": 5}
    arrays, card = project.prepare(columns=columns)
    assert (arrays["test_inputs"] == expected["test_inputs"]).all()
    assert card["channels"] == ["2", "3"]


def test_times_may_be_dates_or_milliseconds(project):
    project.write(log())
    expected, _ = project.prepare()
    for change, unit in (
        (lambda t: f"2024-05-31T12:{int(t) // 60:02}:{t % 60:05.2f}", "s"),
        (lambda t: str(round(1000 * t)), "ms"),
    ):
        lines = log()
        cells = [line.split(",", 1) for line in lines[1:]]
        project.write([lines[0], *(f"{change(float(time))},{rest}" for time, rest in cells)])
        arrays, _ = project.prepare(columns={**COLUMNS, "time_unit": unit})
        assert (arrays["test_inputs"] == expected["test_inputs"]).all()


def test_one_file_a_sequence_named_by_its_folder(project):
    """Whole files of one length; the folder is the class."""
    for label in ("up", "down"):
        for number in range(10):
            lines = ["ax,ay", *(f"{number + k},{k}" for k in range(6))]
            project.write(lines, f"{label}/{number}.csv")
    arrays, card = project.prepare(
        path="data/raw",
        columns={"inputs": ["ax", "ay"], "label": "<folder>"},
        window=None,
        split={"test": {"fraction": 0.3}, "valid": {"fraction": 0.25}},
    )
    assert card["output"]["names"] == ["down", "up"] and card["steps"] == 6
    shares = {split: np.bincount(arrays[f"{split}_targets"]) for split in card["counts"]}
    assert {split: counts.tolist() for split, counts in shares.items()} == {
        "test": [3, 3],
        "valid": [2, 2],
        "train": [5, 5],
    }
    assert card["files"] == 20


def test_a_column_tells_sequences_apart_whose_rows_are_mixed(project):
    lines = ["id,ax,label"]
    for step in range(3):
        lines += [f"{key},{10 * key + step},{'ab'[key % 2]}" for key in range(8)]
    project.write(lines)
    arrays, card = project.prepare(
        columns={"inputs": ["ax"], "label": "label", "sequence": "id"}, window=None, split={}
    )
    values = [arrays[f"{s}_inputs"] for s in ("train", "valid", "test")]
    found = np.sort(np.concatenate(values)[..., 0].round(3).tolist(), axis=0)
    assert found.tolist() == [[10 * key + step for step in range(3)] for key in range(8)]


def test_frames_put_readings_side_by_side(project):
    project.write(log())
    plain, _ = project.prepare()
    framed, card = project.prepare(frame=2)
    assert framed["test_inputs"].shape == (8, 2, 4) and card["input"]["size"] == 4
    assert (framed["test_inputs"].reshape(8, 4, 2) == plain["test_inputs"]).all()


@pytest.mark.parametrize(
    ("rule", "expected"), [("majority", [1, 1, 0, 0]), ("last", [1, 0, 0, 0]), ("same", [1, 0])]
)
def test_labels_of_windows_that_cross_a_change(project, rule, expected):
    """Nine readings of up, then of down: windows of 6, one every 4, start at 0, 4, 8 and 12."""
    lines = ["ax,label,person"]
    for person in "abc":
        lines += [f"{k},{'up' if k < 9 else 'down'},{person}" for k in range(18)]
    project.write(lines)
    columns = {"inputs": ["ax"], "label": "label", "group": "person"}
    arrays, _ = project.prepare(columns=columns, window={"steps": 6, "hop": 4, "label": rule})
    assert arrays["test_targets"].tolist() == expected


def test_rows_without_a_label_belong_to_no_window(project):
    lines = log()
    lines[3] = lines[3].replace("up", "")
    project.write(lines)
    arrays, card = project.prepare()
    starts = arrays["train_inputs"][:, 0, 0].round(3)
    assert starts.tolist() == [3, 5, 10, 12, 14, 16]


# --- missing readings


def holes(lines, *cells):
    """The lines with the numbers of some rows (from 1, the header included) left out."""
    return [
        ",".join(["" if (row, place) in cells else c for place, c in enumerate(line.split(","))])
        for row, line in enumerate(lines, 1)
    ]


def first_recording(project, **changes):
    arrays, card = project.prepare(window={"steps": 10, "hop": 10}, **changes)
    return arrays["train_inputs"][0, :, 0].round(3).tolist()


def test_missing_readings_are_refused_by_their_place(project):
    project.write(holes(log(), (5, 2)))
    assert project.refused() == (
        "data/raw/log.csv: row 5, column ay: must hold a number where missing is refuse (hold, "
        "interpolate and drop allow empty cells); got an empty cell"
    )


def test_missing_readings_held_and_interpolated(project):
    project.write(holes(log(), (2, 1), (5, 1), (6, 1), (11, 1)))
    assert first_recording(project, missing="hold") == [1, 1, 2, 2, 2, 5, 6, 7, 8, 8]
    assert first_recording(project, missing="interpolate") == [1, 1, 2, 3, 4, 5, 6, 7, 8, 8]


def test_missing_readings_dropped_end_a_recording(project):
    project.write(holes(log(), (5, 1), (6, 2)))
    arrays, card = project.prepare(missing="drop")
    starts = arrays["train_inputs"][:, 0, 0].round(3).tolist()
    assert starts == [5, 10, 12, 14, 16]


def test_a_channel_without_any_reading(project):
    project.write(holes(log(), *((row, 1) for row in range(2, 12))))
    words = "data/raw/log.csv: column ax must hold a number in rows 2 to 11; got none"
    assert project.refused(missing="hold") == words


# --- what is wrong with a file


@pytest.mark.parametrize(
    ("row", "cell", "words"),
    [
        (7, "1.2.3", "row 7, column ax: must be a finite number; got '1.2.3'"),
        (7, "inf", "row 7, column ax: must be a finite number; got 'inf'"),
        (2, "1,2", "row 2 must have 5 cells as the first; got 6"),
        (7, "1,2", "row 7 must have 5 cells as the first; got 6"),
    ],
)
def test_wrong_cells_are_named(project, row, cell, words):
    lines = log()
    cells = lines[row - 1].split(",")
    lines[row - 1] = ",".join([cells[0], cell, *cells[2:]])
    project.write(lines)
    assert project.refused() == f"data/raw/log.csv: {words}"


def test_rows_are_counted_with_empty_lines(project):
    lines = log()
    lines[6] = lines[6].replace(",5,", ",five,")
    project.write([lines[0], "", "", *lines[1:]])
    assert "row 9, column ax: must be a finite number; got 'five'" in project.refused()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"columns": {**COLUMNS, "inputs": ["ax", "az"]}},
            "data/raw/log.csv: must have one column az; got time, ax, ay, label, person",
        ),
        (
            {"window": {"steps": 4, "rate_hz": 25}},
            "data/raw/log.csv: must be recorded at window.rate_hz=25 readings a second within 5 %; "
            "got 10",
        ),
        (
            {"split": {"test": {"group": ["z"]}}},
            "benchmark.own.data.split.test.group: must be among ['a', 'b', 'c'] (columns.group); "
            "got 'z'",
        ),
        (
            {"split": {"test": {"file": "*_test.csv"}}},
            "benchmark.own.data.split.test.file: must match the name of a file; got '*_test.csv'",
        ),
        (
            {"split": {"test": {"group": ["a", "b", "c"]}}},
            "benchmark.own.data.split.test: must leave recordings for every split; of 6 none is "
            "left to train on",
        ),
        (
            {"window": {"steps": 11}},
            "benchmark.own.data.split: must leave recordings of 11 steps or more for train; got "
            "none",
        ),
        (
            {"window": None, "columns": {"inputs": ["ax"], "label": "label"}, "split": {}},
            "data/raw/log.csv: row 12: must have the label 'up' of its whole sequence "
            "(columns.sequence or a window tells where one ends); got 'down'",
        ),
        (
            {"columns": {**COLUMNS, "time": "label", "label": "person", "group": None}},
            "data/raw/log.csv: row 2, column label: must be a time, in numbers or as "
            "2024-05-31T12:00:00.5; got 'up'",
        ),
        ({"path": "data/raw/none"}, "data/raw/none: must name files that exist; got none"),
        ({"path": "data/raw/*.tsv"}, "data/raw/*.tsv: must name files that exist; got none"),
    ],
)
def test_what_does_not_fit_the_file(project, changes, words):
    project.write(log())
    assert project.refused(**changes) == words


def test_a_class_that_is_never_trained_on(project):
    lines = log()
    lines[-1] = lines[-1].replace("down", "left")
    project.write([*lines, *log("c", ("left",), first=100)[1:]])
    words = "must leave sequences of every class to train on; got none of ['left']"
    assert words in project.refused()


def test_an_input_that_never_changes(project):
    cells = [line.split(",") for line in log()]
    project.write([",".join([c[0], "3" if c[1] != "ax" else "ax", *c[2:]]) for c in cells])
    assert project.refused() == (
        "benchmark.own.data: every input must vary in the training rows where normalise is "
        "per_channel; got 3 alone in ax"
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "must hold a table; got an empty file"),
        (b"\xff\xfe\x00", "must be text in UTF-8; got the byte 0xff"),
        (b"time,ax,ay,label,person\n", "must hold at least one row of readings; got none"),
    ],
)
def test_files_that_are_no_tables(project, content, words):
    project.write(content)
    assert project.refused() == f"data/raw/log.csv: {words}"

"""Sequences in .npz and .ts files."""

import numpy as np
import pytest

TS = [
    "# a comment",
    "@problemName Moves",
    "@timeStamps false",
    "@classLabel true up down",
    "@data",
    *(f"{k},{k + 1},{k + 2}:{-k},0,{k}:{'up' if k % 2 else 'down'}" for k in range(10)),
]
SPLIT = {"test": {"fraction": 0.2}, "valid": {"fraction": 0.25}}


@pytest.fixture
def archives(project):
    """A project whose section has nothing of a table's."""
    for key in ("columns", "window"):
        del project.data[key]
    project.data |= {"split": SPLIT}
    return project


def arrays_of(project, **changes):
    path = project.folder / "data/raw/moves.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    found = {
        "inputs": np.arange(120.0).reshape(10, 6, 2),
        "labels": np.array(["up", "down"] * 5),
        "people": np.repeat(np.arange(5), 2),
    }
    np.savez(path, **{k: v for k, v in {**found, **changes}.items() if v is not None})
    return {"type": "npz", "path": "data/raw/moves.npz"}


def test_arrays(archives):
    split = {"test": {"group": [4]}, "valid": {"group": [1]}}
    arrays, card = archives.prepare(**arrays_of(archives), groups="people", split=split)
    assert arrays["test_inputs"].tolist() == np.arange(96.0, 120.0).reshape(2, 6, 2).tolist()
    assert arrays["test_targets"].tolist() == [1, 0] and card["output"]["names"] == ["down", "up"]
    assert arrays["train_groups"].tolist() == [0, 0, 2, 2, 3, 3]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"labels": None}, "must have an array labels; got inputs, people"),
        ({"labels": np.arange(9)}, "labels must hold one text or integer for each of the 10 seq"),
        ({"labels": np.linspace(0, 1, 10)}, "labels must hold one text or integer for each of"),
        ({"inputs": np.zeros(10)}, "inputs must hold numbers of shape (sequences, time, channels)"),
        ({"inputs": np.full((10, 6, 2), np.inf)}, "row 1, step 1, column 1: must be a finite"),
    ],
)
def test_arrays_that_do_not_fit(archives, changes, words):
    message = archives.refused(**arrays_of(archives, **changes))
    assert message.startswith(f"data/raw/moves.npz: {words}")


def test_what_is_no_archive(archives):
    archives.write(b"PK\x03\x04 damaged", "moves.npz")
    message = archives.refused(type="npz", path="data/raw/moves.npz")
    assert message.startswith("data/raw/moves.npz: must be an archive of arrays (.npz); got ")


def test_sequences_of_an_archive(archives):
    archives.write(TS, "moves.ts")
    arrays, card = archives.prepare(type="ts", path="data/raw")
    rows = np.concatenate([arrays[f"{split}_inputs"] for split in card["counts"]])
    assert sorted(rows[:, 0, 0].tolist()) == [*range(10)]
    assert all(
        row.T.tolist() == [[k, k + 1, k + 2], [-k, 0, k]] for row in rows for k in row[0, :1]
    )
    assert card["channels"] == ["1", "2"] and card["output"]["names"] == ["down", "up"]


def test_given_parts_of_an_archive_and_unequal_lengths(archives):
    """The test file is another one; a third of it trains on nothing. Behind stands the mean."""
    archives.write(TS, "moves_TRAIN.ts")
    archives.write([*TS[:5], "1,2:3,4:up", "5,6,7,8:9,10,11,12:down"], "moves_TEST.ts")
    data = {"type": "ts", "path": "data/raw"}
    split = {"test": {"file": "*_TEST.ts"}, "valid": {"fraction": 0.2}}
    arrays, card = archives.prepare(**data, split=split)
    assert card["steps"] == 4 and arrays["test_inputs"].shape == (2, 4, 2)
    short = arrays["test_inputs"][0]
    assert short[:2].tolist() == [[1, 3], [2, 4]]
    np.testing.assert_allclose(short[2:], [card["raw"]["zero"]] * 2, rtol=1e-6)
    arrays, card = archives.prepare(**data, split=split, lengths="cut")
    assert card["steps"] == 2 and arrays["test_inputs"][1].tolist() == [[5, 9], [6, 10]]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("1,2,x:3,4,5:up", "row 8, channel 1, reading 3: must be a finite number, or ? for a mis"),
        ("1,2,3:3,4:up", "row 8, channel 2 must have 3 readings as the first; got 2"),
        ("1,2,3:up", "row 8: must have 2 channels as the first sequence; got 1"),
        ("1,2,3", "row 8 must hold channels and a class, separated by colons; got '1,2,3'"),
        ("1,?,3:3,4,5:up", "row 8, column 1: must hold a number where missing is refuse"),
    ],
)
def test_wrong_lines(archives, line, words):
    archives.write([*TS[:7], line, *TS[7:]], "moves.ts")
    message = archives.refused(type="ts", path="data/raw/moves.ts")
    assert message.startswith(f"data/raw/moves.ts: {words}")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["1,2:up"], "row 1 must begin with @ or # in front of @data; got '1,2:up'"),
        (["@data"], "must have lines of readings behind @data; got none"),
        (["@timeStamps true", "@data", "1:up"], "@timestamps must be false; got true"),
    ],
)
def test_files_of_another_form(archives, lines, words):
    archives.write(lines, "moves.ts")
    message = archives.refused(type="ts", path="data/raw/moves.ts")
    assert message == f"data/raw/moves.ts: {words}"

"""Folders of texts, tables with a column of texts, and arrays in files of their own."""

import numpy as np
import pytest

from hadamrnn import params
from hadamrnn.datasets.common import by_name

SPLIT = {"test": {"file": "test*"}, "valid": {"file": "valid*"}}
TEXTS = {
    "good/train1.txt": "Good, good film; it's fine!",
    "good/valid1.txt": "Good once more",
    "good/test1.txt": "good bad unknown",
    "bad/train1.txt": "A bad film",
    "bad/train2.txt": "bad",
    "bad/valid1.txt": "",
    "bad/test1.txt": "A bad, bad film: film",
}
TEXT = {"type": "text", "path": "data/raw/texts", "steps": 4, "split": SPLIT}


@pytest.fixture
def folder(project):
    """A project with a folder of texts for each class."""
    project.data = dict(TEXT)
    for name, text in TEXTS.items():
        project.write(text, f"texts/{name}")
    return project


def test_words_are_ids_by_their_frequency_in_training(folder):
    arrays, card = folder.prepare()
    # bad, film, good twice each, then a, fine, it's: 2 to 7; 1 is a word that is unknown.
    assert card["vocabulary"] == ["bad", "film", "good", "a", "fine", "it's"]
    assert arrays["train_inputs"].tolist() == [[0, 5, 2, 3], [0, 0, 0, 2], [4, 3, 7, 6]]
    assert arrays["train_targets"].tolist() == [0, 0, 1]
    assert arrays["test_inputs"].tolist() == [[2, 2, 3, 3], [0, 4, 2, 1]]
    assert arrays["valid_inputs"].tolist() == [[0, 0, 0, 0], [0, 4, 1, 1]]
    assert card["input"] == {"kind": "symbol", "size": 8, "scale": 1.0, "offset": 0.0}
    assert card["output"]["names"] == ["bad", "good"]


def test_rare_words_are_left_out_of_the_vocabulary(folder):
    arrays, card = folder.prepare(words=4)
    assert card["vocabulary"] == ["bad", "film"] and card["input"]["size"] == 4
    assert arrays["train_inputs"].max() == 3


def test_characters(folder):
    arrays, card = folder.prepare(unit="character")
    number = {symbol: 2 + k for k, symbol in enumerate(card["vocabulary"])}
    assert arrays["train_inputs"][1].tolist() == [0, *(number[c] for c in "bad")]


def test_a_table_of_texts(project):
    lines = ["review,stars,who", *(f'"a {k % 2} film, {k}",{k % 2},{k % 5}' for k in range(20))]
    project.write(lines, "reviews.csv")
    project.data = {
        **TEXT,
        "path": "data/raw/reviews.csv",
        "columns": {"text": "review", "label": "stars", "group": "who"},
        "split": {"test": {"group": [4]}, "valid": {"group": [0]}},
    }
    arrays, card = project.prepare()
    assert card["counts"] == {"train": 12, "valid": 4, "test": 4}
    assert card["groups"] == ["0", "1", "2", "3", "4"] and {*arrays["test_groups"]} == {4}
    project.data["columns"]["text"] = "words"
    assert project.refused() == (
        "data/raw/reviews.csv: must have one column words; got review, stars, who"
    )


def test_texts_have_an_embedding():
    facts = by_name.facts_of("own", {**TEXT})
    assert facts == params.Facts(symbols=True)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"words": 2}, "benchmark.own.data.words: must be an integer from 3 to 65535; got 2"),
        ({"unit": "byte"}, "benchmark.own.data.unit: must be one of word, character; got 'byte'"),
        (
            {"columns": {"text": "a"}},
            "benchmark.own.data.columns.label: is missing from params.yaml",
        ),
        (
            {"split": {"test": {"file": "test*"}, "valid": {"file": "*1.txt"}}},
            "benchmark.own.data.split: must leave texts of every class to train on; got none of "
            "['good']",
        ),
    ],
)
def test_what_is_refused(folder, changes, words):
    assert folder.refused(**changes) == words


def test_bytes_that_are_no_text(folder):
    folder.write(b"caf\xe9", "texts/good/train2.txt")
    words = "data/raw/texts/good/train2.txt: must be text in UTF-8; got the byte 0xe9"
    assert folder.refused() == words


@pytest.fixture
def arrays(project):
    """A project with X.npy and y.npy."""
    for key in ("columns", "window"):
        del project.data[key]
    project.data |= {"type": "npy", "path": "data/raw/moves"}
    project.data["split"] = {"test": {"fraction": 0.2}, "valid": {"fraction": 0.25}}
    save(project, X=np.arange(120.0).reshape(10, 6, 2), y=np.array(["up", "down"] * 5))
    return project


def save(project, **arrays):
    folder = project.folder / "data/raw/moves"
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)


def test_arrays_in_files_of_their_own(arrays):
    found, card = arrays.prepare()
    assert card["counts"] == {"train": 6, "valid": 2, "test": 2} and card["steps"] == 6
    assert sorted(found["train_inputs"][:, 0, 0])[0] % 12 == 0
    save(arrays, people=np.repeat(np.arange(5), 2))
    split = {"test": {"group": [4]}, "valid": {"group": [1]}}
    found, card = arrays.prepare(groups="people.npy", split=split)
    assert found["test_inputs"].tolist() == np.arange(96.0, 120.0).reshape(2, 6, 2).tolist()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"labels": "Y.npy"}, "data/raw/moves: must be a folder with Y.npy; got X.npy, y.npy"),
        ({"path": "data/raw/moves/X.npy"}, "data/raw/moves/X.npy: must be a folder with y.npy;"),
        ({"labels": "X.npy"}, "data/raw/moves/X.npy: X.npy must hold one text or integer for e"),
    ],
)
def test_files_that_do_not_fit(arrays, changes, words):
    assert arrays.refused(**changes).startswith(words)


def test_what_is_no_array(arrays):
    arrays.write(b"\x93NUMPY", "moves/X.npy")
    words = "data/raw/moves/X.npy: must be an array (.npy); got "
    assert arrays.refused().startswith(words)

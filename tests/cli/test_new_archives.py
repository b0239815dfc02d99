"""hadamrnn new: archives of sequences, arrays and folders of texts."""

import shutil

import numpy as np
import pytest

from hadamrnn.cli import main
from hadamrnn.datasets.common import by_name
from hadamrnn.params.sections import AUTOMATIC
from hadamrnn.prepared import arrays
from tests.cli.test_new import section_of
from tests.docs.pages import ROOT


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A folder with params.yaml, dvc.yaml and two arrays of 20 sequences of five people."""
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


X = np.random.default_rng(1).normal(size=(20, 8, 3))
Y = np.tile(["down", "up"], 10)
PEOPLE = np.repeat(np.arange(5), 4)


def of(clone, *files):
    """The section that is written, whose data can be prepared."""
    assert main(["new", "moves", *map(str, files)]) == 0
    found = section_of("moves")
    assert {found[key] for key in AUTOMATIC} == {"auto"}
    by_name.prepare(clone / "prepared", "moves", found["data"])
    return found["data"], arrays.read_card(clone / "prepared")


def test_an_archive(clone, capsys):
    np.savez(clone / "log.npz", x=X, label=Y, subject=PEOPLE)
    data, card = of(clone, "log.npz")
    assert data["path"] == "data/raw/moves/log.npz"
    assert (data["inputs"], data["labels"], data["groups"]) == ("x", "label", "subject")
    assert data["split"] == {"test": {"group": ["4"]}, "valid": {"group": ["3"]}}
    assert card["counts"] == {"train": 12, "valid": 4, "test": 4}
    output = capsys.readouterr().out
    for line in (
        "inputs      3 channels",
        "sequences   20 of 8 to 8 readings",
        "classes     2: down 10, up 10",
        "groups      5: 0, 1, 2, 3, 4",
        "copied      1 files to data/raw/moves/log.npz",
    ):
        assert f"{line}\n" in output


@pytest.mark.parametrize(("rows", "balanced"), [(2, False), (1, True)])
def test_classes_count_equally_where_some_are_rare(clone, rows, balanced):
    labels = np.repeat(["often", "rare"], [20, rows])
    np.savez(clone / "log.npz", x=np.resize(X, (20 + rows, 8, 3)), y=labels)
    assert main(["new", "moves", "log.npz"]) == 0
    assert section_of("moves")["balanced"] is balanced


def test_bare_arrays(clone):
    for name, array in (("X", X), ("y", Y)):
        np.save(clone / f"{name}.npy", array)
    data, card = of(clone, "X.npy", "y.npy")
    assert (data["type"], data["path"], data["inputs"]) == ("npy", "data/raw/moves", "X.npy")
    assert card["counts"] == {"train": 13, "valid": 3, "test": 4}


def test_sequences_of_unequal_length_with_a_test_part(clone):
    for part, rows in (("TRAIN", range(10)), ("TEST", range(4))):
        lines = [f"{k},?,{k}{',1' * (k % 3)}:{'up' if k % 2 else 'down'}" for k in rows]
        text = "\n".join(["@problemName a", "@classLabel true up down", "@data", *lines])
        (clone / f"moves_{part}.ts").write_text(text)
    data, card = of(clone, "moves_TRAIN.ts", "moves_TEST.ts")
    assert (data["missing"], data["lengths"]) == ("hold", "mask")
    assert data["split"]["test"] == {"file": "*_TEST.*"} and card["counts"]["test"] == 4


def test_folders_of_texts(clone, capsys):
    for label in ("good", "bad"):
        for number in range(10):
            path = clone / f"reviews/{label}/{number}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"this is {'a ' * number} {label} film")
    data, card = of(clone, "reviews")
    assert (data["type"], data["unit"], data["words"]) == ("text", "word", 2000)
    assert 4 < data["steps"] <= 13 and card["vocabulary"][0] == "a"
    assert "words       4 to 13 in a text\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"a": X, "y": Y}, "log.npz: must have an array of inputs, called inputs or x or data; go"),
        ({"x": X, "b": Y}, "log.npz: must have an array of labels, called labels or y or label; "),
    ],
)
def test_arrays_without_a_known_name(clone, capsys, given, words):
    np.savez(clone / "log.npz", **given)
    assert main(["new", "moves", "log.npz"]) == 1
    assert words in capsys.readouterr().err
    assert not [path for path in (clone / "data").rglob("*") if path.is_file()]


def test_columns_of_what_has_none(clone, capsys):
    np.savez(clone / "log.npz", x=X, y=Y)
    assert main(["new", "moves", "log.npz", "--label", "y"]) == 1
    words = "--label: must be left out for files of type npz, which have no columns; got y"
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("task", "labels", "told"),
    [
        ("regress", np.linspace(1, 5, 20), "target      1 to 5"),
        ("per_step", np.tile(Y[:, None], 8), "classes     2: down 80, up 80"),
    ],
)
def test_archives_of_other_tasks(clone, capsys, task, labels, told):
    np.savez(clone / "log.npz", x=X, y=labels)
    assert main(["new", "moves", "log.npz", "--task", task]) == 0
    assert f"{told}\n" in capsys.readouterr().out
    data = section_of("moves")["data"]
    by_name.prepare(clone / "prepared", "moves", data)
    assert data["task"] == task and arrays.read_card(clone / "prepared")["task"] == task

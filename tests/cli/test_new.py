"""hadamrnn new: what it finds in tables, and a section of params.yaml that is right."""

import shutil
from pathlib import Path

import pytest
import yaml

from hadamrnn import params
from hadamrnn.cli import main
from hadamrnn.datasets.common import by_name
from hadamrnn.params.sections import AUTOMATIC
from tests.datasets.formats.conftest import log
from tests.docs.pages import ROOT

WATCH = "examples/data/watch/log_small.csv"


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A folder with params.yaml, dvc.yaml and the shipped example."""
    for name in ("params.yaml", "dvc.yaml", WATCH):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def section_of(name):
    document = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    params.check({**document, "benchmarks": [name]}, by_name.facts_of)
    return document["benchmark"][name]


def test_the_example_becomes_a_section_and_nothing_else_changes(clone, capsys):
    before = (clone / "params.yaml").read_text()
    assert main(["new", "watch", WATCH]) == 0
    output = capsys.readouterr().out
    for line in (
        "columns     time time, label label, group person",
        "inputs      ax, ay, az",
        "rate        25 readings a second",
        "recordings  40 without a gap, of 474 to 1,231 readings",
        "classes     4: ABD 9,091, ER 8,907, ROW 7,436, TRAP 7,623 readings",
        "groups      5: 1, 2, 3, 4, 5",
        "missing     0 of 99,171 readings",
        "    dvc exp run -S 'benchmarks=[watch]'",
    ):
        assert f"{line}\n" in output
    assert (clone / "params.yaml").read_text().startswith(before)
    found = section_of("watch")
    assert found["data"]["window"] == {"steps": 100, "hop": 25, "rate_hz": 25.0}
    assert found["data"]["split"] == {"test": {"group": ["5"]}, "valid": {"group": ["4"]}}
    assert {found[key] for key in AUTOMATIC} == {"auto"}  # of six keys


def test_files_elsewhere_are_copied(clone, capsys):
    elsewhere = clone / "mine"
    elsewhere.mkdir()
    for person in "abcd":
        lines = log(person, steps=100)
        (elsewhere / f"{person}.csv").write_text("".join(f"{line}\n" for line in lines))
    files = [str(path) for path in sorted(elsewhere.iterdir())]
    assert main(["new", "moves", *files]) == 0
    assert "copied      4 files to data/raw/moves\n" in capsys.readouterr().out
    found = section_of("moves")
    assert found["data"]["path"] == "data/raw/moves"
    assert (clone / "data/raw/moves/a.csv").read_bytes() == (elsewhere / "a.csv").read_bytes()
    by_name.prepare(clone / "prepared", "moves", found["data"])


def test_whole_files_in_a_folder_for_each_class(clone):
    for label in ("up", "down"):
        for number in range(8):
            path = clone / f"data/raw/moves/{label}/{number}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            lines = ["x,y", *(f"{number + k},{'' if k == 3 else k}" for k in range(20 + number))]
            path.write_text("".join(f"{line}\n" for line in lines))
    assert main(["new", "moves", "data/raw/moves"]) == 0
    data = section_of("moves")["data"]
    assert data["columns"] == {"inputs": ["x", "y"], "label": "<folder>"}
    assert (data["window"], data["missing"], data["lengths"]) == (None, "hold", "mask")
    by_name.prepare(clone / "prepared", "moves", data)


def test_columns_that_are_named_and_milliseconds(clone):
    cells = [line.split(",") for line in log(steps=50)]
    lines = [
        "ms,ax,ay,what,who",
        *(",".join([str(round(1000 * float(c[0]))), *c[1:]]) for c in cells[1:]),
    ]
    (clone / "data/raw").mkdir(parents=True)
    (clone / "data/raw/log.csv").write_text("".join(f"{line}\n" for line in lines))
    command = ["new", "moves", "data/raw/log.csv", "--time", "ms", "--group", "who"]
    assert main([*command, "--label", "what"]) == 0
    data = section_of("moves")["data"]
    assert data["columns"]["time_unit"] == "ms" and data["window"]["rate_hz"] == 10
    assert data["columns"]["inputs"] == ["ax", "ay"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["copy", WATCH], "benchmark.copy: must be a new name; got one that stands in params.yaml"),
        (["int", WATCH], "benchmark.int: must be a name of at most 64 letters, digits and"),
        (["moves", "none.csv"], "none.csv: must exist; got nothing of this name"),
        (["moves", WATCH, "--label", "what"], f"{WATCH}: must have one column what; got time, ax"),
        (["moves", "dvc.yaml", "examples"], "examples: must be a file, or the only folder; got"),
    ],
)
def test_what_is_refused_leaves_no_trace(clone, capsys, arguments, words):
    before = (clone / "params.yaml").read_bytes()
    assert main(["new", *arguments]) == 1
    assert capsys.readouterr().err.startswith(f"hadamrnn: {words}")
    assert (clone / "params.yaml").read_bytes() == before and not (clone / "data").exists()


def test_a_section_in_the_midst_of_the_file(clone):
    text = (clone / "params.yaml").read_text()
    start = text.index("\nbenchmark:")
    (clone / "params.yaml").write_text(text[start + 1 :] + "\n" + text[:start] + "\n")
    assert main(["new", "watch", WATCH]) == 0
    assert section_of("watch")["data"]["path"] == WATCH


def test_a_column_of_many_numbers_is_a_target(clone, capsys):
    """Named target, which is one of the names that say what a column is."""
    lines = [line.replace("label", "kind").replace(",ay", ",target") for line in log(steps=40)]
    (clone / "mine.csv").write_text("".join(f"{line}\n" for line in lines))
    assert main(["new", "mine", "mine.csv", "--label", "target"]) == 0
    assert "target      -119.5 to 0, -59.75 on average\n" in capsys.readouterr().out
    found = section_of("mine")
    assert found["data"]["task"] == "regress" and "balanced" not in found
    assert found["data"]["columns"]["inputs"] == ["ax"]


def test_a_class_for_each_step_is_asked_for(clone, capsys):
    assert main(["new", "when", WATCH, "--task", "per_step"]) == 0
    assert "classes     4: ABD 9,091" in capsys.readouterr().out
    found = section_of("when")
    assert found["data"]["task"] == "per_step" and found["data"]["frame"] == "auto"

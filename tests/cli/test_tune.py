"""hadamrnn tune: a search on validation rows alone, within a size, that goes on where it was."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from hadamrnn import params
from hadamrnn.cli import main
from hadamrnn.datasets.common import by_name
from hadamrnn.prepared import arrays
from hadamrnn.training.job import Job
from stages import common, export
from stages import train as training

COMMAND = ["tune", "moves", "--bytes", "300", "--recipes", "3"]


def test_the_best_recipe_within_the_bytes(clone, capsys, monkeypatch):
    load, read = arrays.load, []

    def seen(folder, split, *arguments):
        read.append(split)
        return load(folder, split, *arguments)

    monkeypatch.setattr(arrays, "load", seen)
    assert main(COMMAND) == 0
    assert {*read} == {"train", "valid"}
    output = capsys.readouterr().out
    assert "1/3: the section as it stands: " in output and "2/3: hidden_size 32, q 1" in output
    sizes = [int(size) for size in re.findall(r"(\d+) bytes", output)]
    assert len(sizes) == 3 + 1 + 1 and max(sizes) <= 300
    rows = output[output.index("  bytes   score    loss  epochs\n") :].splitlines()
    assert sum(" * " in row for row in rows) == 1
    assert output.splitlines()[-1].startswith("    dvc exp run -S 'benchmarks=[moves]'")

    def again(job, listener=None):
        raise AssertionError("what was trained is not trained again")

    monkeypatch.setattr(Job, "fit", again)
    assert main(COMMAND) == 0
    assert re.sub(r"\d+ s left", "", capsys.readouterr().out) == re.sub(r"\d+ s left", "", output)


def test_the_written_section_is_the_shown_command_and_has_the_bytes(clone, capsys, monkeypatch):
    monkeypatch.setattr("hadamrnn.cli.search.draws", lambda *_: iter([{**VALUES}]))
    before, command = Path("params.yaml").read_text(), [*COMMAND, "--bytes", "1000"]
    assert main(command) == 0
    output = capsys.readouterr().out
    (size,) = {int(size) for size in re.findall(r"(\d+) bytes", output)}
    options = shlex.split(output.splitlines()[-1])[3:]
    shown = dict(option.split("=", 1) for option in options[1::2])
    assert shown == {
        "benchmarks": "[moves]",
        "benchmark.moves.hidden_size": "64",
        "+benchmark.moves.q": "2",
        "benchmark.moves.fade": "null",
    }
    assert Path("params.yaml").read_text() == before
    assert main([*command, "--write"]) == 0
    document = yaml.safe_load(Path("params.yaml").read_text())
    assert {key: document["benchmark"]["moves"][key] for key in VALUES} == VALUES
    document["benchmarks"] = ["moves"]
    settings = params.check(document, by_name.facts_of)["moves"]
    training.main(settings)
    export.main(settings)
    assert (common.exports("moves") / "model.hrnn").stat().st_size == size


VALUES = {"hidden_size": 64, "q": 2, "fade": None}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["none"], "benchmarks: must be among copy"),
        (["moves", "--bytes", "0"], "--bytes: must be at least 1; got 0"),
        (["moves", "--bytes", "20"], "--bytes: must allow one of the recipes that were drawn; got"),
    ],
)
def test_what_is_refused(clone, capsys, monkeypatch, arguments, words):
    monkeypatch.setattr("hadamrnn.cli.search.draws", lambda *_: iter([{}]))
    assert main(["tune", *arguments]) == 1
    assert capsys.readouterr().err.startswith(f"hadamrnn: {words}")


def test_baselines_have_no_packed_file(clone, capsys):
    path = Path("params.yaml")
    path.write_text(re.sub(r"^model: hadamrnn ", "model: gru ", path.read_text(), flags=re.M))
    assert main(["tune", "moves"]) == 1
    assert "model: must be hadamrnn for hadamrnn tune" in capsys.readouterr().err

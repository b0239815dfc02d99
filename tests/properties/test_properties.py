"""A bounded run of the cases: python -m tests.properties COUNT tries as many as you like."""

import json
import random
import sys

import pytest

from hadamrnn import cli, params
from hadamrnn.prepared import arrays
from tests.properties import __main__ as program
from tests.properties import mutations, params_cases
from tests.properties.cases import Wrong, sentence
from tests.properties.cli_cases import Commands
from tests.properties.files_cases import Written

COUNT = 2000


@pytest.mark.slow
def test_every_case_is_a_sentence_or_a_right_answer(tmp_path):
    found = program.tried(COUNT, seed=1, folder=tmp_path)
    assert found["examples"] == []
    again = tmp_path / "again"
    again.mkdir()
    every = program.kinds(again)
    assert {*found["refused"]} == {*every} and len(found["right"]) >= len(every) - 1
    assert sum(found["right"].values()) + sum(found["refused"].values()) == COUNT


def test_a_run_goes_on_after_the_chunks_of_its_report(tmp_path, monkeypatch):
    path, begun = tmp_path / "properties.json", []

    def tried(count, seed, folder, first):
        begun.append((first, count))
        wrong = int(first >= 20)
        counts = {"right": {"a": 1}, "refused": {"a": count - 1}}
        return {"cases": count, **counts, "wrong": wrong, "seconds": 1}

    def run(count):
        command = ["properties", str(count), "--seed", "3", "--report", str(path)]
        monkeypatch.setattr(sys, "argv", command)
        begun.clear()
        return program.main()

    monkeypatch.setattr(program, "tried", tried)
    monkeypatch.setattr(program, "CHUNK", 10)
    assert run(15) == 0 and begun == [(0, 10), (10, 5)]
    assert run(20) == 0 and begun == [(15, 5)]
    report = json.loads(path.read_text())
    assert (report["cases"], report["right"], report["refused"]) == (20, 3, 17)
    assert report["kinds"] == {"a": {"right": 3, "refused": 17}}
    assert run(21) == 1


def test_the_same_number_is_the_same_case():
    first, again, other = (random.Random(f"1-{number}") for number in (5, 5, 6))
    assert repr(mutations.value(first)) == repr(mutations.value(again))
    data = b"a,b\n1,2\n" * 9
    assert mutations.changed(first, data) == mutations.changed(again, data)
    assert mutations.changed(other, data) != data


def test_what_is_no_sentence_is_seen():
    for text in ("", "one: line\nand more", "no place", "a: " + "x" * 2000, "Traceback: "):
        with pytest.raises(Wrong):
            sentence(text)


def test_faults_are_seen(tmp_path, monkeypatch):
    """Of each kind that there is: accepted without a check, other content, another answer."""
    draw, commands, written = random.Random(0), Commands(tmp_path), Written(tmp_path)
    monkeypatch.setattr(params, "check", lambda *_: {})
    with pytest.raises(Wrong, match="accepted against its rule"):
        [params_cases.at_a_key(draw, tmp_path) for _ in range(50)]
    monkeypatch.setattr(arrays, "read_card", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        [written.damaged(draw, tmp_path) for _ in range(20)]
    monkeypatch.setattr(cli, "main", lambda _: 1)
    with pytest.raises(Wrong, match="not one sentence"):
        commands.predict(draw, tmp_path)
    monkeypatch.setattr(cli, "main", lambda _: print("0\tx") or 0)
    with pytest.raises(Wrong, match="a changed model is accepted"):
        [commands.model(draw, tmp_path) for _ in range(50)]

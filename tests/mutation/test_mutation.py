"""A planted mutant that no test notices and one that a test notices are told apart."""

import ast
import os
import sys

import pytest

from hadamrnn import files
from tests.mutation import __main__ as program
from tests.mutation.mutants import every, mutated, sample

SOURCE = r'''
"""A module."""

LIMIT: int = 3


def bounded(value: int | None) -> int:
    """At most LIMIT.

    >>> bounded(9)
    3
    """
    if value is None or value > LIMIT:
        return LIMIT
    return value
'''
TEST = """
from planted_module import bounded

def test_bounded():
    assert bounded(None) == 3 and bounded(1) == 1
"""


@pytest.fixture
def planted(tmp_path):
    (tmp_path / "planted_module.py").write_text(SOURCE)
    (tmp_path / "test_planted.py").write_text(TEST)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = slow\naddopts = --doctest-modules\n")
    return tmp_path


@pytest.mark.skipif(not hasattr(os, "fork"), reason="tries mutants in forked children")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_survivor_and_a_kill_are_told_apart(planted):
    found = {mutant.after: mutant for mutant in every(planted, "planted_module.py")}
    # At the limit itself both give the limit: equivalent.
    for after, survived in (("value >= LIMIT", True), ("value <= LIMIT", False), ("4", False)):
        tests = ("planted_module.py", "test_planted.py")
        assert program.survives(found[after], tests, tests, planted) is survived, after


def test_annotations_and_texts_are_left_alone(planted):
    changes = [(mutant.before, mutant.after) for mutant in every(planted, "planted_module.py")]
    assert ("3", "4") in changes and ("value is None", "value is not None") in changes
    assert ("return value", "return None") in changes
    assert not any("int" in before.split() or "module" in before for before, _ in changes)
    assert len(changes) == 8


def test_a_mutant_is_one_change(planted):
    original = ast.unparse(ast.parse(SOURCE)).splitlines()
    for mutant in every(planted, "planted_module.py"):
        lines = ast.unparse(mutated(planted, mutant)).splitlines()
        assert sum(a != b for a, b in zip(original, lines, strict=True)) == 1


def test_a_larger_sample_adds_to_a_smaller_one(planted):
    few, there = sample(planted, ["planted_module.py"], 3, seed=1)
    more, _ = sample(planted, ["planted_module.py"], 5, seed=1)
    assert more[:3] == few and there == 8
    assert sample(planted, ["planted_module.py"], 3, seed=2)[0] != few


def test_what_the_report_holds_as_killed_is_not_tried_again(planted, tmp_path, monkeypatch):
    path, tried = tmp_path / "report" / "mutants.json", []

    def survives(mutant, *_):
        tried.append(mutant.after)
        return mutant.after == "value >= LIMIT"

    monkeypatch.setattr(program, "ROOT", planted)
    monkeypatch.setattr(program, "GROUPS", {"a": program.Group("planted_module.py", (), ())})
    monkeypatch.setattr(program, "survives", survives)
    monkeypatch.setattr(program, "passes", lambda *_: True)
    monkeypatch.setattr(sys, "argv", ["mutation", "8", "--report", str(path)])
    assert program.main() == 1 and len(tried) == 8
    tried.clear()
    assert program.main() == 1 and tried == ["value >= LIMIT"]
    report = files.read_json(path)
    assert (report["tried"], report["killed"]) == (8, 7)
    (planted / "planted_module.py").write_text(SOURCE + "\n")
    tried.clear()
    assert program.main() == 1 and len(tried) == 8

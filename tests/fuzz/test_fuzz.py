"""A bounded run of the fuzzing of packed files: both readers accept the same and nothing crashes.

A longer one: python -m tests.fuzz COUNT, see tests/fuzz/__main__.py.
"""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import packed
from tests.fuzz import __main__ as program
from tests.fuzz.mutants import FIELDS, Mutants, sealed
from tests.fuzz.readers import BUILDS, CReader, Tally, compare

COUNT = 20_000
BATCH = 2000
EVERY = 20

needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler"
)


@pytest.mark.long
@needs_compiler
def test_c_and_python_accept_the_same_files_and_compute_the_same(tmp_path):
    """Under sanitizers in every form of the loops, and as users build it."""
    mutants, tally = Mutants(seed=1), Tally()
    builds = {
        name: CReader(tmp_path / str(index), options)
        for index, (name, options) in enumerate(BUILDS.items())
    }
    for number in range(COUNT // BATCH):
        compare(mutants.batch(number, BATCH), builds, tally, EVERY)
    for reader in builds.values():
        reader.close()
    assert (tally.differing, tally.steps_differing, tally.crashes) == (0, 0, 0), tally.examples
    assert tally.inputs == COUNT
    assert tally.accepted > COUNT / 10 and tally.refused > COUNT / 10
    assert tally.steps_compared > 100


@pytest.mark.long
@needs_compiler
def test_the_program_reports_what_it_did(tmp_path):
    path = tmp_path / "results" / "fuzz.json"
    command = [sys.executable, "-m", "tests.fuzz", "500", "--seed", "3", "--report", path]
    done = subprocess.run(command, cwd=program.ROOT, capture_output=True, text=True, check=True)
    report = json.loads(path.read_text(encoding="utf-8"))
    chunk = report["chunks"][0]
    assert report["inputs"] == 500 == report["accepted"] + report["refused"] == chunk["inputs"]
    assert (report["differing"], report["crashes"], chunk["examples"]) == (0, 0, [])
    assert "inputs 500, accepted" in done.stdout and report["builds"]
    assert {"seconds", "commit", "command", "seed"} <= set(chunk)


def test_a_run_goes_on_after_the_chunks_that_its_report_holds(tmp_path, monkeypatch):
    """Those of an earlier run are kept, one that was interrupted is done again."""
    path, done = tmp_path / "fuzz.json", []

    def fuzz(seed, count, _builds, report, at):
        done.append((seed, count))
        return report.put(seed, Tally(inputs=count), 1, at)

    def run(count, seed):
        monkeypatch.setattr(sys, "argv", ["fuzz", str(count), "--seed", str(seed), *to_file])
        done.clear()
        return program.main()

    to_file = ["--report", str(path)]
    monkeypatch.setattr(program, "CHUNK", 10)
    monkeypatch.setattr(program, "BUILDS", {})
    monkeypatch.setattr(program, "fuzz", fuzz)
    assert run(15, seed=3) == 0 and done == [(3, 10), (4, 5)]
    assert run(30, seed=3) == 0 and done == [(4, 10), (5, 10)]
    report = json.loads(path.read_text())
    assert report["inputs"] == 30 and [chunk["seed"] for chunk in report["chunks"]] == [3, 4, 5]
    program.Report(path).put(9, Tally(inputs=1, crashes=1), 1, "abc")
    assert run(10, seed=3) == 1 and done == []


def accepted(data):
    try:
        packed.from_bytes(data)
    except HadamrnnError:
        return False
    return True


def test_mutants_are_the_same_for_the_same_numbers_and_reach_both_sides():
    first, again = Mutants(seed=2).batch(7, 300), Mutants(seed=2).batch(7, 300)
    assert first == again != Mutants(seed=2).batch(8, 300)
    answers = list(map(accepted, first))
    assert 30 < sum(answers) < 270
    assert all(map(accepted, Mutants(seed=2).seeds))


def test_edges_are_where_the_proofs_end():
    """Of the multiplier, the values on its edge are accepted up to it and refused beyond."""
    mutants = Mutants(seed=0)
    for seed, fields in zip(mutants.seeds, mutants.edges, strict=True):
        at = FIELDS["input_multiplier"][0]
        multipliers = [value for offset, value in fields if offset == at]
        answers = [accepted(sealed(seed[:at] + value + seed[at + 4 :])) for value in multipliers]
        assert answers == [True, True, False]


class Stub:
    """A reader with the same answer for every file, or one that dies."""

    def __init__(self, status, crc=0):
        self.status, self.crc = status, crc

    def ask(self, batch):
        if self.status is None:
            return None
        return np.full(len(batch), self.status), np.full(len(batch), self.crc)

    def last_words(self):
        return "AddressSanitizer"


def test_a_difference_and_a_crash_are_seen(monkeypatch):
    seeds = Mutants().seeds[:3]
    for stubs, differing, steps, crashes in (
        ({"a": Stub(8)}, 3, 0, 0),
        ({"a": Stub(0, 1), "b": Stub(0, 2)}, 0, 3, 0),
        ({"a": Stub(0, 1)}, 0, 3, 0),
        ({"a": Stub(None)}, 0, 0, 3),
    ):
        tally = Tally()
        compare(seeds, stubs, tally)
        counts = (tally.differing, tally.steps_differing, tally.crashes)
        assert counts == (differing, steps, crashes), tally.examples
        assert bytes.fromhex(tally.examples[0]["file"]) == seeds[0]
    monkeypatch.setattr(packed, "from_bytes", lambda _: 1 / 0)
    tally = Tally()
    compare(seeds, {}, tally)
    assert tally.crashes == 3 and "ZeroDivisionError" in tally.examples[0]["what"]

"""Every branch of the C runtime is taken by the files that the fuzzing and these tests know."""

import platform
import shutil

import pytest

from hadamrnn.compiler import find_compiler, run_tool
from tests.fuzz import conditions, coverage

GCOV = """\
branch  0 taken 5 (fallthrough)
branch  1 taken 0
        5:   12:    if (later) {
        5:   10:    if (value) {
branch  0 never executed
        -:   11:    }
"""
MCDC = """\
  |---> MC/DC Decision Region (67:9) to (67:38)
  |  1 { C,  -  = T      }
  |  C1-Pair: constant folded
  |  C2-Pair: not covered
  |  MC/DC Coverage for Decision: 0.00%
  |---> MC/DC Decision Region (70:9) to (70:38)
  |  1 { T,  -  = T      }
  |  2 { F,  F  = F      }
  |  C1-Pair: covered: (1,2)
  |  C2-Pair: not covered
  |  MC/DC Coverage for Decision: 50.00%
"""


def is_gcc():
    found = any(map(shutil.which, ("cc", "gcc"))) and shutil.which("gcov")
    x86 = platform.machine() in ("x86_64", "AMD64")
    return found and x86 and "clang" not in run_tool([*find_compiler(), "--version"]).stdout


@pytest.mark.slow
@pytest.mark.skipif(not is_gcc(), reason="needs gcc and gcov on x86-64")
@pytest.mark.parametrize("form", coverage.FORMS)
def test_every_branch_of_the_runtime_is_taken(form, tmp_path):
    for source, rows in coverage.measured(8192, tmp_path, coverage.FORMS[form]).items():
        assert len(rows) > 50, source
        left = [text for of, taken, text in rows if taken < of]
        # Processors differ in the strides that are left to their vectors.
        assert len(left) <= ("native" in str(coverage.FORMS[form])), left


@pytest.mark.slow
@pytest.mark.skipif(not is_gcc(), reason="needs gcc and gcov on x86-64")
def test_every_branch_of_streams_is_taken():
    rows = coverage.streamed()
    assert len(rows) > 40
    assert not [text for of, taken, text in rows if taken < of]


def test_branches_are_those_of_the_line_before_them(tmp_path):
    path = tmp_path / "some.c.gcov"
    path.write_text("        5:    9:    if (first) {\n" + GCOV)
    found = [(of, taken, text.split(":")[1].strip()) for of, taken, text in coverage.lines(path)]
    assert found == [(2, 1, "9"), (1, 0, "10")]


def test_conditions_that_constants_settle_do_not_count():
    assert conditions.count(MCDC) == (2, 1)

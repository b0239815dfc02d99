"""A program ends a wrong request with one sentence, and keeps what is no fault of the user's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hadamrnn.errors import HadamrnnError, as_sentences


def test_a_sentence_ends_the_program():
    with pytest.raises(SystemExit, match="^error: q: must be positive; got 0$"), as_sentences():
        raise HadamrnnError("q: must be positive; got 0")


@pytest.mark.parametrize("name", ["a\nb", "a\x0bb", "a\u2028b", "a\x1bb", "a\udc80b"])
def test_a_name_from_a_damaged_file_breaks_no_line(name):
    said = str(HadamrnnError(f"log.csv: must have a column x; got {name} and é"))
    assert said == f"log.csv: must have a column x; got {name!r} and é".replace("'", "")


def test_other_errors_keep_their_traceback():
    with pytest.raises(ZeroDivisionError), as_sentences():
        1 / 0  # noqa: B018


ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("program", ["sensor_folds dsa19", "learning_rates dsa19 hadamrnn"])
def test_studies_print_no_traceback(program, tmp_path):
    """A parameter that no stage would take, in the params.yaml of an otherwise empty folder."""
    (tmp_path / "params.yaml").write_text("seed: one\nbenchmark: {dsa19: {}}\ntrain: {}\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [
        sys.executable,
        "-m",
        f"benchmarks.studies.{program.split()[0]}",
        *program.split()[1:],
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and "Traceback" not in done.stderr, done.stderr

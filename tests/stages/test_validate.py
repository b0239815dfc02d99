"""Stage validate: what it refuses, before any work and without anything heavy."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHIPPED = (ROOT / "params.yaml").read_text(encoding="utf-8")


def run(folder, text, *command):
    (folder / "params.yaml").write_text(text, encoding="utf-8")
    return subprocess.run(
        [sys.executable, *(command or ("-m", "stages.validate"))],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_shipped_file_is_right_and_nothing_heavy_is_loaded(tmp_path):
    code = (
        "import sys; from stages import validate; validate.main(); "
        "heavy = {'torch', 'sklearn', 'scipy', 'requests', 'pandas'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = run(tmp_path, SHIPPED, "-c", code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
    shared = {path.name: path.read_text() for path in (tmp_path / "data/shared").glob("*.txt")}
    assert set(shared) == {"prepare.txt", "train.txt", "export.txt", "evaluate.txt"}
    assert "\nseed: 1\n" in shared["train.txt"] and "seed" not in shared["export.txt"]
    assert "  hadamrnn/training/__init__.py\n" in shared["train.txt"]
    raw = {path.name: path.read_text() for path in (tmp_path / "data/shared/raw").iterdir()}
    assert set(raw) == {"copy.txt", "pdigits.txt"}
    assert raw["copy.txt"].endswith("  hadamrnn/datasets/copy.py\n")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "steps: 1000 ",
            "steps: banana ",
            "benchmark.copy.data.steps: must be an integer from 20 to 131072; got 'banana'",
        ),
        (
            "    words: 10000",
            "    words: 4",
            "benchmark.imdb.data.words: must be an integer from 5 to 65535; got 4",
        ),
        (
            "    epochs: 8",
            "    epochs: banana",
            "benchmark.imdb.epochs: must be an integer of at least 1, or auto, by a rule from the "
            "data; got 'banana'",
        ),
        (
            "  pdigits:",
            "  pdigits:\n    finer_classes: true",
            "benchmark.pdigits.finer_classes: must be false for a data set without finer classes; "
            "got True",
        ),
        (
            "  pdigits:",
            "  own_set: {data: {}}\n  pdigits:",
            "benchmarks: every name needs a module hadamrnn/datasets/<name>.py, or a type in its "
            "section data; got 'own_set'",
        ),
        (
            "    data: {}",
            "",
            "benchmark.pdigits.data: is missing from params.yaml, where DVC needs it; "
            "write data: {} for a data set without settings",
        ),
    ],
)
def test_one_sentence_and_no_file(tmp_path, old, new, words):
    assert old in SHIPPED
    done = run(tmp_path, SHIPPED.replace(old, new, 1))
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"error: {words}\n")
    assert not (tmp_path / "data").exists()

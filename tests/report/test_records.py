"""A run's file: its text is stable, and what is wrong with it is one sentence."""

import json
import math
from pathlib import Path

import pytest

from hadamrnn.errors import HadamrnnError
from hadamrnn.report import records
from tests.report.conftest import record

RUNS = sorted(Path("results/paper").glob("*.json"))


def test_keys_have_one_order_and_numbers_keep_their_digits():
    content = record(1, 0.9616559212758737)
    shuffled = dict(reversed(content.items()))
    text = records.dumps(shuffled)
    assert text == records.dumps(content)
    assert list(json.loads(text)) == list(records.KEYS)
    assert '"accuracy": 0.9616559212758737' in text
    assert json.loads(text) == content


def test_a_column_of_the_history_and_a_row_of_the_matrix_are_one_line_each():
    lines = records.dumps(record(1, 0.9)).splitlines()
    assert '    "valid_accuracy": [0.8, 0.9],' in lines
    assert "      [1, 1]," in lines


def test_a_record_with_other_keys_is_not_written():
    content = {**record(1, 0.9), "speed": 3}
    del content["machine"]
    with pytest.raises(HadamrnnError, match="differs in machine, speed"):
        records.dumps(content)


@pytest.mark.parametrize("text", ["{", "[1]", '{"seed": 1}', "\xff"])
def test_a_damaged_file_is_named(tmp_path, text):
    path = tmp_path / "har2-seed1.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(HadamrnnError, match=r"har2-seed1\.json: must (be JSON|hold every part)"):
        records.read(path)


def test_numbers_stand_before_names_in_the_confusion_matrix():
    matrix = records.confusion("actual,predicted,count\n10,2,3\n2,other,1\n")
    assert matrix == {"classes": ["2", "10", "other"], "counts": [[0, 0, 1], [3, 0, 0], [0, 0, 0]]}


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.stem)
def test_collected_runs_are_whole(path):
    run = records.read(path)
    assert records.dumps(run) == path.read_text(encoding="utf-8")
    assert path.stem.startswith(run["benchmark"])
    assert path.stem.endswith(f"-seed{run['seed']}")
    epochs = run["history"]["epoch"]
    assert epochs == list(range(1, run["metrics"]["train"]["epochs"] + 1))
    scores, matrix = run["metrics"]["integer"] or run["metrics"]["float"], run["confusion"]
    counts = matrix["counts"]
    right = sum(row[i] for i, row in enumerate(counts)) / sum(map(sum, counts))
    assert math.isclose(right, scores.get("recalled_accuracy", scores["accuracy"]))

"""The table of results, as printed at the end of the first command of the README."""

import json
import sys

import pytest

from hadamrnn import files
from hadamrnn.errors import HadamrnnError
from stages import results, scored

METRICS = {
    "float": {"accuracy": 1.0, "recalled_accuracy": 0.5, "cross_entropy": 2.5e-5},
    "integer": {"accuracy": 0.75, "cross_entropy": 1.5e-5},
    "size": {"packed_file_bytes": 65_536, "total_bytes": 271_360},
    "parity": {"c_mismatches": 3, "sequences": 10_000},
    "latency_us": {"c_sequence": 15_590.0},
    "train": {"seconds": 86_400.4},
}
BASELINE = METRICS | {"integer": None, "parity": None, "latency_us": {"torch_sequence": 1.0}}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["results"])
    for name, metrics in {"pmnist": METRICS, "wristlogger": BASELINE}.items():
        (tmp_path / "results" / name).mkdir(parents=True)
        (tmp_path / "results" / name / "metrics.json").write_text(json.dumps(metrics))
    return tmp_path


def test_every_figure_stands_in_a_line_of_80_columns(folder, capsys):
    results.main()
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[-1].endswith("pages: reports/"), "where more is told"
    expected = "pmnist 50.00 % 75.00 % 1.5e-05 65,536 3/10,000 15.59 86400 s"
    assert expected.split() in [line.split() for line in lines]
    expected = "wristlogger 50.00 % 2.5e-05 271,360 86400 s"
    assert expected.split() in [line.split() for line in lines], "a baseline has no integers"


def test_markdown_has_a_cell_for_every_column(folder, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["results", "--md"])
    results.main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 and {line.count("|") for line in lines} == {len(results.COLUMNS) + 1}


def test_without_results_there_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["results"])
    with pytest.raises(SystemExit, match="metrics.json: must exist .* run dvc repro$"):
        results.main()


def test_damaged_scores_are_not_shown_and_those_of_another_model_are_told(folder, capsys):
    for name in ("models/pmnist/config.json", "exports/pmnist/SHA256SUMS"):
        files.write_text(name, "of the model")
    scored.write("pmnist", METRICS, [], "")
    results.main()
    told = "of other models than the present ones: pmnist; run dvc repro\n"
    assert told not in capsys.readouterr().out
    files.write_text("models/pmnist/config.json", "of another")
    results.main()
    assert told in capsys.readouterr().out
    files.write_json("results/pmnist/metrics.json", METRICS | {"train": {"seconds": 1}})
    with pytest.raises(HadamrnnError, match=r"^results/pmnist/metrics.json: must be whole"):
        results.main()

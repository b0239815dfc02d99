"""hadamrnn report: a page for a set that was added a minute ago."""

import shutil
from pathlib import Path

import pytest
import yaml

from hadamrnn import params
from hadamrnn.cli import main
from hadamrnn.datasets.common import by_name
from stages import evaluate, export, prepare, train
from tests.docs.pages import ROOT


@pytest.fixture
def evaluated(clone, capsys):
    """The clone, trained and evaluated."""
    document = yaml.safe_load(Path("params.yaml").read_text())
    document["benchmarks"] = ["moves"]
    settings = params.check(document, by_name.facts_of)["moves"]
    for stage in (prepare, train, export, evaluate):
        stage.main(settings)
    capsys.readouterr()
    return clone


def test_a_page_for_each_benchmark_with_results(evaluated, capsys):
    assert main(["tune", "moves", "--bytes", "300", "--recipes", "2"]) == 0
    capsys.readouterr()
    assert main(["report", "--counted"]) == 0
    assert capsys.readouterr().out == "reports/moves.html\nreports/index.html\n"
    assert 'href="moves.html"' in Path("reports/index.html").read_text(encoding="utf-8")
    text = Path("reports/moves.html").read_text(encoding="utf-8")
    assert "hadamrnn tune, validation rows" in text and "path: data/raw/log.csv" in text
    size = Path("exports/moves/model.hrnn").stat().st_size
    assert f"<b>{size}</b>bytes" in text and "readout log_mean" in text
    Path("results/moves/confusion.csv").write_text("actual,predicted\na,a\n")
    assert main(["report", "moves"]) == 1
    words = "results/moves/confusion.csv: must have a row for each of the "
    assert capsys.readouterr().err.startswith(f"hadamrnn: {words}")


def test_without_results(tmp_path, monkeypatch, capsys):
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert main(["report"]) == 1
    assert "results: must have a metrics.json; got none, run dvc repro" in capsys.readouterr().err
    assert main(["report", "copy"]) == 1
    assert "run dvc repro evaluate@copy" in capsys.readouterr().err

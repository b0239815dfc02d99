"""Own data with a class at each step or a number for each sequence, from files to pages."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from hadamrnn import files, integer, params
from hadamrnn.cli import main
from hadamrnn.datasets.common import by_name
from hadamrnn.evaluation.tasks import Task
from hadamrnn.prepared import arrays, lengths
from hadamrnn.webpage import found, of_benchmark, pages
from stages import cards, evaluate, export, prepare, results, train
from tests.docs.pages import ROOT

STAGES = (prepare, train, export, evaluate)
OPEN = dict.fromkeys(("batch_size", "readout", "fade", "learning_rate"), "auto")
RECIPE = OPEN | {"hidden_size": 16}


def recordings(folder, people=8, steps=60):
    """A file a person: a wave whose level jumps, and whose frequency is a number of the file."""
    generator = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for person in range(people):
        for part in range(3):
            rate = generator.uniform(0.2, 1.2)
            high = generator.integers(0, 2, steps // 10).repeat(10)
            wave = np.sin(rate * np.arange(steps)) + 3 * high
            rows = [
                f"{v:.4f},{'high' if h else 'low'},{rate:.3f},p{person}"
                for v, h in zip(wave[: steps - 7 * part], high, strict=False)
            ]
            (folder / f"{person}-{part}.csv").write_text("\n".join(["x,level,rate,person", *rows]))


def run(name, epochs, **data):
    """All stages of a benchmark, and its page; returns metrics.json and the card."""
    document = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    columns = {"inputs": ["x"], "group": "person"} | data.pop("columns")
    split = {"test": {"group": ["p7", "p6"]}, "valid": {"group": ["p5", "p4"]}}
    section = {"type": "csv", "path": "data/raw/waves", "columns": columns, "split": split}
    document |= {"benchmarks": [name], "device": "cpu"}
    document["benchmark"][name] = RECIPE | {"epochs": epochs, "data": section | data}
    Path("params.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    (settings,) = params.check(document, by_name.facts_of).values()
    for stage in STAGES:
        stage.main(settings)
    cards.place(name)
    text = Path("params.yaml").read_text(encoding="utf-8")
    page = of_benchmark.page(found.of(name, text, "", counted=True))
    assert "<h2>People and groups</h2>" in page and "NaN" not in page
    *_, last = pages.write([name], text, counted=True)
    assert name in last.read_text(encoding="utf-8")
    card = arrays.read_card(Path("data/prepared") / name)
    return files.read_json(Path("results", name, "metrics.json")), card, page


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recordings(tmp_path / "data/raw/waves")
    return tmp_path


def test_a_class_at_each_step(project, capsys):
    metrics, card, page = run(
        "levels", 40, columns={"label": "level"}, task="per_step", lengths="mask"
    )
    assert metrics["parity"]["c_mismatches"] == 0 == metrics["parity"]["onnx_mismatches"]
    assert metrics["integer"]["accuracy"] > metrics["majority"]["accuracy"] + 0.2
    assert metrics["classes"]["high"]["support"] + metrics["classes"]["low"]["support"] == 2 * 159
    assert metrics["groups"]["p7"]["steps"] == 159
    told = capsys.readouterr().out
    assert "chosen from the data: batch_size 16, learning_rate 0.005, readout last, fade" in told
    assert "levels, class high: precision" in told
    folder = Path("data/prepared/levels")
    inputs, targets = arrays.load(folder, "test")
    steps = lengths.read(folder, "test", card)
    model = integer.load("exports/levels/model.hrnn")
    right = [
        model.predict(row[None, :count])[0] == wanted[:count]
        for row, wanted, count in zip(inputs, targets, steps, strict=True)
    ]
    assert metrics["integer"]["accuracy"] == pytest.approx(np.concatenate(right).mean())
    with open("results/levels/confusion.csv", encoding="utf-8") as file:
        rows = [*csv.DictReader(file)]
    assert len(rows) == 2 * 159 == len(Task(card, targets, steps).wanted)
    assert "confusion matrix" in page
    card_text = Path("exports/levels/README.md").read_text(encoding="utf-8")
    assert "| class | precision | recall | F1 | test steps |" in card_text


def test_a_number_for_each_sequence(project, capsys):
    metrics, _, page = run(
        "rates", 12, columns={"label": "rate"}, task="regress", window={"steps": 40, "hop": 5}
    )
    assert metrics["parity"]["c_mismatches"] == 0 == metrics["parity"]["onnx_mismatches"]
    assert {*metrics["float"]} == {"mae", "rmse", "r2"}
    assert metrics["integer"]["rmse"] == pytest.approx(metrics["float"]["rmse"], rel=0.1)
    assert metrics["majority"]["r2"] <= 0
    assert {*metrics["groups"]["p6"]} == {"mae", "rmse", "sequences"}
    told = capsys.readouterr().out
    assert "R2 " in told and "rates, always the mean: mean absolute error" in told
    inputs, targets = arrays.load("data/prepared/rates", "test")
    model = integer.load("exports/rates/model.hrnn")
    values = model.predict(inputs)
    assert np.abs(values - targets).mean() == pytest.approx(metrics["integer"]["mae"])
    with open("results/rates/confusion.csv", encoding="utf-8") as file:
        rows = [(float(r["actual"]), float(r["predicted"])) for r in csv.DictReader(file)]
    np.testing.assert_allclose(rows, np.stack([targets, values], 1), rtol=1e-8)
    assert "rate, predicted" in page and "<h2>Errors</h2>" in page and "Confusion" not in page
    np.savetxt("one.csv", inputs[0], fmt="%.4f", delimiter=",")
    assert main(["predict", "exports/rates/model.hrnn", "one.csv"]) == 0
    assert float(capsys.readouterr().out.split()[1]) == pytest.approx(values[0], rel=1e-8)
    text = Path("exports/rates/README.md").read_text(encoding="utf-8")
    header = yaml.safe_load(text.split("---\n")[1])
    assert header["metrics"] == ["mae", "rmse", "r2"] and "stream" not in text
    assert "| always the mean of the training rows |" in text
    cells = results.row(Path("results/rates/metrics.json"))
    assert cells[2] == f"{metrics['integer']['r2']:.3f}"
    assert json.loads(Path("results/rates/train.json").read_text())["epochs"] == 12

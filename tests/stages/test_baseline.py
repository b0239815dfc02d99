"""A baseline through the stages: it has metrics and a size, and no integer form."""

import csv
from pathlib import Path

import pytest
import yaml

from hadamrnn import files, params
from hadamrnn.datasets.common import by_name
from stages import evaluate, export, prepare, results, train
from tests.docs.pages import ROOT
from tests.pipeline.clones import TINY, merge


def test_an_orthogonal_baseline(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    document = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    merge(document, TINY | {"model": "qornn", "benchmarks": ["pdigits"], "device": "cpu"})
    Path("params.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    settings = params.check(document, by_name.facts_of)["pdigits"]
    for stage in (prepare, train, export, evaluate):
        stage.main(settings)
    assert {path.name for path in Path("exports/pdigits").iterdir()} >= {"size.json"}
    assert not list(Path("exports/pdigits").glob("model.*"))
    found = files.read_json(Path("results/pdigits/metrics.json"))
    assert found["integer"] is None and found["parity"] is None
    assert found["size"]["total_bytes"] > 0 and found["latency_us"]["torch_sequence"] > 0
    with open("results/pdigits/confusion.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    right = sum(row["actual"] == row["predicted"] for row in rows)
    assert right == pytest.approx(found["float"]["accuracy"] * len(rows))
    cells = results.row(Path("results/pdigits/metrics.json"))
    assert cells[:2] == ["pdigits", f"{100 * found['float']['accuracy']:.2f} %"]

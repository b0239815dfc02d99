"""GLUE's submission file, from a tiny model in a folder of its own."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import yaml

from hadamrnn.datasets.common import splits
from hadamrnn.integer import packed
from tests.random_models import random_model

ROOT = Path(__file__).parents[2]


def run(folder, benchmark):
    document = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    document["benchmarks"] = [benchmark]
    (folder / "params.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    command = [sys.executable, "-m", "stages.submit", benchmark]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_command_writes_what_the_integer_model_predicts(tmp_path):
    rng = np.random.default_rng(0)
    model = random_model(rng, kind="symbol", input_size=400, classes=2, readout="mean")
    ids = rng.integers(0, 400, (9, 12)).astype(np.uint16)
    card = {"output": {"size": 2}}
    splits.write(tmp_path / "data" / "prepared" / "sst2", {"unlabelled_inputs": ids}, card)
    (tmp_path / "exports" / "sst2").mkdir(parents=True)
    packed.write(model, tmp_path / "exports" / "sst2" / "model.hrnn")
    done = run(tmp_path, "sst2")
    assert done.returncode == 0, done.stderr
    expected = "".join(f"{n}\t{c}\n" for n, c in enumerate(model.predict(ids)))
    written = (tmp_path / "results" / "sst2" / "SST-2.tsv").read_bytes()
    assert written == f"index\tprediction\n{expected}".encode()
    assert set(model.predict(ids)) == {0, 1}


def test_phrases_end_where_their_lengths_say(tmp_path):
    rng = np.random.default_rng(0)
    model = random_model(rng, kind="symbol", input_size=400, classes=2, readout="mean")
    ids = rng.integers(0, 400, (9, 12)).astype(np.uint16)
    counts = rng.integers(1, 13, 9).astype(np.uint32)
    stored = {"unlabelled_inputs": ids, "unlabelled_lengths": counts}
    card = {"output": {"size": 2}, "steps": 12}
    splits.write(tmp_path / "data" / "prepared" / "sst2", stored, card)
    (tmp_path / "exports" / "sst2").mkdir(parents=True)
    packed.write(model, tmp_path / "exports" / "sst2" / "model.hrnn")
    done = run(tmp_path, "sst2")
    assert done.returncode == 0, done.stderr
    wanted = [int(model.predict(row[None, :n])[0]) for row, n in zip(ids, counts, strict=True)]
    assert wanted != model.predict(ids).tolist()
    written = (tmp_path / "results" / "sst2" / "SST-2.tsv").read_text().splitlines()
    assert [int(line.split("\t")[1]) for line in written[1:]] == wanted


def test_other_benchmarks_have_none(tmp_path):
    done = run(tmp_path, "imdb")
    assert done.returncode == 1
    assert done.stderr == "error: stage: GLUE scores sst2 and qqp alone; got 'imdb'\n"

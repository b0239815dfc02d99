"""Sequences of unequal length: what is behind an end is never read, from training to C."""

import dataclasses
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from hadamrnn import integer, params
from hadamrnn.cli import main
from hadamrnn.datasets.common import by_name, splits
from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import packed
from hadamrnn.prepared import arrays, lengths
from stages import common, evaluate, export, prepare, train
from tests.docs.pages import ROOT


@pytest.fixture
def settings(tmp_path, monkeypatch, capsys):
    """Of 40 rising and falling sequences of 3 to 9 steps, as ``hadamrnn new`` writes them."""
    monkeypatch.chdir(tmp_path)
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, name)
    Path("data/raw").mkdir(parents=True)
    lines = ["@problemName a", "@classLabel true up down", "@data"]
    for k in range(40):
        steps = range(3 + k % 7)
        values = [f"{(1 if k % 2 else -1) * n + k % 5}" for n in steps]
        lines.append(f"{','.join(values)}:{'up' if k % 2 else 'down'}")
    Path("data/raw/moves.ts").write_text("\n".join(lines))
    assert main(["new", "moves", "data/raw/moves.ts"]) == 0
    text = Path("params.yaml").read_text()
    text = re.sub(r"(hidden_size: )auto( +# auto: 256)", r"\g<1>32\2", text)
    text = re.sub(r"(readout: )auto", r"\g<1>log_mean", text)
    Path("params.yaml").write_text(re.sub(r"(epochs: )auto", r"\g<1>3", text))
    capsys.readouterr()
    return read()


def read(**changes):
    document = yaml.safe_load(Path("params.yaml").read_text())
    document["benchmarks"] = ["moves"]
    return params.check({**document, **changes}, by_name.facts_of)["moves"]


def test_lengths_of_prepared_sequences(settings):
    assert settings.data["lengths"] == "mask"
    prepare.main(settings)
    folder = common.prepared("moves")
    card = arrays.read_card(folder)
    found = lengths.read(folder, "train", card)
    assert {*found} <= {*range(3, 10)} and card["usual_steps"] == int(np.median(found))
    inputs = arrays.load(folder, "train")[0]
    for row, steps in zip(inputs[..., 0], found, strict=True):
        assert (np.abs(np.diff(row[:steps])) == 1).all()
        assert row[steps:] == pytest.approx(np.full(9 - steps, card["raw"]["zero"][0]))


def made(settings):
    """The model, whatever the checksum of its data, and the scores that the stages leave."""
    for stage in (train, export, evaluate):
        stage.main(settings)
    metrics = json.loads((common.results("moves") / "metrics.json").read_text())
    assert metrics["parity"]["c_mismatches"] == metrics["parity"]["onnx_mismatches"] == 0
    scores = {key: metrics[key] for key in ("float", "integer")}
    model = integer.load(common.exports("moves") / "model.hrnn")
    known = dataclasses.replace(model.recording, data_hash=bytes(8))
    return packed.to_bytes(dataclasses.replace(model, recording=known)), scores


def test_what_is_behind_an_end_changes_nothing(settings):
    prepare.main(settings)
    folder = common.prepared("moves")
    card, expected = arrays.read_card(folder), made(settings)
    changed = {}
    for name in card["shapes"]:
        split, _, what = name.removesuffix(".npy").partition("_")
        changed[f"{split}_{what}"] = arrays.read_array(folder, split, what)
    for split in arrays.SPLITS:
        behind = np.arange(9) >= changed[f"{split}_lengths"][:, None]
        assert behind.any()
        changed[f"{split}_inputs"][behind] = 7e4
    kept = {k: v for k, v in card.items() if k not in ("shapes", "checksums", "checksum")}
    splits.write(folder, changed, kept)
    assert made(settings) == expected


def test_baselines_do_not_read_lengths(settings):
    prepare.main(settings)
    words = "benchmark.moves.data.lengths: must be pad or cut for model gru; got 'mask'"
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        train.main(read(model="gru", fade=None, readout="mean"))


def test_lengths_that_cannot_be(settings):
    prepare.main(settings)
    folder = common.prepared("moves")
    card = arrays.read_card(folder)
    found = {"train_lengths": np.array([3, 0, 9])}
    splits.write(folder, found, {"output": card["output"], "steps": 9})
    with pytest.raises(HadamrnnError, match="must hold steps from 1 to 9; got 0 to 9$"):
        lengths.read(folder, "train", arrays.read_card(folder))

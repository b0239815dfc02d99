"""Splits, standardisation and prepared folders."""

import hashlib
import json
import re

import numpy as np
import pytest

from hadamrnn import files
from hadamrnn.datasets.common import splits
from hadamrnn.errors import HadamrnnError
from hadamrnn.prepared import arrays as prepared
from hadamrnn.prepared.coding import Coding, Raw
from tests.limits import files_of_at_most

CARD = {"input": {"kind": "dense", "size": 1}, "output": {"size": 3}, "title": "é"}
ARRAYS = {
    f"{split}_{what}": np.arange(6, dtype=np.uint8).reshape(shape) % 3
    for split in prepared.SPLITS
    for what, shape in (("inputs", (6, 1, 1)), ("targets", (6,)))
}


@pytest.fixture
def folder(tmp_path):
    splits.write(tmp_path, ARRAYS, CARD)
    return tmp_path


def test_equal_arrays_give_equal_bytes(tmp_path):
    splits.write(tmp_path / "a", ARRAYS, CARD)
    strided = {stem: np.repeat(array, 2, axis=0)[::2] for stem, array in ARRAYS.items()}
    splits.write(tmp_path / "b", strided, dict(reversed(CARD.items())))
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == sorted([*(f"{stem}.npy" for stem in ARRAYS), "card.json"])
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_other_byte_order_gives_equal_bytes(tmp_path):
    values = np.arange(4, dtype=np.float32)
    for name, array in (("a", values), ("b", values.astype(">f4"))):
        splits.write(tmp_path / name, {"train_inputs": array}, CARD)
    first, second = (tmp_path / name / "train_inputs.npy" for name in "ab")
    assert first.read_bytes() == second.read_bytes()


def test_card_describes_the_files(folder):
    card = json.loads((folder / "card.json").read_text("utf-8"))
    assert card == prepared.read_card(folder) | {"checksum": card["checksum"]}
    assert card["title"] == "é"
    assert card["counts"] == dict.fromkeys(prepared.SPLITS, 6)
    assert card["class_counts"]["test"] == [2, 2, 2]
    assert card["shapes"]["valid_inputs.npy"] == [6, 1, 1]
    for name, digest in card["checksums"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_load_returns_what_was_written(folder):
    inputs, targets = prepared.load(folder, "train")
    assert (inputs == ARRAYS["train_inputs"]).all() and inputs.dtype == np.uint8
    assert (targets == ARRAYS["train_targets"]).all()


@pytest.mark.parametrize("seed", [0, 1])
def test_stratified_parts_are_disjoint_complete_and_balanced(seed):
    targets = np.random.default_rng(3).choice(4, size=1000, p=[0.4, 0.3, 0.2, 0.1])
    parts = splits.stratified(targets, [700, 100, 200], seed)
    assert [len(part) for part in parts] == [700, 100, 200]
    assert (np.sort(np.concatenate(parts)) == np.arange(1000)).all()
    for part in parts:
        expected = np.bincount(targets) * len(part) / 1000
        assert np.abs(np.bincount(targets[part]) - expected).max() <= 2


def test_stratified_depends_on_the_seed_alone():
    targets = np.arange(100) % 5
    first, again, other = (splits.stratified(targets, [60, 40], seed)[0] for seed in (0, 0, 1))
    assert (first == again).all() and (first != other).any()


def test_sensors_are_stored_as_recorded_and_standardised_with_training_rows_alone():
    generator = np.random.default_rng(0)
    signals = generator.normal(5, 3, size=(30, 20, 2)).astype(np.float32)
    signals[20:] += 1000
    labels = np.arange(30, dtype=np.uint8)
    rows = {"train": np.arange(20), "valid": np.arange(20, 25), "test": np.arange(25, 30)}
    arrays, raw = splits.sensor_splits(signals, labels, labels, rows)
    coding = Coding("dense", raw=Raw(**raw))
    train, valid = (coding.decode(arrays[f"{split}_inputs"]) for split in ("train", "valid"))
    assert train.dtype == np.float32
    np.testing.assert_allclose(train.mean(axis=(0, 1)), 0, atol=1e-5)
    np.testing.assert_allclose(train.std(axis=(0, 1)), 1, atol=1e-5)
    assert valid.min() > 100
    assert (arrays["test_inputs"] == signals[25:]).all()
    assert (arrays["test_subjects"] == labels[25:]).all()


def test_statistics_are_rounded():
    inputs = np.full((1, 3, 1), 1.23456789, dtype=np.float32)
    assert splits.statistics(inputs)[0].tolist() == [np.float32(1.23457)]


def test_sizes_that_do_not_add_up():
    with pytest.raises(HadamrnnError, match=r"must add up to 4 rows; got \[1, 2\]"):
        splits.stratified(np.zeros(4, dtype=int), [1, 2], 0)


def test_unknown_split(folder):
    with pytest.raises(HadamrnnError, match="split: must be one of train, valid, test; got 'dev'"):
        prepared.load(folder, "dev")


def test_missing_card(tmp_path):
    with pytest.raises(
        HadamrnnError, match=r"card\.json: must exist; got no such file; run dvc repro prep"
    ):
        prepared.load(tmp_path, "train")


def test_missing_array(folder):
    (folder / "train_targets.npy").unlink()
    with pytest.raises(HadamrnnError, match=r"train_targets\.npy: must exist; got no such file"):
        prepared.load(folder, "train")


def test_truncated_array(folder):
    path = folder / "train_inputs.npy"
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(HadamrnnError, match=r"train_inputs\.npy: must be whole and unchanged"):
        prepared.load(folder, "train")


def test_every_changed_bit_of_an_array_and_of_the_card_is_refused(folder):
    for name in ("train_inputs.npy", "train_targets.npy", "card.json"):
        path, whole = folder / name, (folder / name).read_bytes()
        words = (
            rf"^{re.escape(str(path))}: must be whole and unchanged; got .*; delete it and run dvc"
        )
        for index in range(0, 8 * len(whole), 5):
            changed = bytearray(whole)
            changed[index // 8] ^= 1 << index % 8
            path.write_bytes(changed)
            if name == "card.json" and whole[index // 8 : index // 8 + 1].isspace():
                continue  # may be another blank
            with pytest.raises(HadamrnnError, match=words):
                prepared.load(folder, "train")
        path.write_bytes(whole)


def test_a_full_disk_is_one_sentence(tmp_path):
    arrays = {**ARRAYS, "train_inputs": np.zeros((1000, 1, 1), dtype=np.float32)}
    words = r"^.*train_inputs\.npy: must be writable, and is as it was before; got .+$"
    with files_of_at_most(2000), pytest.raises(HadamrnnError, match=words):
        splits.write(tmp_path, arrays, CARD)
    assert not any(tmp_path.glob("*.partial"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"train_inputs": np.full((6, 1, 1), np.nan, dtype=np.float32)},
            "train_inputs.npy: must hold finite numbers; got nan in row 0, step 0, channel 0",
        ),
        (
            {"train_inputs": np.where(np.arange(6) == 4, np.inf, 0.0)[:, None, None]},
            "train_inputs.npy: must hold finite numbers; got inf in row 4, step 0, channel 0",
        ),
        (
            {"train_inputs": np.zeros((6, 1), dtype=np.float32)},
            "train_inputs.npy: must have the shape (sequences, steps, 1); got (6, 1)",
        ),
        (
            {"train_inputs": np.zeros((6, 1, 2), dtype=np.float32)},
            "train_inputs.npy: must have the shape (sequences, steps, 1); got (6, 1, 2)",
        ),
        (
            {"train_inputs": np.full((6, 1, 1), "a")},
            "train_inputs.npy: must hold numbers; got <U1",
        ),
        (
            {"train_inputs": np.zeros((5, 1, 1), dtype=np.uint8)},
            "train_targets.npy: must have one row for each of the 5 rows of train_inputs.npy",
        ),
        (
            {
                "train_inputs": np.zeros((0, 1, 1), dtype=np.uint8),
                "train_targets": np.zeros(0, dtype=np.uint8),
            },
            "train_targets.npy: must have at least one row; got none",
        ),
    ],
)
def test_what_cannot_be_learned_is_one_sentence(tmp_path, changes, words):
    splits.write(tmp_path, {**ARRAYS, **changes}, CARD)
    with pytest.raises(HadamrnnError, match=f"^{re.escape(str(tmp_path))}/{re.escape(words)}"):
        prepared.load(tmp_path, "train")


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        (np.full(6, 3), "must lie in 0..2; got 3..3"),
        (np.full(6, -1), "must lie in 0..2; got -1..-1"),
        (np.full(6, 0.5), "must hold integers; got float64"),
        (np.full(6, "walking"), "must hold integers; got <U7"),
    ],
)
def test_labels_that_are_no_class_are_one_sentence(tmp_path, targets, words):
    counts = {"class_counts": {"train": [6, 0, 0]}}
    arrays = {f"train_{what}": ARRAYS[f"train_{what}"] for what in ("inputs", "targets")}
    splits.write(tmp_path, arrays, CARD)
    np.save(tmp_path / "train_targets.npy", targets)
    card = prepared.read_card(tmp_path) | counts
    card["checksums"]["train_targets.npy"] = files.checksum_of(tmp_path / "train_targets.npy")
    files.write_json(tmp_path / "card.json", card, sealed=True)
    with pytest.raises(HadamrnnError, match=rf"/train_targets\.npy: {re.escape(words)}$"):
        prepared.load(tmp_path, "train")


def test_finer_classes_that_a_data_set_lacks_are_refused_by_name(folder):
    with pytest.raises(HadamrnnError, match=r"^train\.finer_classes: must be false for a data set"):
        prepared.load(folder, "train", finer=True)

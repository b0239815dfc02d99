"""Permuted digits: the same rows and bytes everywhere."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from hadamrnn.datasets import pdigits
from hadamrnn.errors import HadamrnnError
from hadamrnn.prepared import arrays
from tests.datasets.facts import facts_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pdigits")
    pdigits.prepare(folder, pdigits.Data())
    return folder


def test_shapes_and_ranges(folder):
    for split, rows in pdigits.SIZES.items():
        inputs, targets = arrays.load(folder, split)
        assert inputs.shape == (rows, 64, 1) and targets.shape == (rows,)
        assert inputs.dtype == targets.dtype == np.uint8
        assert inputs.max() == 16 and set(targets) == set(range(10))


def test_every_digit_occurs_once_with_its_label_and_pixels_permuted(folder):
    parts = [arrays.load(folder, split) for split in arrays.SPLITS]
    order = np.random.RandomState(92916).permutation(64)  # noqa: NPY002
    images = np.concatenate([inputs[:, :, 0] for inputs, _ in parts])
    labels = np.concatenate([targets for _, targets in parts])
    digits = load_digits()
    wanted = np.column_stack([digits.data[:, order], digits.target])
    found = np.column_stack([images, labels])
    assert sorted(map(tuple, found)) == sorted(map(tuple, wanted))


def test_class_shares(folder):
    for counts in arrays.read_card(folder)["class_counts"].values():
        assert max(counts) - min(counts) <= 0.1 * max(counts)


def test_card(folder):
    assert pdigits.Data.facts == facts_of(folder)
    card = arrays.read_card(folder)
    assert card["input"] == {"kind": "dense", "size": 1, "scale": 0.0625, "offset": 0.0}
    assert card["steps"] == 64 and not card["output"]["per_step"]
    assert card["counts"] == pdigits.SIZES


def test_same_bytes_on_every_machine(folder, tmp_path):
    pdigits.prepare(tmp_path, pdigits.Data())
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()
    sums = arrays.read_card(folder)["checksums"]
    assert (
        sums["train_inputs.npy"]
        == "8798962510e95154b44f3ca1066a411d21a0befae3099146ad199bc88840f701"
    )


def test_other_digits_are_refused(tmp_path, monkeypatch):
    digits = load_digits()
    digits.data[3, 3] += 1
    monkeypatch.setattr("sklearn.datasets.load_digits", lambda: digits)
    with pytest.raises(HadamrnnError, match="load_digits: must have sha256 0db9.*; got "):
        pdigits.prepare(tmp_path, pdigits.Data())

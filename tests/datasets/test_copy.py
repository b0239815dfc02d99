"""The copy task: layout, independence of the splits, same bytes for the same seed."""

import numpy as np
import pytest

from hadamrnn.datasets import copy
from hadamrnn.prepared import arrays
from hadamrnn.prepared.copy_task import expand_copy
from tests.datasets.facts import facts_of

SMALL = {"steps": 30, "train_sequences": 3000, "valid_sequences": 400, "test_sequences": 500}


@pytest.fixture
def folder(tmp_path):
    copy.prepare(tmp_path, copy.Data(**SMALL))
    return tmp_path


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("split, rows", [("train", 3000), ("valid", 400), ("test", 500)])
def test_layout(folder, split, rows):
    inputs, targets = arrays.load(folder, split)
    assert inputs.shape == targets.shape == (rows, 30)
    assert inputs.dtype == targets.dtype == np.uint8
    message = inputs[:, :10]
    assert message.min() == 1 and message.max() == 8
    assert (inputs[:, 10:20] == 0).all()
    assert (inputs[:, 20] == 9).all()  # the marker, at T - 10
    assert (inputs[:, 21:] == 0).all()
    assert (targets[:, :20] == 0).all()
    assert (targets[:, 20:] == message).all()


def test_shortest_task_has_no_blank_before_the_marker():
    inputs, _ = expand_copy(np.ones((1, 10), dtype=np.uint8), 20)
    assert inputs[0].tolist() == [1] * 10 + [9] + [0] * 9


def test_card(folder):
    assert copy.Data.facts == facts_of(folder)
    card = arrays.read_card(folder)
    assert card["input"] == {"kind": "symbol", "size": 10, "scale": 1.0, "offset": 0.0}
    assert card["output"]["size"] == len(card["output"]["names"]) == 9
    assert card["output"]["per_step"] and card["steps"] == 30
    assert card["counts"] == {"train": 3000, "valid": 400, "test": 500}
    for split in arrays.SPLITS:
        targets = arrays.load(folder, split)[1]
        assert card["class_counts"][split] == np.bincount(targets.ravel(), minlength=9).tolist()


def test_symbols_are_uniform(folder):
    counts = np.bincount(arrays.read_array(folder, "train", "messages").ravel(), minlength=9)[1:]
    expected = 30_000 / 8
    assert ((counts - expected) ** 2 / expected).sum() < 24.3  # chi-squared, 7 degrees, p = 0.001


def test_same_seed_same_bytes_other_seed_other_messages(tmp_path):
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        copy.prepare(tmp_path / name, copy.Data(**SMALL, data_seed=seed))
    first, again, other = (contents(tmp_path / name) for name in "abc")
    assert first == again
    assert all(first[name] != other[name] for name in first)


def test_messages_are_those_of_every_machine(folder):
    digest = arrays.read_card(folder)["checksums"]["test_messages.npy"]
    assert digest == "ab8e7026d1187f4cbc1dc88242083bb27ed1f16c42a1fdbd73e5dbdedb7616e2"


def test_splits_are_independent_of_each_other(tmp_path, folder):
    copy.prepare(tmp_path / "more", copy.Data(**SMALL | {"train_sequences": 100}))
    for split in ("valid", "test"):
        more = arrays.read_array(tmp_path / "more", split, "messages")
        assert (more == arrays.read_array(folder, split, "messages")).all()
    held_out = [arrays.read_array(folder, split, "messages")[:400] for split in arrays.SPLITS]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        # 4,000 pairs of symbols agree by chance in one of eight cases: 500, deviation 21
        assert 400 < (held_out[first] == held_out[second]).sum() < 600


def test_collisions_with_training_messages_are_counted(folder):
    card = arrays.read_card(folder)
    train = set(map(bytes, arrays.read_array(folder, "train", "messages")))
    for split, shared in card["shared_with_train"].items():
        messages = arrays.read_array(folder, split, "messages")
        assert shared == sum(bytes(m) in train for m in messages)
    drawn = arrays.read_array(folder, "train", "messages")
    assert copy._shared(drawn, drawn[:7]) == 7
    assert f"{3000 / 8**10:.3g}" in card["preprocessing"][2]

"""Batches: every sample once, in an order that depends on (seed, epoch) alone."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hadamrnn.errors import HadamrnnError
from hadamrnn.prepared.coding import Coding
from hadamrnn.training.batches import Batches
from hadamrnn.training.losses import existing

SYMBOLS = Coding("symbol")


def make(count, size, seed=None):
    """Sample k holds the id k and has the target k mod 7."""
    ids = np.arange(count, dtype=np.uint16).reshape(-1, 1)
    return Batches(
        ids, (np.arange(count) % 7).astype(np.uint8), coding=SYMBOLS, batch_size=size, seed=seed
    )


def order(batches, epoch=0):
    batches.epoch = epoch
    return [int(number) for inputs, _ in batches for number in inputs[:, 0]]


@given(
    count=st.integers(1, 80),
    size=st.integers(1, 90),
    seed=st.none() | st.integers(0, 2**40),
    epoch=st.integers(0, 1000),
)
def test_every_sample_once_with_its_target(count, size, seed, epoch):
    batches = make(count, size, seed)
    batches.epoch = epoch
    pairs = list(batches)
    assert len(pairs) == len(batches) == -(-count // size)
    assert all(len(inputs) == len(targets) == size for inputs, targets in pairs[:-1])
    inputs, targets = (torch.cat(parts) for parts in zip(*pairs, strict=True))
    assert sorted(inputs[:, 0].tolist()) == list(range(count))
    assert torch.equal(targets, inputs[:, 0] % 7)
    assert targets.dtype == torch.int64


def test_order_depends_on_seed_and_epoch_alone():
    first = order(make(50, 8, seed=3), epoch=5)
    batches = make(50, 8, seed=3)
    for epoch in range(5):
        order(batches, epoch)
    np.random.default_rng().random()
    torch.manual_seed(9)
    assert order(batches, epoch=5) == first
    assert order(batches, epoch=5) == first
    assert order(make(50, 50, seed=3), epoch=5) == first
    assert order(batches, epoch=6) != first
    assert order(make(50, 8, seed=4), epoch=5) != first


def test_without_a_seed_the_stored_order():
    for epoch in (0, 3):
        assert order(make(50, 8), epoch) == list(range(50))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_dense_inputs_are_scaled_and_shifted(dtype):
    stored = np.arange(24, dtype=dtype).reshape(2, 4, 3)
    before = stored.copy()
    batches = Batches(
        stored, np.zeros(2, np.uint8), coding=Coding("dense", 0.5, -3.0), batch_size=2
    )
    for _ in range(2):
        ((inputs, _),) = batches
        assert inputs.dtype == torch.float32
        assert torch.equal(inputs, torch.arange(24.0).view(2, 4, 3) * 0.5 - 3)
    np.testing.assert_array_equal(stored, before)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int64])
def test_symbols_become_int64_ids(dtype):
    ids = np.array([[0, 200], [3, 255]], dtype)
    ((inputs, _),) = Batches(ids, np.zeros(2), coding=SYMBOLS, batch_size=2)
    assert inputs.dtype == torch.int64
    np.testing.assert_array_equal(inputs, ids)


def test_targets_at_every_step():
    targets = np.arange(12, dtype=np.uint8).reshape(3, 4)
    batches = Batches(np.zeros((3, 4), np.uint8), targets, coding=SYMBOLS, batch_size=2)
    np.testing.assert_array_equal(torch.cat([t for _, t in batches]), targets)


def test_batches_arrive_on_the_device():
    batches = Batches(
        np.zeros((3, 4), np.uint8), np.zeros(3), coding=SYMBOLS, batch_size=3, device="meta"
    )
    ((inputs, targets),) = batches
    assert inputs.device.type == targets.device.type == "meta"


@given(
    counts=st.lists(st.integers(1, 30), min_size=1, max_size=4),
    seed=st.integers(0, 2**40),
    epoch=st.integers(0, 1000),
)
def test_balanced_epochs_show_every_class_equally_often(counts, seed, epoch):
    targets = np.repeat(np.arange(len(counts)), counts).astype(np.uint8)
    ids = np.arange(len(targets), dtype=np.uint16)[:, None]
    batches = Batches(ids, targets, coding=SYMBOLS, batch_size=7, seed=seed, balanced=True)
    chosen = order(batches, epoch)
    assert len(chosen) == len(targets) and chosen == order(batches, epoch)
    shares = np.bincount(targets[chosen], minlength=len(counts))
    assert shares.max() - shares.min() <= 1
    for label in range(len(counts)):
        of_class = [i for i in chosen if targets[i] == label]
        times = np.bincount(of_class, minlength=len(targets))[targets == label]
        assert times.max() - times.min() <= 1


def test_balanced_order_depends_on_seed_and_epoch():
    targets = (np.arange(60) % 3 == 0).astype(np.uint8)
    ids = np.arange(60, dtype=np.uint16)[:, None]
    made = [
        order(Batches(ids, targets, coding=SYMBOLS, batch_size=8, seed=seed, balanced=True), epoch)
        for seed, epoch in ((1, 1), (1, 2), (2, 1))
    ]
    assert made[0] != made[1] != made[2] != made[0]


def test_balanced_steps_weigh_the_same_for_every_class():
    """Over an epoch, whatever stands behind the ends of sequences."""
    generator = np.random.default_rng(0)
    targets = (generator.random((30, 8)) < 0.1).astype(np.uint8) * 2
    lengths = generator.integers(1, 9, 30)
    targets[np.arange(8) >= lengths[:, None]] = 1
    ids = np.zeros((30, 8), np.uint8)
    totals, steps = np.zeros(3), 0
    for _, classes, counts, weights in Batches(
        ids, targets, coding=SYMBOLS, batch_size=7, seed=1, balanced=True, lengths=lengths
    ):
        _, classes, weights = existing(classes[..., None].float(), classes, counts, weights)
        totals += np.bincount(classes, weights, 3)
        steps += len(classes)
    assert totals[1] == 0 and steps == lengths.sum()
    np.testing.assert_allclose(totals[[0, 2]], steps / 2, rtol=1e-5)


@pytest.mark.parametrize(("seed", "kind"), [(None, np.uint8), (1, np.float32)])
def test_balanced_needs_a_seed_and_classes(seed, kind):
    targets = np.zeros(4, kind)
    with pytest.raises(HadamrnnError, match="^balanced: needs a seed and targets that are classes"):
        Batches(
            np.zeros((4, 2), np.uint8),
            targets,
            coding=SYMBOLS,
            batch_size=2,
            seed=seed,
            balanced=True,
        )

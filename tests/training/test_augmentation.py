"""Augmentation of sensor windows: rotations are rotations, off is off, draws repeat."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hadamrnn import companding
from hadamrnn.errors import HadamrnnError
from hadamrnn.prepared.coding import Coding
from hadamrnn.training import augmentation
from hadamrnn.training.augmentation import SensorAugmentation, rotation_matrices
from hadamrnn.training.batches import Batches
from hadamrnn.training.fit import fit
from tests.training.small import FEATURES, SETTINGS, data, model, same_parameters, train

# Two rigid units of two sensors and of one; channel 3 belongs to none.
AXES = [[[0, 1, 2], [4, 5, 6]], [[9, 7, 8]]]
MEAN = [0.5 * k - 2 for k in range(10)]
DEVIATION = [1 + 0.25 * k for k in range(10)]
CARD = {
    "input": {"kind": "dense", "size": 10},
    "axes": AXES,
    "raw": {"zero": MEAN, "scale": DEVIATION},
}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def windows(count=6, steps=5):
    return torch.randn(count, steps, 10, generator=seeded(1))


def physical(inputs):
    return inputs * torch.tensor(DEVIATION) + torch.tensor(MEAN)


def make(**options):
    return SensorAugmentation(AXES, MEAN, DEVIATION, **options)


# ----------------------------------------------------------------------------------- rotations


@given(seed=st.integers(0, 2**30), degrees=st.floats(-720, 720))
def test_rotation_matrices_are_rotations(seed, degrees):
    directions = torch.randn(4, 3, generator=seeded(seed), dtype=torch.float64)
    angles = torch.full((4,), math.radians(degrees), dtype=torch.float64)
    turns = rotation_matrices(angles, directions)
    identity = torch.eye(3, dtype=torch.float64)
    torch.testing.assert_close(turns @ turns.transpose(1, 2), identity.expand(4, 3, 3))
    torch.testing.assert_close(torch.linalg.det(turns), torch.ones(4, dtype=torch.float64))
    axis = directions[:, :, None]
    torch.testing.assert_close(turns @ axis, axis)  # the axis stays
    trace = turns.diagonal(dim1=1, dim2=2).sum(1)
    torch.testing.assert_close(trace, 1 + 2 * angles.cos())


def test_quarter_turns_follow_the_right_hand():
    quarter = torch.full((3,), math.pi / 2, dtype=torch.float64)
    turns = rotation_matrices(quarter, torch.eye(3, dtype=torch.float64))
    axes = torch.eye(3, dtype=torch.float64)
    for k in range(3):  # about axis k, the next axis becomes the one after it
        torch.testing.assert_close(turns[k] @ axes[(k + 1) % 3], axes[(k + 2) % 3])


def test_a_rotation_keeps_lengths_and_angles_within_a_unit_in_physical_units():
    before, after = windows(), make(rotation=40)(windows(), seeded())
    old, new = physical(before), physical(after)
    for sensors in AXES:
        for first in sensors:
            for second in sensors:  # one rotation for the unit: dot products between sensors stay
                for lag in (0, 2):
                    here, there = old[:, lag:, first], old[:, : 5 - lag, second]
                    turned = new[:, lag:, first], new[:, : 5 - lag, second]
                    torch.testing.assert_close(
                        (here * there).sum(2),
                        (turned[0] * turned[1]).sum(2),
                        rtol=1e-4,
                        atol=1e-3,
                    )
            assert not torch.allclose(old[..., first], new[..., first], atol=0.1)
    assert torch.equal(before[..., 3], after[..., 3])


def test_units_and_windows_turn_by_themselves():
    """Three equal sensors in two units, all windows equal: only windows and units differ."""
    inputs = torch.ones(3, 1, 10)
    flat = SensorAugmentation(AXES, [0.0] * 10, [1.0] * 10, rotation=40)
    turned = flat(inputs, seeded())[:, 0]
    unit, same_unit, other_unit = turned[:, [0, 1, 2]], turned[:, [4, 5, 6]], turned[:, [9, 7, 8]]
    torch.testing.assert_close(unit, same_unit)
    assert not torch.allclose(unit, other_unit, atol=0.01)
    assert not torch.allclose(unit[0], unit[1], atol=0.01)


def test_rotation_angles_have_the_asked_deviation():
    flat = SensorAugmentation([[[0, 1, 2]]], [0.0] * 3, [1.0] * 3, rotation=20)
    basis = torch.eye(3).expand(4000, 3, 3)
    turns = flat(basis, seeded())
    cosine = (turns.diagonal(dim1=1, dim2=2).sum(1) - 1) / 2
    degrees = torch.rad2deg(cosine.clamp(-1, 1).acos())
    assert degrees.square().mean().sqrt().item() == pytest.approx(20, rel=0.04)


def test_companded_channels_turn_in_physical_units():
    units = [0.1, 0.1, 0.1, 0.2, 0.5, 0.5, 0.5, 0.0, 0.0, 0.0]
    inputs = windows()
    turn = SensorAugmentation(AXES, MEAN, DEVIATION, units, rotation=40)
    linear = SensorAugmentation(AXES, [0.0] * 10, [1.0] * 10, rotation=40)
    unit = torch.tensor(units)
    expected = linear(companding.expand(physical(inputs), unit, torch), seeded())
    turned = companding.expand(physical(turn(inputs, seeded())), unit, torch)
    torch.testing.assert_close(turned, expected, rtol=1e-4, atol=1e-4)


def test_the_card_names_companded_channels():
    units = [0.1] * 10
    card = CARD | {"raw": CARD["raw"] | {"companding": units}}
    made = augmentation.from_card(replace(SETTINGS, rotation=30), card)
    expected = SensorAugmentation(AXES, MEAN, DEVIATION, units, rotation=30)
    assert torch.equal(made(windows(), seeded(3)), expected(windows(), seeded(3)))
    assert not torch.equal(made(windows(), seeded(3)), make(rotation=30)(windows(), seeded(3)))


# ---------------------------------------------------------------------------- channel dropout


def test_a_dropped_channel_shows_its_mean_in_the_whole_window():
    inputs = windows(400)
    changed = make(channel_dropout=0.25)(inputs, seeded())
    dropped = (changed == 0).all(1)
    assert torch.equal(dropped, (changed == 0).any(1))
    kept = ~dropped[:, None].expand_as(inputs)
    assert torch.equal(changed[kept], inputs[kept])
    assert dropped.float().mean().item() == pytest.approx(0.25, abs=0.03)


def test_dropping_comes_after_turning():
    both = make(rotation=40, channel_dropout=0.5)(windows(50), seeded())
    turned = make(rotation=40)(windows(50), seeded())
    kept = both != 0
    torch.testing.assert_close(both[kept], turned[kept])
    assert 0.4 < kept.float().mean() < 0.6


# --------------------------------------------------------------------------- what must not change


def test_shapes_types_and_the_argument_stay():
    for dtype in (torch.float32, torch.float64):
        inputs = windows().to(dtype)
        before = inputs.clone()
        changed = make(rotation=30, channel_dropout=0.1)(inputs, seeded())
        assert changed.shape == inputs.shape
        assert changed.dtype == dtype
        assert torch.equal(inputs, before)


def test_off_is_none():
    assert augmentation.from_card(SETTINGS, CARD) is None
    assert augmentation.from_card(SETTINGS, {"input": {"kind": "symbol"}}) is None


def test_settings_and_card_reach_the_augmentation():
    settings = replace(SETTINGS, rotation=30, channel_dropout=0.2)
    made = augmentation.from_card(settings, CARD)
    expected = make(rotation=30, channel_dropout=0.2)
    assert torch.equal(made(windows(), seeded(3)), expected(windows(), seeded(3)))


@pytest.mark.parametrize("missing", ["axes", "raw"])
def test_a_card_without_axes_is_refused(missing):
    card = {key: value for key, value in CARD.items() if key != missing}
    words = (
        "train.rotation, train.channel_dropout: must be 0 for a data set whose card.json has no "
        '"axes" and "raw"; got 0, 0.1'
    )
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        augmentation.from_card(replace(SETTINGS, channel_dropout=0.1), card)


# ------------------------------------------------------------------------------------- in batches


def batches(seed=1):
    """All windows are the same, so that the order of samples makes no difference."""
    inputs, targets = np.ones((50, 4, 10), np.float32), np.zeros(50, np.uint8)
    augment = make(rotation=30, channel_dropout=0.1)
    return Batches(
        inputs, targets, coding=Coding("dense"), batch_size=16, seed=seed, augmentation=augment
    )


def epoch_of(batches, epoch):
    batches.epoch = epoch
    return torch.cat([inputs for inputs, _ in batches])


def test_draws_depend_on_seed_and_epoch_alone():
    sets = batches()
    first = epoch_of(sets, 3)
    torch.manual_seed(5)
    epoch_of(sets, 4)
    assert torch.equal(epoch_of(sets, 3), first)
    assert torch.equal(epoch_of(batches(), 3), first)
    assert not torch.equal(epoch_of(sets, 4), first)
    assert not torch.equal(epoch_of(batches(seed=2), 3), first)


def test_the_order_of_batches_is_that_without_augmentation():
    plain, changed = (
        torch.cat(
            [
                targets
                for _, targets in Batches(
                    np.zeros((50, 4, 10), np.float32),
                    np.arange(50, dtype=np.uint8),
                    coding=Coding("dense"),
                    batch_size=16,
                    seed=1,
                    augmentation=augment,
                )
            ]
        )
        for augment in (None, make(rotation=30))
    )
    assert torch.equal(plain, changed)


def test_training_with_augmentation_repeats_and_differs_from_none():
    turn = SensorAugmentation([], [0.0] * FEATURES, [1.0] * FEATURES, channel_dropout=0.3)

    def once():
        network = model()
        sets = Batches(*data(), coding=Coding("dense"), batch_size=32, seed=1, augmentation=turn)
        fit(network, sets, Batches(*data(70), coding=Coding("dense"), batch_size=32), SETTINGS)
        return network

    first = once()
    assert same_parameters(first, once())
    assert not same_parameters(first, train()[0])

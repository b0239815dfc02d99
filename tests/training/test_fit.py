"""fit: it learns, moves signs as asked, tells what it does, and stops where it must."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from hadamrnn.errors import HadamrnnError
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.training.batches import Batches
from hadamrnn.training.checkpoint import Checkpoint
from hadamrnn.training.fit import fit
from hadamrnn.training.run import HISTORY_COLUMNS, Listener
from hadamrnn.training.schedules import sign_factor, weight_factor
from hadamrnn.training.validation import evaluate
from tests.training.small import (
    CLASSES,
    DENSE,
    FEATURES,
    SETTINGS,
    Recorder,
    batches,
    data,
    model,
    train,
)

# -------------------------------------------------------------------------------------- learning


@pytest.mark.parametrize("readout", ["last", "mean"])
@pytest.mark.parametrize("schedule", ["cosine", "exponential"])
def test_it_learns(readout, schedule):
    network, result = train(replace(SETTINGS, learning_rate_schedule=schedule), readout=readout)
    assert result.history[-1]["train_cross_entropy"] < 0.5 * math.log(CLASSES)
    scores = evaluate(network, batches(seed=None, count=500))
    assert scores["accuracy"] > 0.85
    assert scores["cross_entropy"] < 0.5 * math.log(CLASSES)


def test_it_learns_targets_at_every_step():
    inputs, _ = data()
    targets = (inputs[..., 0] > 0).astype(np.uint8)
    torch.manual_seed(0)
    network = HadamClassifier(FEATURES, 16, 2, per_step=True, q=16)
    sets = [Batches(inputs, targets, coding=DENSE, batch_size=32, seed=seed) for seed in (1, None)]
    result = fit(network, *sets, replace(SETTINGS, epochs=10))
    losses = [row["train_cross_entropy"] for row in result.history]
    assert losses[-1] < 0.9 * losses[0]
    assert losses[-1] < math.log(2)


def test_history_and_listener():
    listener = Recorder()
    _, result = train(listener=listener)
    assert listener.starts == [(0, 5, 5)]
    assert listener.steps == [(epoch, step) for epoch in range(1, 6) for step in range(1, 6)]
    assert all(tuple(row) == HISTORY_COLUMNS for row in result.history)
    assert [row["epoch"] for row in result.history] == [1, 2, 3, 4, 5]
    best = [row["epoch"] for row in listener.rows if row.pop("best")]
    assert listener.rows == result.history
    assert best[0] == 1
    assert best[-1] == result.best_epoch
    assert result.seconds == sum(row["seconds"] for row in result.history) > 0


@pytest.mark.parametrize("schedule", ["hold", "constant", "anneal", "warmup"])
def test_history_has_the_schedules_rates(schedule):
    settings = replace(SETTINGS, sign_schedule=schedule)
    _, result = train(settings)
    last_steps = [5 * epoch - 1 for epoch in range(1, 6)]
    assert [row["learning_rate"] for row in result.history] == [
        0.02 * weight_factor(settings, step, 5) for step in last_steps
    ]
    assert [row["sign_learning_rate"] for row in result.history] == [
        0.1 * sign_factor(settings, step, 5) for step in last_steps
    ]


def test_every_epoch_has_its_own_order():
    sets, epochs = batches(), []

    class Watch(Listener):
        def on_step(self, epoch, step, loss):
            epochs.append((epoch, sets.epoch))

    fit(model(), sets, batches(seed=None), SETTINGS, listener=Watch())
    assert epochs == [(epoch, epoch) for epoch in range(1, 6) for _ in range(5)]


# ----------------------------------------------------------------------------------------- signs


def test_held_signs_do_not_move():
    network, result = train()
    assert torch.equal(network.rnn.sign_weight, model().rnn.sign_weight)
    assert result.flips_per_step == 0
    assert {row["flips_per_step"] for row in result.history} == {0}
    assert not torch.equal(network.rnn.input_weight, model().rnn.input_weight)


def test_constant_signs_move_and_flips_are_counted():
    network = model()
    signs = [network.rnn.signs().detach().clone()]

    class Watch(Listener):
        def on_step(self, epoch, step, loss):
            signs.append(network.rnn.signs().detach().clone())

    settings = replace(SETTINGS, sign_schedule="constant")
    result = fit(network, batches(), batches(seed=None), settings, listener=Watch())
    flips = [int((a != b).sum()) for a, b in zip(signs, signs[1:], strict=False)]
    assert sum(flips) > 0
    assert result.flips_per_step == pytest.approx(sum(flips) / 25)
    for row, k in zip(result.history, range(0, 25, 5), strict=True):
        assert row["flips_per_step"] == sum(flips[k : k + 5]) / 5


def test_annealed_signs_stop_moving():
    _, result = train(replace(SETTINGS, sign_schedule="anneal"))
    assert result.history[0]["flips_per_step"] > 0
    assert [row["flips_per_step"] for row in result.history[2:]] == [0, 0, 0]


def test_warmed_up_signs_start_moving_late():
    _, result = train(replace(SETTINGS, sign_schedule="warmup"))
    assert [row["flips_per_step"] for row in result.history[:2]] == [0, 0]
    assert result.history[2]["flips_per_step"] > 0


# -------------------------------------------------------------------------------------- clipping


@pytest.mark.parametrize("schedule", ["hold", "constant"])
@pytest.mark.parametrize("clip", [None, 1e-3, 1e6])
def test_the_gradient_is_clipped_to_its_largest_norm(clip, schedule):
    network, norms = model(), []

    class Watch(Listener):
        def on_step(self, epoch, step, loss):
            gradients = [p.grad for p in network.parameters() if p.grad is not None]
            norms.append(torch.stack([g.norm() for g in gradients]).norm().item())

    settings = replace(SETTINGS, clip_gradient=clip, sign_schedule=schedule, learning_rate=1e-6)
    fit(network, batches(), batches(seed=None), settings, listener=Watch())
    assert len(norms) == 25
    assert max(norms) <= 1.001e-3 if clip == 1e-3 else min(norms) > 1e-2


# --------------------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize("value", [math.inf, math.nan])
@pytest.mark.parametrize("readout", ["last", "mean"])
def test_inputs_that_are_not_finite_are_named_as_such(readout, value, caplog):
    inputs, targets = data()
    inputs[:, 3, 1] = value
    sets = [Batches(inputs, targets, coding=DENSE, batch_size=32, seed=seed) for seed in (1, None)]
    words = (
        "training: the inputs must be finite numbers; got others in the batch of epoch 1, step 1"
    )
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        fit(model(readout=readout), *sets, SETTINGS)
    assert caplog.messages == []


def test_a_learning_rate_without_bounds_stops():
    words = r"the loss must stay finite; got (nan|inf) at epoch 1, step \d; lower learning_rate"
    with pytest.raises(HadamrnnError, match=words):
        train(replace(SETTINGS, learning_rate=1e25, warmup_steps=0))


def test_a_validation_loss_that_is_not_finite_leaves_no_checkpoint(tmp_path):
    network, checkpoint = model(), Checkpoint(tmp_path / "checkpoint.pt", {})

    class Spoil(Listener):
        def on_step(self, epoch, step, loss):
            if (epoch, step) == (2, 5):
                with torch.no_grad():
                    network.output_bias[0] = math.nan

    words = (
        "training: the validation loss must stay finite; got nan after epoch 2; "
        "lower learning_rate (now 0.02)"
    )
    sets = batches(), batches(seed=None, count=70)
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        fit(network, *sets, SETTINGS, checkpoint, Spoil())
    assert len(checkpoint.load()["history"]) == 1

"""Targets that are numbers, sequences of unequal lengths, and weights of the sequences."""

import dataclasses
import math
from types import SimpleNamespace

import numpy as np
import torch

from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.prepared.coding import Coding
from hadamrnn.training.batches import Batches
from hadamrnn.training.fit import fit
from hadamrnn.training.handlers import _is_best
from hadamrnn.training.losses import cross_entropy, half_squared_error, loss_of, outputs_of
from hadamrnn.training.validation import evaluate
from tests.training import small

DENSE = Coding("dense")


def test_lengths_and_weights_follow_their_rows():
    inputs = np.arange(10, dtype=np.float32).reshape(10, 1, 1)
    facts = {"lengths": np.arange(1, 11), "weights": np.linspace(0, 2, 10)}
    batches = Batches(
        inputs, np.arange(10) % 2, coding=DENSE, batch_size=4, seed=3, share=(1, 2), **facts
    )
    seen = []
    for x, targets, lengths, weights in batches:
        rows = x[:, 0, 0].long()
        seen += rows.tolist()
        assert targets.tolist() == (rows % 2).tolist()
        assert lengths.tolist() == (rows + 1).tolist()
        torch.testing.assert_close(weights, rows * 2 / 9)
    assert len(seen) == 5


def test_weights_multiply_each_sequence_own_loss():
    model = small.model()
    logits, targets = torch.randn(4, 3), torch.tensor([0, 1, 2, 0])
    weights = torch.tensor([0.0, 1.0, 2.0, 1.0])
    singles = torch.stack([cross_entropy(logits[k], targets[k]) for k in range(4)])
    torch.testing.assert_close(loss_of(model, logits, targets, weights), (singles * weights).mean())
    numbers = torch.randn(4, 3)
    errors = torch.stack([half_squared_error(logits[k], numbers[k]) for k in range(4)])
    torch.testing.assert_close(loss_of(model, logits, numbers, weights), (errors * weights).mean())


def test_what_stands_behind_an_end_changes_nothing():
    """In validation and in the step alike."""
    inputs, targets = small.data(40)
    lengths = np.arange(40) % small.STEPS + 1
    behind = np.arange(small.STEPS) >= lengths[:, None]
    scores, weights = [], []
    for junk in (0.0, 1e6):
        filled = np.where(behind[:, :, None], np.float32(junk), inputs)
        rows = Batches(filled, targets, coding=DENSE, batch_size=32, seed=1, lengths=lengths)
        model = small.model(readout="mean")
        fit(model, rows, rows, dataclasses.replace(small.SETTINGS, epochs=1))
        scores.append(evaluate(model, rows))
        weights.append(model.output_weight)
    assert scores[0] == scores[1]
    assert torch.equal(*weights)


def test_numbers_are_learned():
    generator = np.random.default_rng(0)
    inputs = generator.standard_normal((200, 5, 2)).astype(np.float32)
    targets = inputs.mean(1) * [[3, -2]]
    rows = Batches(inputs, targets.astype(np.float32), coding=DENSE, batch_size=32, seed=1)
    torch.manual_seed(0)
    model = HadamClassifier(2, 16, 2, readout="mean")
    settings = dataclasses.replace(small.SETTINGS, epochs=30, select="cross_entropy")
    result = fit(model, rows, rows, settings, score="r2")
    outputs = outputs_of(model, rows.coding.decode(rows.inputs, torch)).detach().numpy()
    errors = ((outputs - targets) ** 2).sum(1).mean()
    assert result.best["valid_score"] > 0.8
    np.testing.assert_allclose(result.best["valid_cross_entropy"], errors / 2, rtol=1e-4)
    spread = ((targets - targets.mean(0)) ** 2).sum(1).mean()
    np.testing.assert_allclose(result.best["valid_score"], 1 - errors / spread, rtol=1e-4)
    assert math.isnan(result.best["valid_accuracy"])


def test_classes_behind_an_end_change_nothing():
    """Where each step has a class, in validation, in the loss and in the step alike."""
    inputs, _ = small.data(40)
    classes = np.random.default_rng(0).integers(0, small.CLASSES, inputs.shape[:2])
    lengths = np.arange(40) % small.STEPS + 1
    behind = np.arange(small.STEPS) >= lengths[:, None]
    found = []
    for junk in (0, 2):
        targets = np.where(behind, junk, classes).astype(np.uint8)
        rows = Batches(inputs, targets, coding=DENSE, batch_size=32, seed=1, lengths=lengths)
        model = small.model(per_step=True)
        result = fit(model, rows, rows, dataclasses.replace(small.SETTINGS, epochs=2))
        found.append(
            (model.output_weight, result.best["train_cross_entropy"], evaluate(model, rows))
        )
    assert found[0][1:] == found[1][1:] and torch.equal(found[0][0], found[1][0])
    with torch.no_grad():
        model.output_weight.zero_()
        model.output_bias.copy_(torch.tensor([0.0, 1.0, 0.0]))
    right = float((classes[~behind] == 1).mean())
    assert math.isclose(evaluate(model, rows)["accuracy"], right, rel_tol=1e-6)


def test_the_epoch_of_numbers_is_chosen_by_their_error():
    """Whatever ``select`` says, since numbers have no accuracy."""
    inputs, targets = small.data(60)
    numbers = targets[:, None].astype(np.float32)
    rows = Batches(inputs, numbers, coding=DENSE, batch_size=32, seed=1)
    settings = dataclasses.replace(small.SETTINGS, select="accuracy", learning_rate=0.5, epochs=6)
    torch.manual_seed(0)
    model = HadamClassifier(small.FEATURES, 16, 1)
    result = fit(model, rows, rows, settings, score="r2")
    losses = [row["valid_cross_entropy"] for row in result.history]
    assert result.best_epoch == 1 + losses.index(min(losses))
    spread = np.var(numbers)
    assert math.isclose(result.best["valid_score"], 1 - 2 * min(losses) / spread, rel_tol=1e-5)


def test_a_rare_class_of_steps_is_learned_where_classes_are_balanced():
    """Noise tells a class of a tenth of the steps apart two times of three."""
    generator = np.random.default_rng(0)
    targets = (generator.random((60, small.STEPS)) < 0.1).astype(np.uint8)
    inputs = generator.normal(size=(60, small.STEPS, 2)) + targets[..., None]
    given = {}
    for balanced in (False, True):
        rows = Batches(
            inputs.astype(np.float32),
            targets,
            coding=DENSE,
            batch_size=20,
            seed=1,
            balanced=balanced,
        )
        model = small.model(per_step=True, fade=1)
        fit(model, rows, rows, dataclasses.replace(small.SETTINGS, epochs=20))
        with torch.no_grad():
            answers = model(torch.from_numpy(inputs).float()).argmax(-1).numpy()
        given[balanced] = (answers[targets == 1] == 1).mean()
    assert given[True] > 0.6 > 0.4 > given[False]


def test_a_run_of_numbers_that_was_killed_goes_on_choosing():
    """What a checkpoint brings back is no number either, but not the same object."""
    best = {"valid_accuracy": float("nan"), "valid_cross_entropy": 0.5}
    result = SimpleNamespace(best_epoch=1, best=best)
    run = SimpleNamespace(settings=SimpleNamespace(select="accuracy"), result=result)
    for loss, better in ((0.4, True), (0.6, False)):
        row = {"valid_accuracy": float("nan"), "valid_cross_entropy": loss}
        assert _is_best(run, row) == better

"""Losses and scores: over samples, of classes that finer ones form, and of recalled symbols."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.training.batches import Batches
from hadamrnn.training.fit import fit
from hadamrnn.training.losses import FEW_CLASSES, cross_entropy, loss_of
from hadamrnn.training.validation import evaluate
from tests.training.small import DENSE, FEATURES, SETTINGS, STEPS, batches, data, model, train


def finer_model(class_of=(0, 1, 0)):
    return model(class_of=list(class_of))


def test_finer_classes_are_scored_by_the_classes_they_form():
    network, sets = finer_model(), batches(seed=None, count=90)
    logits = torch.cat([network(inputs) for inputs, _ in sets])
    targets = torch.cat([targets for _, targets in sets])
    best = logits.argmax(1)
    expected = ((best == 1) == (targets == 1)).double().mean().item()
    merged = torch.stack((logits[:, [0, 2]].amax(1), logits[:, 1]), 1)
    scores = evaluate(network, sets)
    assert scores["accuracy"] == pytest.approx(expected)
    loss = torch.nn.functional.cross_entropy(merged, (targets == 1).long()).item()
    assert scores["cross_entropy"] == pytest.approx(loss, rel=1e-5)


def test_the_loss_of_finer_classes_is_the_mean_of_both():
    logits, targets = torch.randn(8, 3), torch.tensor([0, 1, 2, 2, 1, 0, 0, 1])
    cross_entropy = torch.nn.functional.cross_entropy
    merged = torch.stack((logits[:, [0, 2]].amax(1), logits[:, 1]), 1)
    both = cross_entropy(logits, targets) + cross_entropy(merged, (targets == 1).long())
    assert loss_of(finer_model(), logits, targets).item() == pytest.approx(both.item() / 2)
    plain = cross_entropy(logits, targets)
    assert loss_of(model(), logits, targets).item() == pytest.approx(plain.item())


def test_finer_classes_are_learned():
    network = finer_model()
    result = fit(network, batches(), batches(seed=None, count=70), replace(SETTINGS, epochs=8))
    assert result.history[-1]["valid_accuracy"] > 0.85
    with torch.no_grad():
        inputs, targets = data(200, seed=1)
        finer = (network(torch.from_numpy(inputs)).argmax(1).numpy() == targets).mean()
    assert finer > 0.8


# ---------------------------------------------------------------------------------------- metrics


@pytest.mark.parametrize("classes", [2, 9, FEW_CLASSES, FEW_CLASSES + 1])
@pytest.mark.parametrize("shape", [(7,), (3, 5)])
def test_cross_entropy_is_torchs(shape, classes):
    generator = torch.Generator().manual_seed(classes)
    logits = 20 * torch.randn(*shape, classes, generator=generator, dtype=torch.float64)
    targets = torch.randint(classes, shape, generator=generator)
    first, second = (logits.clone().requires_grad_() for _ in range(2))
    loss = cross_entropy(first, targets)
    rows = second.reshape(-1, classes)
    expected = torch.nn.functional.cross_entropy(rows, targets.reshape(-1))
    for one in (loss, expected):
        one.mul(3).backward()
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=1e-15)
    torch.testing.assert_close(first.grad, second.grad, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("size", [1, 7, 64, 500])
def test_metrics_accumulate_over_samples_whatever_the_batches(size):
    network = model()
    inputs, targets = (torch.from_numpy(array) for array in data())
    with torch.no_grad():
        logits = network(inputs)
    scores = evaluate(network, batches(seed=None, size=size))
    expected = torch.nn.functional.cross_entropy(logits, targets.long()).item()
    assert scores["cross_entropy"] == pytest.approx(expected, rel=1e-5)
    assert scores["accuracy"] == (logits.argmax(1) == targets).double().mean().item()


def test_metrics_of_targets_at_every_step_count_every_step():
    inputs, _ = data(10)
    targets = (inputs[..., 0] > 0).astype(np.uint8)
    torch.manual_seed(0)
    network = HadamClassifier(FEATURES, 16, 2, per_step=True)
    scores = evaluate(network, Batches(inputs, targets, coding=DENSE, batch_size=4))
    with torch.no_grad():
        logits = network(torch.from_numpy(inputs))
    wanted = torch.from_numpy(targets).long()
    assert scores["accuracy"] == pytest.approx((logits.argmax(2) == wanted).double().mean().item())
    assert scores["cross_entropy"] == pytest.approx(cross_entropy(logits, wanted).item(), rel=1e-5)


def test_training_loss_is_the_mean_over_samples():
    """At a standstill it equals the evaluation of the training set, although 150 = 4 x 32 + 22."""
    network, result = train(replace(SETTINGS, learning_rate=1e-30, epochs=1))
    scores = evaluate(network, batches(seed=None))
    assert result.history[0]["train_cross_entropy"] == pytest.approx(scores["cross_entropy"])


def copied(count, seed):
    """Targets at every step, nine of ten of which ask for nothing."""
    inputs, _ = data(count, seed)
    targets = np.where(np.arange(STEPS) < STEPS - 1, 0, 1 + (inputs[..., 0] > 0))
    return inputs, targets.astype(np.uint8)


def test_recalled_accuracy_counts_the_steps_that_ask_for_something(tmp_path):
    torch.manual_seed(0)
    network = HadamClassifier(FEATURES, 16, 3, per_step=True)
    train = Batches(*copied(150, 0), coding=DENSE, batch_size=32, seed=1)
    inputs, targets = copied(70, 1)
    valid = Batches(inputs, targets, coding=DENSE, batch_size=32)
    result = fit(network, train, valid, SETTINGS, score="recalled_accuracy")
    with torch.no_grad():
        predicted = network(torch.from_numpy(inputs)).argmax(2).numpy()
    assert result.score == "recalled_accuracy"
    last = result.best
    assert last["valid_accuracy"] == pytest.approx((predicted == targets).mean())
    asked = targets > 0
    assert last["valid_score"] == pytest.approx((predicted == targets)[asked].mean())
    assert last["valid_score"] < last["valid_accuracy"]


def test_the_own_score_chooses_no_epoch():
    """What params.yaml's select says decides, whatever the history leads with."""
    histories = []
    for score in ("accuracy", "recalled_accuracy"):
        torch.manual_seed(0)
        network = HadamClassifier(FEATURES, 16, 3, per_step=True)
        train = Batches(*copied(150, 0), coding=DENSE, batch_size=32, seed=1)
        valid = Batches(*copied(70, 1), coding=DENSE, batch_size=32)
        result = fit(network, train, valid, SETTINGS, score=score)
        histories.append([row["valid_accuracy"] for row in result.history] + [result.best_epoch])
    assert histories[0] == histories[1]

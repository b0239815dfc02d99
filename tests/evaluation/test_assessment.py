"""Scores, confusion rows and mismatch counts of the evaluation, on small exact cases."""

import numpy as np
import pytest
import torch

from hadamrnn import metrics
from hadamrnn.evaluation import assessment
from hadamrnn.evaluation.tasks import Task
from hadamrnn.export import calibration
from hadamrnn.prepared.coding import Coding

LOGITS = np.array([[2.0, 0.0], [0.0, 2.0], [2.0, 0.0]])


def test_scores_equal_torch():
    targets = np.array([0, 1, 1])
    found = metrics.scores(LOGITS, targets)
    expected = torch.nn.functional.cross_entropy(torch.tensor(LOGITS), torch.tensor(targets))
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["cross_entropy"] == pytest.approx(expected.item())


def test_recalled_accuracy_leaves_out_blanks():
    logits = np.eye(3)[[[0, 1, 2, 0]]]
    targets = np.array([[1, 1, 2, 0]])  # one of the three symbols is missed, the blank is right
    assert metrics.recalled_accuracy(logits, targets) == pytest.approx(2 / 3)


def test_confusion_rows_name_classes():
    card = {"output": {"names": ["a", "b"], "per_step": False}}
    rows = assessment.confusion_rows(Task(card, np.array([1, 1])), np.array([0, 1]))
    assert rows == [{"actual": "b", "predicted": "a"}, {"actual": "b", "predicted": "b"}]


def test_confusion_rows_of_steps_leave_out_blanks():
    card = {"layout": "copy", "output": {"names": ["-", "x", "y"], "per_step": True}}
    rows = assessment.confusion_rows(Task(card, np.array([[0, 1]])), np.array([[2, 1]]))
    assert rows == [{"actual": "x", "predicted": "x"}]


def test_calibration_sequences_are_spread_and_within():
    chosen = calibration.choose(10_000)
    assert len(chosen) == calibration.SEQUENCES and chosen[0] == 0 and chosen[-1] == 9_999
    assert calibration.choose(3).tolist() == [0, 1, 2]


def test_range_of_bytes_is_that_of_the_type():
    span = calibration.input_range(np.array([[[3]]], np.uint8), Coding("dense", 1 / 255))
    assert span == (0.0, 1.0)


def test_range_of_sensors_leaves_out_rare_spikes():
    inputs = np.zeros((100, 100, 1), np.float32)
    inputs[::2] = 1
    inputs[0, 0] = 1000
    assert calibration.input_range(inputs, Coding("dense")) == (0.0, 1.0)
    coding = Coding("dense", scale=2.0, offset=-0.5)
    assert calibration.input_range(inputs, coding) == (-0.5, 1.5)

"""Scores of classes, one by one and merged from finer ones, the same in NumPy and torch."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, precision_recall_fscore_support

from hadamrnn.metrics import (
    balanced_accuracy,
    by_class,
    event_recall,
    false_alarms,
    false_alarms_per_hour,
    merge,
    stretches,
)


@st.composite
def groups(draw):
    """A class id for each finer class, all ids in use."""
    classes = draw(st.integers(1, 4))
    more = draw(st.lists(st.integers(0, classes - 1), max_size=5))
    return draw(st.permutations([*range(classes), *more]))


@given(class_of=groups(), seed=st.integers(0, 99))
def test_the_predicted_class_is_that_of_the_best_finer_class(class_of, seed):
    logits = np.random.default_rng(seed).standard_normal((7, 3, len(class_of)))
    merged = merge(logits, class_of)
    assert merged.shape == (7, 3, max(class_of) + 1)
    assert np.array_equal(merged.argmax(-1), np.array(class_of)[logits.argmax(-1)])
    for label in set(class_of):
        own = [k for k, group in enumerate(class_of) if group == label]
        assert np.array_equal(merged[..., label], logits[..., own].max(-1))
    assert np.array_equal(merge(torch.from_numpy(logits), class_of, torch).numpy(), merged)


def test_without_groups_nothing_changes():
    logits = np.eye(3)
    assert merge(logits, None) is logits


@given(seed=st.integers(0, 999), classes=st.integers(2, 5), rows=st.integers(1, 40))
def test_scores_of_classes_are_those_of_scikit_learn(seed, classes, rows):
    """Also of classes that were never predicted, or of which the rows have none."""
    generator = np.random.default_rng(seed)
    predicted, targets = generator.integers(0, classes, (2, rows))
    found = by_class(predicted, targets, [str(k) for k in range(classes)])
    expected = precision_recall_fscore_support(
        targets, predicted, labels=range(classes), zero_division=0
    )
    rows_of = [[*one.values()] for one in found.values()]
    np.testing.assert_allclose(np.transpose(rows_of), expected)
    if set(predicted) <= set(targets) and len({*targets}) > 1:  # else scikit-learn warns
        expected_mean = balanced_accuracy_score(targets, predicted)
        assert abs(balanced_accuracy(predicted, targets) - expected_mean) < 1e-12


LABELS = np.array([1] * 10 + [-1] * 5 + [0] * 10 + [1] * 5)
STEPS = np.arange(5, 31, 5)


def test_an_event_is_found_where_it_is_answered_at_least_once():
    assert stretches(LABELS) == [(0, 10, 1), (15, 25, 0), (25, 30, 1)]
    for answers, found in (
        ([1, 1, 1, 0, 0, 1], 3),
        ([-1, 1, -1, -1, 0, -1], 2),  # the last answers of two of them
        ([0, 0, 1, 1, 1, 0], 0),  # what comes too late, or before
        ([-1] * 6, 0),
    ):
        assert event_recall(LABELS, STEPS, np.array(answers)) == found / 3
    assert event_recall(np.full(30, -1), STEPS, np.zeros(6)) == 1.0


def test_a_false_alarm_is_a_change_to_what_is_not_there():
    for answers, alarms in (
        ([1, 1, -1, 0, 0, 1], 0),
        ([0, 0, 0, 0, 0, 1], 1),  # answered until it comes true
        ([1, 1, 1, 1, 1, 1], 0),  # stays what it was
        ([1, 1, 0, -1, 1, 1], 2),  # where nothing is, and the wrong one
        ([-1] * 6, 0),
    ):
        assert false_alarms(LABELS, STEPS, np.array(answers)) == alarms
    rate = false_alarms_per_hour(LABELS, STEPS, np.array([0] * 6), 10.0)
    assert rate == 1200.0  # one in three seconds

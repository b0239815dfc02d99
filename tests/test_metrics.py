"""Scores of classes, one by one and merged from finer ones, the same in NumPy and torch."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, precision_recall_fscore_support

from hadamrnn.metrics import (
    balanced_accuracy,
    by_class,
    merge,
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

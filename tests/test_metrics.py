"""Merged scores of finer classes: the best of each group, the same in NumPy and torch."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from hadamrnn.metrics import merge


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

"""Scores of logits against targets, as NumPy arrays."""

import numpy as np


def cross_entropy(logits, targets):
    """Mean of -log softmax(logits)[target], in nats. logits : (..., classes); targets : (...)."""
    logits = logits - logits.max(axis=-1, keepdims=True)
    chosen = np.take_along_axis(logits, np.asarray(targets, dtype=np.int64)[..., None], axis=-1)
    return float(np.mean(np.log(np.exp(logits).sum(axis=-1)) - chosen[..., 0]))


def scores(logits, targets):
    """{"accuracy", "cross_entropy"} over samples (and steps); cross-entropy in nats.

    logits : (..., classes) real; targets : (...) class ids.

    >>> scores(np.array([[2.0, 0.0], [2.0, 0.0]]), np.array([0, 1]))["accuracy"]
    0.5
    """
    return {
        "accuracy": float((logits.argmax(-1) == targets).mean()),
        "cross_entropy": cross_entropy(np.asarray(logits, dtype=np.float64), targets),
    }


def recalled_accuracy(logits, targets):
    """Accuracy over the positions that hold a symbol (target above 0), as in the copy task."""
    return float((logits.argmax(-1) == targets)[targets > 0].mean())


def merge(logits, class_of, library=np):
    """Scores of the classes: the largest of their finer classes'.

    A model may tell apart more than it is asked: a class is then a group of finer ones (har2: two
    classes of three activities each), and the predicted class is that of the best finer one. A
    read-out that is linear for each finer class is thereby convex piecewise linear for each class
    (maxout, arXiv:1302.4389).

    logits : (..., finer classes), NumPy array or, with ``library=torch``, tensor; class_of : the
    class id of every finer class, ids 0..classes-1 all in use; None returns ``logits``.

    >>> merge(np.array([[1.0, 5.0, 2.0]]), [0, 1, 0]).tolist()
    [[2.0, 5.0]]
    """
    if class_of is None:
        return logits
    members = [
        [finer for finer, group in enumerate(class_of) if group == label]
        for label in range(max(class_of) + 1)
    ]
    return library.stack([library.amax(logits[..., own], -1) for own in members], -1)

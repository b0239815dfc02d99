"""Scores of logits against targets, as NumPy arrays, and what they are compared with."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def cross_entropy(logits: np.ndarray, targets: np.ndarray) -> float:
    """Mean of -log softmax(logits)[target], in nats.

    Parameters
    ----------
    logits : numpy.ndarray
        (..., classes).
    targets : numpy.ndarray
        (...), class ids.

    Returns
    -------
    float
        Over samples (and steps).
    """
    logits = logits - logits.max(axis=-1, keepdims=True)
    chosen = np.take_along_axis(logits, np.asarray(targets, dtype=np.int64)[..., None], axis=-1)
    return float(np.mean(np.log(np.exp(logits).sum(axis=-1)) - chosen[..., 0]))


def scores(logits: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """Accuracy and cross-entropy.

    Parameters
    ----------
    logits : numpy.ndarray
        (..., classes), real.
    targets : numpy.ndarray
        (...), class ids.

    Returns
    -------
    dict
        "accuracy", and "cross_entropy" in nats, over samples (and steps).

    Examples
    --------
    >>> scores(np.array([[2.0, 0.0], [2.0, 0.0]]), np.array([0, 1]))["accuracy"]
    0.5
    """
    return {
        "accuracy": float((logits.argmax(-1) == targets).mean()),
        "cross_entropy": cross_entropy(np.asarray(logits, dtype=np.float64), targets),
    }


def by_class(
    predicted: np.ndarray, targets: np.ndarray, names: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and support of every class.

    Parameters
    ----------
    predicted : numpy.ndarray
        (n,), class ids.
    targets : numpy.ndarray
        (n,), class ids.
    names : sequence of str
        Of all classes.

    Returns
    -------
    dict of str to dict
        By name; 0 where nothing was predicted, or nothing is there.

    Examples
    --------
    >>> by_class(np.array([0, 0, 1]), np.array([0, 1, 1]), ["a", "b"])["b"]
    {'precision': 1.0, 'recall': 0.5, 'f1': 0.6666666666666666, 'support': 2}
    """
    found = {}
    for label, name in enumerate(names):
        right = int(((predicted == label) & (targets == label)).sum())
        guessed, there = int((predicted == label).sum()), int((targets == label).sum())
        found[name] = {
            "precision": right / max(1, guessed),
            "recall": right / max(1, there),
            "f1": 2 * right / max(1, guessed + there),
            "support": there,
        }
    return found


def balanced_accuracy(predicted: np.ndarray, targets: np.ndarray) -> float:
    """Mean of the recalls of the classes that are there: each counts the same, rare or not.

    Parameters
    ----------
    predicted : numpy.ndarray
        (n,), class ids.
    targets : numpy.ndarray
        (n,), class ids.

    Returns
    -------
    float

    Examples
    --------
    >>> balanced_accuracy(np.array([0, 0, 0, 0]), np.array([0, 0, 0, 1]))
    0.5
    """
    return float(np.mean([(predicted == k)[targets == k].mean() for k in np.unique(targets)]))


def recalled_accuracy(logits: np.ndarray, targets: np.ndarray) -> float:
    """Accuracy over the positions that hold a symbol (target above 0), as in the copy task."""
    return float((logits.argmax(-1) == targets)[targets > 0].mean())


def merge(logits: Any, class_of: Sequence[int] | None, library: Any = np) -> Any:
    """Scores of the classes: the largest of their finer classes'.

    A model may tell apart more than it is asked: a class is then a group of finer ones (har2: two
    classes of three activities each), and the predicted class is that of the best finer one. A
    read-out that is linear for each finer class is thereby convex piecewise linear for each class
    (maxout, arXiv:1302.4389).

    Parameters
    ----------
    logits : array
        (..., finer classes), NumPy array or, with ``library=torch``, tensor.
    class_of : sequence of int or None
        The class id of every finer class, ids 0..classes-1 all in use; None returns ``logits``.
    library : module
        numpy or torch.

    Returns
    -------
    array
        (..., classes).

    Examples
    --------
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


def errors(values: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """How far numbers are from those they should be.

    Parameters
    ----------
    values : numpy.ndarray
        (n,), in the targets' units.
    targets : numpy.ndarray
        (n,).

    Returns
    -------
    dict
        "mae" and "rmse", mean absolute and root mean squared error in the targets' units, and "r2",
        1 for no error and 0 for that of always giving the targets' mean; 0 for targets that are
        all the same.

    Examples
    --------
    >>> errors(np.array([1.0, 2.0, 6.0]), np.array([1.0, 3.0, 5.0]))
    {'mae': 0.6666666666666666, 'rmse': 0.816496580927726, 'r2': 0.75}
    """
    missed = np.asarray(values, dtype=np.float64) - targets
    spread = float(np.square(targets - targets.mean()).sum())
    return {
        "mae": float(np.abs(missed).mean()),
        "rmse": float(np.sqrt(np.square(missed).mean())),
        "r2": 1 - float(np.square(missed).sum()) / spread if spread else 0.0,
    }


def in_words(score: str, value: float) -> str:
    """A score as people read it: R2 as a number, shares in percent.

    Examples
    --------
    >>> in_words("r2", 0.81234), in_words("accuracy", 0.81234)
    ('0.812', '81.23 %')
    """
    return f"{value:.3f}" if score == "r2" else f"{100 * value:.2f} %"


def measure_of(scores: Mapping[str, Any]) -> str:
    """The benchmark's own measure (``own_score``) among the scores of a model in metrics.json."""
    return next(key for key in ("recalled_accuracy", "r2", "accuracy") if key in scores)


def reached(scores: Mapping[str, Any]) -> str:
    """The benchmark's own measure among ``scores``, as people read it.

    Examples
    --------
    >>> reached({"accuracy": 0.5, "cross_entropy": 0.7}), reached({"mae": 0.5, "r2": 0.25})
    ('50.00 %', '0.250')
    """
    measure = measure_of(scores)
    return in_words(measure, scores[measure])


def own_score(card: Mapping[str, Any]) -> str:
    """The measure by which a benchmark is judged first.

    Parameters
    ----------
    card : mapping
        card.json of its prepared data.

    Returns
    -------
    str
        "recalled_accuracy" for the copy task, where 98 of 100 steps ask for nothing, "r2" where
        targets are numbers, else "accuracy".
    """
    if "target" in card.get("output", {}):
        return "r2"
    return "recalled_accuracy" if card.get("layout") == "copy" else "accuracy"


def majority_score(card: Mapping[str, Any], split: str) -> tuple[float, float]:
    """What a model scores that always gives the most frequent class of training, or the mean there.

    Parameters
    ----------
    card : mapping
        card.json of the prepared data.
    split : str
        The rows that are scored: "train", "valid" or "test".

    Returns
    -------
    score : float
        By ``own_score``; of the copy task, over the recalled symbols.
    error : float
        Standard error of a model that guesses as well, over so many rows: of R2 that of the squared
        correlation of numbers that have nothing to do with each other, and where each step has a
        class, over the sequences, in which one step is like the next.

    Examples
    --------
    >>> counts = {"train": [10, 30], "test": [25, 75]}
    >>> majority_score({"class_counts": counts}, "test")
    (0.75, 0.04330127018922193)
    """
    score = own_score(card)
    if score == "r2":
        guess, (mean, deviation) = (card["target_statistics"][part] for part in ("train", split))
        missed = ((mean - guess[0]) / deviation) ** 2 if deviation else 0.0
        return -missed, 2 / card["counts"][split]
    first = 1 if score == "recalled_accuracy" else 0
    learned, scored = (card["class_counts"][part][first:] for part in ("train", split))
    share = scored[learned.index(max(learned))] / sum(scored)
    every = score == "accuracy" and card.get("output", {}).get("per_step")
    rows = card["counts"][split] if every else sum(scored)
    return share, math.sqrt(share * (1 - share) / rows)

"""From recordings to the sequences that a model reads, each with its class, classes or number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hadamrnn.datasets.formats.recordings import Recording
from hadamrnn.datasets.formats.sections import Window
from hadamrnn.errors import HadamrnnError


@dataclass(frozen=True)
class Piece:
    """One sequence.

    Parameters
    ----------
    values : (time, channels) float64
        Its readings.
    label : str, float or (time,) str
        Its class; of task regress its number, of per_step the class of each reading.
    group : str or None
        Whose it is, where known.
    """

    values: np.ndarray
    label: Any
    group: str | None = None


def hop_of(window: Window, task: str) -> int:
    """Readings from the start of a window to that of the next."""
    usual = window.steps if task == "per_step" else max(1, window.steps // 2)
    return window.hop or usual


def pieces(
    recording: Recording, window: Window | None, task: str = "classify", once: bool = False
) -> list[Piece]:
    """The sequences in a recording.

    Parameters
    ----------
    recording : Recording
        Without missing readings.
    window : Window or None
        None: the recording is one sequence.
    task : {"classify", "per_step", "regress"}
        What a label is.
    once : bool
        Whether no reading may be in two windows, whatever ``window.hop`` says.

    Returns
    -------
    list of Piece
        None of a recording that is shorter than a window.

    Raises
    ------
    HadamrnnError
        Where a whole sequence has several labels and must have one.
    """
    every = task == "per_step"
    if window is None:
        label = recording.labels if every else _only_label(recording)
        return [Piece(recording.values, label, recording.group)]
    assert window.label is not None
    hop = hop_of(window, task)
    hop = max(hop, window.steps) if once else hop
    found = []
    for start in range(0, len(recording) - window.steps + 1, hop):
        rows = slice(start, start + window.steps)
        labels = recording.labels[rows]
        label = labels if every else label_of(labels, window.label)
        if label is not None:
            found.append(Piece(recording.values[rows], label, recording.group))
    return found


def _only_label(recording: Recording) -> Any:
    other = np.flatnonzero(recording.labels != recording.labels[0])
    if len(other):
        raise HadamrnnError(
            f"{recording.file}: row {recording.rows[other[0]]}: must have the label "
            f"{_plain(recording.labels[0])!r} of its whole sequence (columns.sequence or a window "
            f"tells where one ends); got {_plain(recording.labels[other[0]])!r}"
        )
    return _plain(recording.labels[0])


def label_of(labels: np.ndarray, rule: str) -> Any:
    """The class or the number of several readings; None where they have none.

    Parameters
    ----------
    labels : (n,) str or float64
        Of the readings.
    rule : {"majority", "mean", "last", "same"}
        Same: that of all, if they have one.

    Examples
    --------
    >>> label_of(np.array(["a", "b", "b"]), "majority"), label_of(np.array(["a", "b"]), "same")
    ('b', None)
    >>> label_of(np.array([1.0, 2.0]), "mean")
    1.5
    """
    if rule == "mean":
        return float(labels.mean())
    if rule == "last":
        return _plain(labels[-1])
    if rule == "same":
        return _plain(labels[0]) if (labels == labels[0]).all() else None
    names, counts = np.unique(labels.astype(str), return_counts=True)
    return str(names[int(counts.argmax())])


def _plain(label: Any) -> Any:
    return float(label) if isinstance(label, float) else str(label)


def most_frequent(recording: Recording) -> str:
    """The label of most readings."""
    label: str = label_of(recording.labels, "majority")
    return label


def class_names(labels: Sequence[str]) -> list[str]:
    """Different labels in order: numbers by value, else texts.

    Parameters
    ----------
    labels : sequence of str

    Returns
    -------
    list of str

    Examples
    --------
    >>> class_names(["10", "9", "9"]), class_names(["b", "a10", "a9"])
    (['9', '10'], ['a10', 'a9', 'b'])
    """
    names = {*labels}
    try:
        return sorted(names, key=lambda name: (float(name), name))
    except ValueError:
        return sorted(names)

"""From recordings to the sequences that a model reads, each with one class."""

from collections.abc import Sequence
from dataclasses import dataclass

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
    label : str
        Its class.
    group : str or None
        Whose it is, where known.
    """

    values: np.ndarray
    label: str
    group: str | None = None


def pieces(recording: Recording, window: Window | None) -> list[Piece]:
    """The sequences in a recording.

    Parameters
    ----------
    recording : Recording
        Without missing readings.
    window : Window or None
        None: the recording is one sequence.

    Returns
    -------
    list of Piece
        None of a recording that is shorter than a window.

    Raises
    ------
    HadamrnnError
        Where a whole sequence has several labels.
    """
    if window is None:
        return [Piece(recording.values, _only_label(recording), recording.group)]
    hop = window.hop or max(1, window.steps // 2)
    found = []
    for start in range(0, len(recording) - window.steps + 1, hop):
        rows = slice(start, start + window.steps)
        label = _label(recording.labels[rows], window.label)
        if label is not None:
            found.append(Piece(recording.values[rows], label, recording.group))
    return found


def _only_label(recording: Recording) -> str:
    other = np.flatnonzero(recording.labels != recording.labels[0])
    if len(other):
        raise HadamrnnError(
            f"{recording.file}: row {recording.rows[other[0]]}: must have the label "
            f"{recording.labels[0]!r} of its whole sequence (columns.sequence or a window tells "
            f"where one ends); got {recording.labels[other[0]]!r}"
        )
    return str(recording.labels[0])


def _label(labels: np.ndarray, rule: str) -> str | None:
    """The class of a window; None where it has none.

    >>> _label(np.array(["a", "b", "b"]), "majority"), _label(np.array(["a", "b"]), "same")
    ('b', None)
    """
    if rule == "last":
        return str(labels[-1])
    names, counts = np.unique(labels.astype(str), return_counts=True)
    if rule == "same":
        return str(names[0]) if len(names) == 1 else None
    return str(names[int(counts.argmax())])


def most_frequent(recording: Recording) -> str:
    """The label of most readings."""
    label = _label(recording.labels, "majority")
    assert label is not None
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

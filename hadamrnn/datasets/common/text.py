"""Texts as sequences of ids of one length: id 0 is padding, a text too long loses its front."""

from collections.abc import Sequence
from typing import Any

import numpy as np

PADDING = 0


def fixed_length(sequences: Sequence[Any], steps: int) -> np.ndarray:
    """Ids of all sequences, padded and cut at the front.

    The last ids of a sequence are kept, so that the end of a text is always the end of its row.

    Parameters
    ----------
    sequences : sequence of sequences of int
        n of ids from 0 to 65535.
    steps : int
        T.

    Returns
    -------
    (n, T) uint16

    Examples
    --------
    >>> fixed_length([[5, 6], [1, 2, 3, 4]], 3).tolist()
    [[0, 5, 6], [2, 3, 4]]
    """
    rows = np.full((len(sequences), steps), PADDING, dtype=np.uint16)
    for row, ids in zip(rows, sequences, strict=True):
        kept = ids[-steps:]
        if len(kept):
            row[-len(kept) :] = kept
    return rows


def ended(sequences: Sequence[Any], steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Ids of all sequences, cut at the front, and how many they are; what is behind is padding.

    Parameters
    ----------
    sequences : sequence of sequences of int
        n of ids from 0 to 65535.
    steps : int
        T.

    Returns
    -------
    rows : (n, T) uint16
    counts : (n,) uint32
        1 to T: of a sequence without ids one, which is padding.

    Examples
    --------
    >>> rows, counts = ended([[5, 6], [1, 2, 3, 4]], 3)
    >>> rows.tolist(), counts.tolist()
    ([[5, 6, 0], [2, 3, 4]], [2, 3])
    """
    rows = np.full((len(sequences), steps), PADDING, dtype=np.uint16)
    counts = np.ones(len(sequences), dtype=np.uint32)
    for number, ids in enumerate(sequences):
        kept = ids[-steps:]
        if len(kept):
            rows[number, : len(kept)] = kept
            counts[number] = len(kept)
    return rows, counts


def most_frequent(sequences: Sequence[Sequence[int]], count: int) -> np.ndarray:
    """The most frequent ids; of equally frequent ones the lower.

    Parameters
    ----------
    sequences : sequence of sequences of int
        Ids from 0 on, at least one.
    count : int
        How many at most.

    Returns
    -------
    (at most count,) int64
        From the most frequent one on.

    Examples
    --------
    >>> most_frequent([[7, 2, 7], [3, 2, 9]], 3).tolist()
    [2, 7, 3]
    """
    often = np.bincount(np.concatenate([np.asarray(ids, np.int64) for ids in sequences]))
    order = np.argsort(-often, kind="stable")
    return order[often[order] > 0][:count]


def lengths(rows: np.ndarray) -> dict[str, float]:
    """How many ids of the rows are no padding, for the card.

    Parameters
    ----------
    rows : (n, T) int
        Ids, padded in front or behind.

    Returns
    -------
    dict
        "mean", rounded to 0.01; "longest"; "full": how many rows have no padding.

    Examples
    --------
    >>> lengths(np.array([[0, 0, 7], [1, 2, 3]]))
    {'mean': 2.0, 'longest': 3, 'full': 1}
    """
    used = np.count_nonzero(rows, axis=1)
    full = int((used == rows.shape[1]).sum())
    return {"mean": round(float(used.mean()), 2), "longest": int(used.max()), "full": full}

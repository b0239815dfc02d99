"""Sequences of unequal length: how many steps of each row count; what is behind is never read."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hadamrnn.errors import HadamrnnError
from hadamrnn.prepared.arrays import read_array

WHAT = "lengths"


def read(folder: str | Path, split: str, card: Mapping[str, Any]) -> np.ndarray | None:
    """The steps of every sequence of a split.

    Parameters
    ----------
    folder : str or Path
        A prepared folder.
    split : str
        "train", "valid" or "test".
    card : mapping
        Its card.json.

    Returns
    -------
    (n,) int64 or None
        None where all have the card's steps.

    Raises
    ------
    HadamrnnError
        The file is missing, damaged, or holds other numbers than 1 to the card's steps.
    """
    name = f"{split}_{WHAT}.npy"
    if name not in card["shapes"]:
        return None
    found = read_array(folder, split, WHAT).astype(np.int64)
    if found.ndim != 1 or found.min() < 1 or found.max() > card["steps"]:
        raise HadamrnnError(
            f"{Path(folder) / name}: must hold steps from 1 to {card['steps']}; got "
            f"{found.min()} to {found.max()}"
        )
    return found


def parts(lengths: np.ndarray | None, shape: tuple[int, ...]) -> Iterator[tuple[Any, int]]:
    """Rows of one length each, to be run side by side.

    Parameters
    ----------
    lengths : (n,) int64 or None
        None for all steps of every row.
    shape : tuple of int
        Of the inputs: (n, T, ...).

    Yields
    ------
    rows : slice or array of int64
    steps : int

    Examples
    --------
    >>> [(rows.tolist(), steps) for rows, steps in parts(np.array([3, 1, 3]), (3, 4))]
    [([1], 1), ([0, 2], 3)]
    >>> [*parts(None, (3, 4))]
    [(slice(0, 3, None), 4)]
    """
    if lengths is None:
        yield slice(0, shape[0]), shape[1]
        return
    for steps in np.unique(lengths):
        yield np.flatnonzero(lengths == steps), int(steps)


def continued(inputs: np.ndarray, lengths: np.ndarray | None) -> np.ndarray:
    """Sequences that repeat themselves behind their end, for scales that follow from their states.

    Parameters
    ----------
    inputs : (n, T, ...) array
    lengths : (n,) int64 or None

    Returns
    -------
    array of the same shape
        A new one where there are lengths.

    Examples
    --------
    >>> continued(np.array([[1, 2, 9, 9, 9]]), np.array([2])).tolist()
    [[1, 2, 1, 2, 1]]
    """
    if lengths is None:
        return inputs
    steps = np.arange(inputs.shape[1])
    return np.stack([row[steps % count] for row, count in zip(inputs, lengths, strict=True)])

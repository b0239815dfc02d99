"""Sequences as users have them, as one padded array with lengths."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_array

from hadamrnn.errors import HadamrnnError


@dataclass(frozen=True, eq=False)
class Sequences:
    """Sequences side by side.

    Parameters
    ----------
    values : (n, longest, features) float32 array
        Zeros behind a sequence's end.
    lengths : (n,) int64 array or None
        Where they differ.
    columns : int
        What scikit-learn counts as features: steps of a table whose rows are sequences of one
        channel, else channels.
    """

    values: npt.NDArray[np.float32]
    lengths: npt.NDArray[np.int64] | None
    columns: int

    def __len__(self) -> int:
        return len(self.values)

    def part(self, rows: npt.NDArray[np.int64]) -> "Sequences":
        """Some of them."""
        lengths = None if self.lengths is None else self.lengths[rows]
        return Sequences(self.values[rows], lengths, self.columns)

    def each(self) -> list[npt.NDArray[np.float32]]:
        """The sequences, each as long as it is."""
        if self.lengths is None:
            return list(self.values)
        return [row[:steps] for row, steps in zip(self.values, self.lengths, strict=True)]


def read(X: Any) -> Sequences:
    """Sequences from a list of arrays, or from one array.

    Parameters
    ----------
    X : list of array_like, (time_i, features) or (time_i,); or array_like, (n, time, features), or
        (n, time) for one channel
        Finite numbers.

    Returns
    -------
    Sequences

    Raises
    ------
    HadamrnnError
        For sequences of different numbers of features, or empty ones.
    ValueError
        As scikit-learn says it, of an array that holds no finite numbers.

    Examples
    --------
    >>> read([[1.0, 2.0, 3.0], [4.0]]).lengths.tolist()
    [3, 1]
    """
    if isinstance(X, list | tuple) and _unequal(X):
        return _of_list(X)
    array = check_array(X, allow_nd=True, dtype=np.float32, input_name="X")
    if array.ndim == 2:
        return Sequences(array[:, :, None], None, array.shape[1])
    if array.ndim != 3 or not array.shape[1] * array.shape[2]:
        raise HadamrnnError(
            "X: must be (n, time, features) or (n, time), or a list of (time, features); got shape "
            f"{array.shape}"
        )
    return Sequences(array, None, array.shape[2])


def _unequal(X: Any) -> bool:
    return len({np.shape(one)[0] if np.ndim(one) else -1 for one in X}) > 1


def _of_list(X: Any) -> Sequences:
    arrays: list[npt.NDArray[np.float32]] = []
    for position, one in enumerate(X):
        name = f"X[{position}]"
        array = check_array(one, ensure_2d=False, allow_nd=True, dtype=np.float32, input_name=name)
        array = array[:, None] if array.ndim == 1 else array
        if array.ndim != 2 or not array.size:
            raise HadamrnnError(
                f"{name}: must be (time, features), of one step at least; got shape {array.shape}"
            )
        if array.shape[1] != arrays[0].shape[1] if arrays else False:
            raise HadamrnnError(
                f"{name}: must have the {arrays[0].shape[1]} features of X[0]; got {array.shape[1]}"
            )
        arrays.append(array)
    lengths = np.array([len(array) for array in arrays])
    values = np.zeros((len(arrays), lengths.max(), arrays[0].shape[1]), np.float32)
    for row, array in zip(values, arrays, strict=True):
        row[: len(array)] = array
    return Sequences(values, lengths, values.shape[2])


def held_out(
    labels: npt.NDArray[Any] | None,
    count: int,
    fraction: float,
    groups: npt.NDArray[Any] | None,
    seed: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows to train on and rows that validate: whole groups, else a share of every class.

    Parameters
    ----------
    labels : (n,) array of int, or None
        Classes; a class of one row keeps it for training.
    count : int
        n.
    fraction : float
        Of the rows, or of the groups, that validate; 0: those that are trained on do.
    groups : (n,) array or None
        Whose sequences they are.
    seed : int
        Of the draw.

    Returns
    -------
    train, valid : arrays of int64
        Sorted.

    Examples
    --------
    >>> held_out(None, 6, 0.3, np.array([1, 1, 2, 2, 3, 3]), seed=0)
    (array([0, 1, 2, 3]), array([4, 5]))
    """
    rows, generator = np.arange(count), np.random.default_rng(seed)
    chosen = np.zeros(count, dtype=bool)
    if fraction > 0 and groups is not None:
        names = np.unique(groups)
        if len(names) < 2:
            raise HadamrnnError("groups: must be two or more, one of them to validate; got one")
        size = min(len(names) - 1, max(1, round(fraction * len(names))))
        chosen = np.isin(groups, generator.permutation(names)[:size])
    elif fraction > 0:
        for label in np.unique(labels) if labels is not None else [None]:
            own = rows if labels is None else np.flatnonzero(labels == label)
            size = min(len(own) - 1, max(1, round(fraction * len(own))))
            chosen[generator.permutation(own)[:size]] = True
    if not chosen.any():
        return rows, rows
    return rows[~chosen], rows[chosen]

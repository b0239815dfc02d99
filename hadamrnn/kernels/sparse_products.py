"""A matrix product that passes over the zeros of one factor: most pixels, events, bits are zero.

Cost: one comparison for each number of the left factor, and one multiply-add a column for each that
is not zero. Sums stay in registers, SHARE lines of the right factor in the first-level cache; they
grow in the order of the left factor, so results depend on nothing but the arguments.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn.kernels.setup import LANES, inline, kernel
from hadamrnn.kernels.vector_ops import copy, fill
from hadamrnn.kernels.vector_sums import LISTED, sum_listed, sum_listed_block

Array = npt.NDArray[Any]

SHARE = 128
"""Most lines of the right factor that are used together: 32 KiB of a block of columns in AVX2."""


MOSTLY_ZERO = 0.5
"""Largest share of numbers that are not zero for which this pays. Measured on one AVX2 core: equal
to the dense product of torch at 0.7."""


@kernel
def _filled(first: int, stop: int, numbers: Array, counts: Array) -> None:
    """counts[i] = how many of numbers[i] are not zero."""
    for i in range(first, stop):
        count = 0
        for j in range(numbers.shape[1]):
            count += numbers[i, j] != 0
        counts[i] = count


def mostly_zero(matrix: np.ndarray[Any, np.dtype[Any]]) -> bool:
    """Whether ``product`` is the cheaper way to multiply with this (n, k) array; not if empty."""
    counts = np.empty(len(matrix), np.int64)
    _filled(0, len(matrix), matrix, counts)
    return matrix.size > 0 and bool(counts.sum() <= MOSTLY_ZERO * matrix.size)


@inline
def _list(
    left: Array, first: int, begin: int, end: int, found: Array, places: Array, values: Array
) -> None:
    """Row i of places and values: where left[first + i, begin:end] is not zero, and what it is."""
    for i in range(len(found)):
        number = 0
        for j in range(begin, end):  # written always, kept by counting: a branch would be guessed
            value = left[first + i, j]
            places[i, number], values[i, number] = j - begin, value
            number += value != 0
        found[i] = number


@inline
def _pack(packed: Array, right: Array, begin: int, end: int, column: int, rows: int) -> None:
    """packed[j] = ``rows`` rows of right[begin + j] from ``column`` on.

    Copied together because lines a power of two apart share few places of a cache.
    """
    width = right.shape[1]
    for j in range(begin, end):
        for k in range(rows):
            place, source = ((j - begin) * LISTED + k) * LANES, j * width + column + k * LANES
            copy(packed, place, right, source, right, source)


@kernel
def product(
    first: int,
    stop: int,
    left: np.ndarray[Any, np.dtype[Any]],
    right: np.ndarray[Any, np.dtype[Any]],
    out: np.ndarray[Any, np.dtype[Any]],
    grow: bool,
) -> None:
    """out = left @ right in the rows ``first`` .. ``stop`` - 1 of ``out``.

    Parameters
    ----------
    first : int
        The first row that is worked on.
    stop : int
        The first one behind them.
    left : (n, k), k > 0
        Of any strides.
    right : (k, width)
        width is a multiple of LANES.
    out : (n, width)
        Written.
    grow : bool
        Add to what ``out`` held.
    """
    count, width = right.shape
    share = -(-count // -(-count // SHARE))  # all of like size
    places = np.empty((stop - first, share), np.int64)
    values = np.empty((stop - first, share), left.dtype)
    found = np.zeros(stop - first, np.int64)
    packed = np.empty((share, LISTED, LANES), right.dtype)
    for begin in range(0, count, share):
        end = min(begin + share, count)
        _list(left, first, begin, end, found, places, values)
        for column in range(0, width, LISTED * LANES):
            rows = min(LISTED, (width - column) // LANES)
            _pack(packed, right, begin, end, column, rows)
            for i in range(stop - first):
                start, place = i * share, (first + i) * width + column
                if begin == 0 and not grow:
                    for k in range(0, rows * LANES, LANES):
                        fill(out, place + k, out.dtype.type(0))
                if rows == LISTED:
                    sum_listed_block(out, place, values, places, start, found[i], packed, 0)
                else:
                    for k in range(0, rows * LANES, LANES):
                        sum_listed(out, place + k, values, places, start, found[i], packed, k)

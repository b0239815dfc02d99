"""Base-2 logarithm of integers in 1/64 octaves, defined exactly: a leading one and a table.

    ilog2(v) = 64 e + T[j],   e = floor(log2 v),   j = the six bits of v behind its leading one,
    T[j] = round(64 log2(1 + (j + 1/2) / 64))

C finds e by counting shifts and j by one more; the table takes 64 bytes.
"""

import numpy as np
import numpy.typing as npt

OCTAVE_BITS = 6
OCTAVE = 1 << OCTAVE_BITS
"""Steps of the result in an octave, a factor of two."""
TABLE = np.array(
    [
        *(1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 16, 18, 19, 20),
        *(21, 22, 23, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37),
        *(38, 39, 40, 41, 42, 43, 43, 44, 45, 46, 47, 48, 49, 50, 50, 51),
        *(52, 53, 54, 55, 55, 56, 57, 58, 58, 59, 60, 61, 61, 62, 63, 64),
    ],
    dtype=np.uint8,
)
"""T."""
LARGEST = 32 * OCTAVE
"""No logarithm of 32 bits is above it."""


def ilog2(values: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Logarithm of positive integers.

    Parameters
    ----------
    values : array_like of int
        From 1 to 2^53.

    Returns
    -------
    array of int64
        64 log2(values), wrong by less than 1.3.

    Examples
    --------
    >>> ilog2([1, 2, 3, 4096]).tolist()
    [1, 65, 102, 769]
    """
    v = np.asarray(values, dtype=np.int64)
    exponent = np.frexp(v.astype(np.float64))[1].astype(np.int64) - 1
    place = ((v << OCTAVE_BITS) >> exponent) & (OCTAVE - 1)
    logarithm: npt.NDArray[np.int64] = (exponent << OCTAVE_BITS) + TABLE[place]
    return logarithm

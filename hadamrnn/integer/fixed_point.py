r"""Integer rounding, saturation and width checks: the few rules every other integer file uses.

Rounding is "round half up": floor(value / 2^shift + 1/2), one addition and one arithmetic shift,
in NumPy as in C. The recurrence adds a dither to the 1/2, one number for all neurons of a step
(``rounding_constant``), because its errors would otherwise add up over a thousand steps.

>>> round_shift(np.array([-6, -5, -4, -3, -2, 2, 3, 4, 5, 6]), 2).tolist()
[-1, -1, -1, -1, 0, 1, 1, 1, 1, 2]
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
INVERSE_SQRT2 = 46341
"""round(2^16 / sqrt 2), relative error 1.1e-6."""
INVERSE_SQRT2_LIMIT = 1 << 23
"""Below it the C code is exact in 32 bits: vh * 46341 < 2^31."""


def round_shift(values: Integers, shift: int) -> Integers:
    """floor(values / 2^shift + 1/2).

    Parameters
    ----------
    values : array of int64
        With room for 2^(shift - 1).
    shift : int
        At least 0.

    Returns
    -------
    array of int64
        Exact.
    """
    return (values + ((1 << shift) >> 1)) >> shift


def rounding_constant(step: int, fraction_bits: int, k: int) -> int:
    """What is added before the shift of a step's accumulator.

    The state's product has steps of 2^-k, so without inputs the rounded value is off by the same
    fraction of 2^-k in every step. A dither that sweeps that interval evenly, in the order of the
    triangular numbers n (n + 1) / 2 mod 32, makes the mean error zero and its spectrum flat.

    Parameters
    ----------
    step : int
        n, from 0.
    fraction_bits : int
        F, the shift.
    k : int
        log2(m) // 2.

    Returns
    -------
    int
        2^(F-1) + floor((2 tri + 1) 2^(F-k) / 64) - 2^(F-k-1), tri = n (n + 1) / 2 mod 32.

    Examples
    --------
    >>> [rounding_constant(n, 10, 3) - 512 for n in (0, 1, 2, 3, 64)]
    [-62, -58, -50, -38, -62]
    >>> sum(rounding_constant(n, 10, 3) - 512 for n in range(64))
    0
    """
    n = step & 63  # the period of the sequence
    tri = (n * (n + 1) >> 1) & 31
    width = fraction_bits - k
    return (1 << (fraction_bits - 1)) + ((2 * tri + 1) << width >> 6) - (1 << (width - 1))


def times_inverse_sqrt2(values: Integers) -> Integers:
    """Multiply by 46341 / 65536, nearly 1 / sqrt 2, rounding half up.

    Parameters
    ----------
    values : array of int64
        Below 2^23 in magnitude, so that 32-bit code gives the same.

    Returns
    -------
    array of int64
        The products.

    Examples
    --------
    >>> times_inverse_sqrt2(np.array([-1000, -1, 0, 1, 1000])).tolist()
    [-707, -1, 0, 1, 707]
    """
    return (values * INVERSE_SQRT2 + (1 << 15)) >> 16


def times_inverse_sqrt2_32(values: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The same product where no intermediate exceeds 32 bits.

    With values = 256 high + low, floor(floor(x / 256) / 256) = floor(x / 65536).

    Parameters
    ----------
    values : array of int32
        Below 2^23 in magnitude.

    Returns
    -------
    array of int32
        As ``times_inverse_sqrt2``.

    Examples
    --------
    >>> v = np.arange(-(1 << 23) + 1, 1 << 23, 997, dtype=np.int32)
    >>> bool((times_inverse_sqrt2_32(v) == times_inverse_sqrt2(v.astype(np.int64))).all())
    True
    """
    low = values & 255
    low *= INVERSE_SQRT2
    low += 1 << 15
    low >>= 8
    high = values >> 8
    high *= INVERSE_SQRT2
    high += low
    high >>= 8
    return high


def saturate(values: Integers, limit: int) -> Integers:
    """Clip to the symmetric range [-limit, limit].

    Parameters
    ----------
    values : array of int64
        Any.
    limit : int
        At least 0.

    Returns
    -------
    array of int64
        The clipped values.

    Examples
    --------
    >>> saturate(np.array([-9, -7, 0, 7, 9]), 7).tolist()
    [-7, -7, 0, 7, 7]
    """
    clipped: Integers = np.clip(values, -limit, limit)
    return clipped


def check_width(values: Any, bits: int, what: str, signed: bool = True) -> Integers:
    """``values``, which were proven to fit a width.

    Widths are proven when a model is made, so a breach is a defect of the proof, never user error.

    Parameters
    ----------
    values : array of int64
        Anything that was computed.
    bits : int
        The width.
    what : str
        How an error names them.
    signed : bool
        Whether one of the bits is a sign.

    Returns
    -------
    array of int64
        ``values``, unchanged.

    Raises
    ------
    OverflowError
        If one of them does not fit.

    Examples
    --------
    >>> check_width(np.array([40000]), 16, "transform")
    Traceback (most recent call last):
    ...
    OverflowError: transform: proven to fit 16 bits, but reached 40000
    """
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    array: Integers = np.asarray(values)
    if array.size:
        smallest, largest = int(array.min()), int(array.max())
        if smallest < low or largest > high:
            worst = smallest if smallest < low else largest
            raise OverflowError(f"{what}: proven to fit {bits} bits, but reached {worst}")
    return array

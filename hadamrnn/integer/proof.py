r"""Bounds of the integer model's sums, by which they are proven to fit their declared widths.

All bounds are interval arithmetic on the actual weights, in unbounded Python integers:

    |t_i| <= m L,   L = 2^(a-1) - 1 (the largest state),   |p_i| <= max|x| sum_j |U_ij|
    |acc_i| + R <= |y| G + |p_i| M + |B_i| 2^bias_shift + R  <  2^31,
                   R = 2^(F-1) + 2^(F-k-1), the largest rounding constant
    |z_c| <= max r sum_i |V_ci| + |bias of z_c|              <  2^31
"""

import numpy as np
import numpy.typing as npt

from hadamrnn.errors import HadamrnnError
from hadamrnn.integer.fixed_point import INVERSE_SQRT2, INVERSE_SQRT2_LIMIT
from hadamrnn.integer.logarithm import LARGEST

Objects = npt.NDArray[np.object_]

INT32_MAX = (1 << 31) - 1
FRACTION_BITS_MAX = 20


def state_limit(activation_bits: int) -> int:
    """L = 2^(a-1) - 1: states saturate at plus and minus L."""
    return (1 << (activation_bits - 1)) - 1


def block_scale(block_size: int) -> tuple[int, bool]:
    """1 / sqrt m as (k, root): 2^-k, times 1 / sqrt 2 when root is True.

    >>> [block_scale(m) for m in (1, 2, 4, 8, 512)]
    [(0, False), (0, True), (1, False), (1, True), (4, True)]
    """
    log_size = block_size.bit_length() - 1
    return log_size // 2, bool(log_size % 2)


def state_gain(block_size: int, fraction_bits: int, fade: int) -> int:
    """G, what the transformed state is multiplied by.

    Parameters
    ----------
    block_size : int
        m.
    fraction_bits : int
        F, at least k + 1, with a fade at least k + fade.
    fade : int
        f, 0 for none.

    Returns
    -------
    int
        2^(F-k), times 1 - 2^-f with a fade: exact.

    Examples
    --------
    >>> state_gain(16, 10, 0), state_gain(16, 10, 5)
    (256, 248)
    """
    gain = 1 << (fraction_bits - block_scale(block_size)[0])
    return gain - (gain >> fade) if fade else gain


def input_bounds(input_weight: npt.ArrayLike, one_hot: bool, input_bits: int) -> Objects:
    """Largest |p_i| of each neuron.

    Parameters
    ----------
    input_weight : array_like of int, (d, d_in)
        U.
    one_hot : bool
        Whether a step reads one column of U, else numbers.
    input_bits : int
        Width of such a number.

    Returns
    -------
    array of Python int, (d,)
        The bounds.
    """
    magnitudes = np.abs(np.asarray(input_weight, dtype=np.int64))
    if one_hot:
        largest: Objects = magnitudes.max(axis=1).astype(object)
        return largest
    sums: Objects = magnitudes.sum(axis=1).astype(object) * (1 << (input_bits - 1))
    return sums


def accumulator_bound(
    block_size: int,
    activation_bits: int,
    fraction_bits: int,
    inputs: Objects,
    multiplier: int,
    bias: npt.ArrayLike,
    bias_shift: int,
    fade: int = 0,
) -> int:
    """Largest |acc_i| plus rounding constant over all neurons, states and inputs.

    Parameters
    ----------
    block_size, activation_bits, fraction_bits, multiplier, bias_shift, fade : int
        As the fields of IntegerModel.
    inputs : array of Python int, (d,)
        From ``input_bounds``.
    bias : array_like of int, (d,)
        B.

    Returns
    -------
    int
        At most 2^31 - 1 where 32 bits suffice.
    """
    k, root = block_scale(block_size)
    widest = block_size * state_limit(activation_bits)
    if root:  # of the two signs the negative one can round one further
        widest = -((-widest * INVERSE_SQRT2 + (1 << 15)) >> 16)
    rest = inputs * multiplier + np.abs(np.asarray(bias, dtype=np.int64)).astype(object) * (
        1 << bias_shift
    )
    width = max(fraction_bits - k, 1)
    gain = state_gain(block_size, max(fraction_bits, k + 1), fade)
    return int(widest * gain + max(rest) + (1 << (fraction_bits - 1)) + (1 << (width - 1)))


def sum_limit(readout: str, activation_bits: int, max_steps: int) -> int:
    """Largest state or sum of states that the readout sees: L, or L max_steps for a mean."""
    return state_limit(activation_bits) * (1 if readout == "last" else max_steps)


def logit_bound(
    output_weight: npt.ArrayLike,
    output_bias: npt.ArrayLike,
    readout: str,
    activation_bits: int,
    max_steps: int,
    sum_shift: int,
) -> int:
    """Largest |z_c| over all classes, and of what C holds on the way to it.

    Parameters
    ----------
    output_weight : array_like of int, (classes, d)
        V.
    output_bias : array_like of int, (classes,)
        C.
    readout : str
        "last", "mean" or "log_mean".
    activation_bits, max_steps, sum_shift : int
        As the fields of IntegerModel.

    Returns
    -------
    int
        At most 2^31 - 1 where 32 bits suffice.
    """
    rows = np.abs(np.asarray(output_weight, dtype=np.int64)).sum(axis=1).astype(object)
    bias = np.abs(np.asarray(output_bias, dtype=np.int64)).astype(object)
    if readout == "log_mean":
        return int(max(rows * LARGEST + bias))
    largest = sum_limit(readout, activation_bits, max_steps) >> sum_shift
    if readout == "last":
        return int(max(rows * largest + bias))
    scaled_bias = np.array([(c * max_steps >> sum_shift) + 1 for c in bias], dtype=object)
    return int(max(largest, max(bias * max_steps), max(rows * largest + scaled_bias)))


def smallest_sum_shift(
    output_weight: npt.ArrayLike,
    output_bias: npt.ArrayLike,
    readout: str,
    activation_bits: int,
    max_steps: int,
) -> int:
    """The smallest right shift of the sums that keeps every logit within 32 bits.

    Parameters
    ----------
    output_weight, output_bias, readout, activation_bits, max_steps
        As in ``logit_bound``; readout "last" or "mean".

    Returns
    -------
    int
        0 for readout "last".

    Raises
    ------
    HadamrnnError
        If there is none.

    Examples
    --------
    >>> smallest_sum_shift([[127] * 64], [0], "mean", 12, 1000)
    3
    """
    for shift in range(32 if readout == "mean" else 1):
        if (
            logit_bound(output_weight, output_bias, readout, activation_bits, max_steps, shift)
            <= INT32_MAX
        ):
            return shift
    raise HadamrnnError(
        f"activation_bits: the 32-bit logits could overflow with these output weights and biases "
        f"after max_steps={max_steps} steps; got activation_bits={activation_bits}"
    )


def check_transform(block_size: int, activation_bits: int) -> None:
    """Raise HadamrnnError unless the transform's scale can be computed in 32 bits."""
    widest = block_size * state_limit(activation_bits)
    if block_scale(block_size)[1] and widest >= INVERSE_SQRT2_LIMIT:
        raise HadamrnnError(
            f"activation_bits: the product with 1/sqrt(2) could overflow 32 bits for "
            f"block_size={block_size}; got activation_bits={activation_bits}"
        )

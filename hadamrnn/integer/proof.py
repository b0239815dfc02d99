r"""Ranges of the integer model's fields, and the proofs that its sums fit their declared widths.

All bounds are interval arithmetic on the actual weights, in unbounded Python integers:

    |t_i| <= m L,   L = 2^(a-1) - 1 (the largest state),   |p_i| <= max|x| sum_j |U_ij|
    |acc_i| + R <= |y| 2^(F-k) + |p_i| M + |B_i| 2^bias_shift + R  <  2^31,
                   R = 2^(F-1) + 2^(F-k-1), the largest rounding constant
    |z_c| <= max r sum_i |V_ci| + |bias of z_c|                                <  2^31
"""

import math

import numpy as np

from hadamrnn.errors import HadamrnnError
from hadamrnn.hadamard import is_power_of_two
from hadamrnn.integer.fixed_point import INVERSE_SQRT2, INVERSE_SQRT2_LIMIT

INT32_MAX = (1 << 31) - 1
FRACTION_BITS_MAX = 20
RANGES = {  # field: (lowest, highest), as the packed file can hold them and the C code relies on
    "hidden_size": (1, 1 << 15),
    "input_size": (1, (1 << 16) - 1),
    "output_size": (1, (1 << 16) - 1),
    "weight_bits": (2, 16),
    "input_weight_bits": (2, 16),
    "activation_bits": (2, 16),
    "input_bits": (2, 8),
    "fraction_bits": (1, FRACTION_BITS_MAX),
    "bias_shift": (0, 16),
    "sum_shift": (0, 31),
    "max_steps": (1, (1 << 32) - 1),
    "input_multiplier": (1, INT32_MAX),
    "input_zero_point": (-(1 << 15), (1 << 15) - 1),
}


def state_limit(activation_bits):
    """L = 2^(a-1) - 1: states saturate at plus and minus L."""
    return (1 << (activation_bits - 1)) - 1


def block_scale(block_size):
    """1 / sqrt m as (k, root): 2^-k, times 1 / sqrt 2 when root is True.

    >>> [block_scale(m) for m in (1, 2, 4, 8, 512)]
    [(0, False), (0, True), (1, False), (1, True), (4, True)]
    """
    log_size = block_size.bit_length() - 1
    return log_size // 2, bool(log_size % 2)


def input_bounds(input_weight, input_kind, input_bits):
    """Largest |p_i| of each neuron: (d,) array of Python integers.

    input_weight : (d, d_in) int.
    """
    magnitudes = np.abs(np.asarray(input_weight, dtype=np.int64))
    if input_kind == "symbol":
        return magnitudes.max(axis=1).astype(object)
    return magnitudes.sum(axis=1).astype(object) * (1 << (input_bits - 1))


def accumulator_bound(
    block_size, activation_bits, fraction_bits, inputs, multiplier, bias, bias_shift
):
    """Largest |acc_i| plus rounding constant over all neurons, states and inputs.

    inputs : (d,) from ``input_bounds``; bias : (d,) stored int16 values.
    """
    k, root = block_scale(block_size)
    widest = block_size * state_limit(activation_bits)
    if root:  # of the two signs the negative one can round one further
        widest = -((-widest * INVERSE_SQRT2 + (1 << 15)) >> 16)
    rest = inputs * multiplier + np.abs(np.asarray(bias, dtype=np.int64)).astype(object) * (
        1 << bias_shift
    )
    width = max(fraction_bits - k, 1)
    return (widest << width) + max(rest) + (1 << (fraction_bits - 1)) + (1 << (width - 1))


def sum_limit(readout, activation_bits, max_steps):
    """Largest value that the readout sees before its shift: L, or L max_steps for the mean."""
    return state_limit(activation_bits) * (max_steps if readout == "mean" else 1)


def logit_bound(output_weight, output_bias, readout, activation_bits, max_steps, sum_shift):
    """Largest |z_c| over all classes, and of what C holds on the way to it."""
    rows = np.abs(np.asarray(output_weight, dtype=np.int64)).sum(axis=1).astype(object)
    bias = np.abs(np.asarray(output_bias, dtype=np.int64)).astype(object)
    largest = sum_limit(readout, activation_bits, max_steps) >> sum_shift
    if readout == "last":
        return max(rows * largest + bias)
    scaled_bias = np.array([(c * max_steps >> sum_shift) + 1 for c in bias], dtype=object)
    return max(largest, max(bias * max_steps), max(rows * largest + scaled_bias))


def smallest_sum_shift(output_weight, output_bias, readout, activation_bits, max_steps):
    """The smallest right shift of the sums that keeps every logit within 32 bits.

    Raises HadamrnnError if there is none.

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


def check_transform(block_size, activation_bits):
    """Raise unless the transform's scale can be computed in 32 bits."""
    widest = block_size * state_limit(activation_bits)
    if block_scale(block_size)[1] and widest >= INVERSE_SQRT2_LIMIT:
        raise HadamrnnError(
            f"activation_bits: the product with 1/sqrt(2) could overflow 32 bits for "
            f"block_size={block_size}; got activation_bits={activation_bits}"
        )


def _check_ranges(model):
    for name, (low, high) in RANGES.items():
        value = getattr(model, name)
        if not isinstance(value, int) or not low <= value <= high:
            raise HadamrnnError(f"{name}: must be an integer from {low} to {high}; got {value!r}")
    for name in ("input_scale", "state_scale", "logit_scale"):
        value = getattr(model, name)
        if not (isinstance(value, float) and math.isfinite(value) and value > 0):
            raise HadamrnnError(f"{name}: must be a positive finite number; got {value!r}")
    if model.input_kind not in ("dense", "symbol"):
        raise HadamrnnError(f"input_kind: must be dense or symbol; got {model.input_kind!r}")
    if model.readout not in ("last", "mean"):
        raise HadamrnnError(f"readout: must be last or mean; got {model.readout!r}")
    if model.per_step and model.readout == "mean":
        raise HadamrnnError("readout: must be last when every step is read out; got 'mean'")
    if model.readout == "last" and model.sum_shift:
        raise HadamrnnError(f"sum_shift: must be 0 for readout last; got {model.sum_shift}")


def _check_shapes(model):
    d, m = model.hidden_size, model.block_size
    if not isinstance(m, int) or not is_power_of_two(m) or d % m:
        raise HadamrnnError(
            f"block_size: must be a power of two that divides hidden_size={d}; got {m!r}"
        )
    for name, shape in (
        ("bias", (d,)),
        ("output_bias", (model.output_size,)),
        ("input_weight", (d, model.input_size)),
        ("output_weight", (model.output_size, d)),
    ):
        got = getattr(model, name).shape
        if got != shape:
            raise HadamrnnError(f"{name}: must have shape {shape}; got {got}")
    if model.class_names and len(model.class_names) != model.output_size:
        raise HadamrnnError(
            f"class_names: must be empty or one for each of {model.output_size} classes; "
            f"got {len(model.class_names)}"
        )
    for text in (model.name, *model.class_names):
        if not isinstance(text, str) or not text or "\n" in text:
            raise HadamrnnError(f"class_names, name: must be one non-empty line; got {text!r}")
    if not np.isin(model.signs, (-1, 1)).all():
        raise HadamrnnError("signs: must be +1 or -1; got another value")
    for name, bits in (
        ("input_weight", model.input_weight_bits),
        ("output_weight", model.weight_bits),
        ("bias", 16),
        ("output_bias", 32),
    ):
        low, high = int(getattr(model, name).min()), int(getattr(model, name).max())
        if low < -(1 << (bits - 1)) or high >= 1 << (bits - 1):
            raise HadamrnnError(f"{name}: must fit {bits} bits; got values from {low} to {high}")


def prove(model):
    """Raise HadamrnnError unless every field is in range and every width is proven."""
    _check_ranges(model)
    _check_shapes(model)
    check_transform(model.block_size, model.activation_bits)
    k, _ = block_scale(model.block_size)
    if model.fraction_bits < k + 1:
        raise HadamrnnError(
            f"fraction_bits: must be at least {k + 1} for block_size={model.block_size}; "
            f"got {model.fraction_bits}"
        )
    bound = accumulator_bound(
        model.block_size,
        model.activation_bits,
        model.fraction_bits,
        input_bounds(model.input_weight, model.input_kind, model.input_bits),
        model.input_multiplier,
        model.bias,
        model.bias_shift,
    )
    if bound > INT32_MAX:
        raise HadamrnnError(
            f"fraction_bits: the 32-bit accumulator of a step could overflow, reaching {bound}; "
            f"got {model.fraction_bits}"
        )
    if sum_limit(model.readout, model.activation_bits, model.max_steps) >= 1 << 32:
        raise HadamrnnError(
            f"max_steps: the 32-bit sum of states could overflow with "
            f"activation_bits={model.activation_bits}; got {model.max_steps}"
        )
    bound = logit_bound(
        model.output_weight,
        model.output_bias,
        model.readout,
        model.activation_bits,
        model.max_steps,
        model.sum_shift,
    )
    if bound > INT32_MAX:
        raise HadamrnnError(
            f"sum_shift: the 32-bit logits could overflow, reaching {bound}; got {model.sum_shift}"
        )

r"""The integers that follow from trained weights and a state scale.

With state_scale = S, U = u_int u_scale, V = v_int v_scale and F fraction bits,

    M = round(2^F u_scale input_scale / S)
    B = round(2^F b / S) - M input_zero_point sum_j u_int[., j]        (then >> bias_shift, rounded)
    C = round(c / (v_scale S)),   logit_scale = v_scale S

(of the logarithm of a mean with 1/64 in place of S, and log2(S) sum_j V added to c), so that with
x = input_zero_point, a real input of 0, the input product cancels exactly, however M was rounded:
nothing builds up over a long run of zeros. F is the largest value up to 20 for which the 32-bit
accumulator is proven.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn.errors import HadamrnnError
from hadamrnn.export import biases
from hadamrnn.export.spec import IntegerSpec
from hadamrnn.export.weights import FrozenWeights
from hadamrnn.integer import IntegerModel
from hadamrnn.integer.checks import RANGES, ROW_MULTIPLIER_MAX
from hadamrnn.integer.logarithm import OCTAVE
from hadamrnn.integer.proof import (
    FRACTION_BITS_MAX,
    INT32_MAX,
    accumulator_bound,
    block_scale,
    check_transform,
    input_bounds,
    smallest_sum_shift,
)
from hadamrnn.readouts import LOG_FLOOR

Array = npt.NDArray[Any]


def _stored_bias(
    weights: FrozenWeights,
    spec: IntegerSpec,
    fraction: int,
    multiplier: int,
    zero_point: int,
    state_scale: float,
    accumulation: Array | None,
) -> tuple[Array, int] | None:
    """(B, bias_shift) in bias_bits; None if no shift holds all."""
    exact = np.rint(np.asarray(weights.bias, np.float64) / state_scale * (1 << fraction))
    if np.abs(exact).max() > INT32_MAX:
        return None
    whole = exact.astype(np.int64)
    if spec.input_kind == "dense":
        row_sums = np.asarray(weights.input_weight_int, dtype=np.int64).sum(axis=1)
        whole -= multiplier * zero_point * row_sums
    return biases.stored(whole, spec.bias_bits, accumulation)


def _arithmetic(
    weights: FrozenWeights,
    state_scale: float,
    quantization: tuple[float, int],
    spec: IntegerSpec,
    accumulation: Array | None,
) -> tuple[int, int, Array, int]:
    """(F, M, B, bias_shift) for the largest F whose accumulator is proven."""
    input_scale, zero_point = quantization
    k, _ = block_scale(weights.block_size)
    fade = weights.fade or 0
    least = k + max(1, fade)
    one_hot = spec.input_kind == "symbol" and weights.embedding_int is None
    bounds = input_bounds(weights.input_weight_int, one_hot, spec.input_bits)
    step = weights.input_weight_scale * input_scale / state_scale
    for fraction in range(FRACTION_BITS_MAX, least - 1, -1):
        multiplier = max(1, round(step * (1 << fraction)))
        if multiplier > INT32_MAX:
            continue
        stored = _stored_bias(
            weights, spec, fraction, multiplier, zero_point, state_scale, accumulation
        )
        if stored is None:
            continue
        bias, shift = stored
        bound = accumulator_bound(
            weights.block_size,
            spec.activation_bits,
            fraction,
            bounds,
            multiplier,
            bias,
            shift,
            fade,
        )
        if bound > INT32_MAX:
            continue
        if step * (1 << fraction) < 0.5 and np.any(weights.input_weight_int):
            raise HadamrnnError(
                f"activation_bits: the smallest input would round to nothing beside states of this "
                f"size; got {spec.activation_bits}"
            )
        return fraction, multiplier, bias, shift
    raise HadamrnnError(
        f"activation_bits: the 32-bit accumulator of a step could overflow even with the fewest "
        f"fraction bits, {least}, for block_size={weights.block_size}; got {spec.activation_bits}"
    )


def _readout(
    weights: FrozenWeights, state_scale: float, readout: str
) -> tuple[float, Array, Array | None]:
    """(logit_scale, C, row multipliers) of a readout.

    C is in the units of its row; rows of different scales are made comparable afterwards.
    """
    scales = np.asarray(weights.output_weight_scale, dtype=np.float64)
    unit = 1 / OCTAVE if readout == "log_mean" else state_scale
    bias = np.asarray(weights.output_bias, np.float64)
    if readout == "log_mean":  # log2 of a state is that of its integer and of the scale
        rows = np.asarray(weights.output_weight_int, dtype=np.float64).sum(axis=1)
        bias = bias + scales * rows * math.log2(state_scale)
    output_bias = np.rint(bias / (scales * unit))
    if np.abs(output_bias).max() > INT32_MAX:
        raise HadamrnnError(
            f"output_bias: must fit 32 bits in units of {float(scales.min()) * unit}; "
            f"got {np.abs(output_bias).max():.0f}"
        )
    if not scales.ndim:
        return float(scales) * unit, output_bias.astype(np.int64), None
    largest = float(scales.max())
    multipliers = np.rint(scales / largest * ROW_MULTIPLIER_MAX).astype(np.int64)
    logit_scale = largest * unit * (1 << 15) / ROW_MULTIPLIER_MAX
    return logit_scale, output_bias.astype(np.int64), multipliers


def assemble(
    weights: FrozenWeights,
    state_scale: float,
    quantization: tuple[float, int],
    spec: IntegerSpec,
    accumulation: Array | None = None,
) -> IntegerModel:
    """The IntegerModel for one choice of state_scale.

    Parameters
    ----------
    weights : FrozenWeights
        Trained.
    state_scale : float
        S.
    quantization : tuple of float and int
        (input_scale, input_zero_point).
    spec : IntegerSpec
        Widths, kind and names.
    accumulation : array of float64, (d / m, m, m), optional
        By what the errors of biases of few bits are weighed (``biases.accumulation``).

    Returns
    -------
    IntegerModel
        Proven.

    Raises
    ------
    HadamrnnError
        If a width has no proof.
    """
    max_steps = spec.max_steps or 1
    check_transform(weights.block_size, spec.activation_bits)
    fraction, multiplier, bias, bias_shift = _arithmetic(
        weights, state_scale, quantization, spec, accumulation
    )
    logit_scale, output_bias, multipliers = _readout(weights, state_scale, spec.readout)
    sum_shift = log_floor = 0
    if spec.readout == "log_mean":
        log_floor = min(max(1, round(LOG_FLOOR / state_scale)), RANGES["log_floor"][1])
    else:
        sum_shift = smallest_sum_shift(
            weights.output_weight_int,
            output_bias,
            spec.readout,
            spec.activation_bits,
            max_steps,
        )
    bits = max(2, weights.weight_bits)
    return IntegerModel(
        **{**vars(spec), "max_steps": max_steps},
        block_size=int(weights.block_size),
        weight_bits=bits,
        input_weight_bits=max(2, weights.input_weight_bits or bits),
        fraction_bits=fraction,
        bias_shift=bias_shift,
        input_multiplier=multiplier,
        sum_shift=sum_shift,
        log_floor=log_floor,
        input_scale=quantization[0],
        input_zero_point=quantization[1],
        state_scale=float(state_scale),
        logit_scale=logit_scale,
        signs=np.asarray(weights.signs),
        input_weight=np.asarray(weights.input_weight_int),
        bias=bias,
        output_weight=np.asarray(weights.output_weight_int),
        output_bias=output_bias,
        fade=weights.fade or 0,
        row_multipliers=multipliers,
        embedding=weights.embedding_int,
    )

r"""From trained weights to the integer model: scales by calibration, widths by proof.

With state_scale = S, U = u_int u_scale, V = v_int v_scale and F fraction bits,

    M = round(2^F u_scale input_scale / S)
    B = round(2^F b / S) - M input_zero_point sum_j u_int[., j]        (then >> bias_shift, rounded)
    C = round(c / (v_scale S)),   logit_scale = v_scale S

so that with x = input_zero_point, a real input of 0, the input product cancels exactly, however M
was rounded: nothing builds up over a long run of zeros. F is the largest value up to 20 for which
the 32-bit accumulator is proven. S is the one of six fractions of the largest float state on the
calibration sequences that gives the integer model the smallest cross-entropy there.
"""

from dataclasses import dataclass

import numpy as np

from hadamrnn.errors import HadamrnnError
from hadamrnn.export.calibration import input_quantization, largest_state
from hadamrnn.integer.fixed_point import round_shift
from hadamrnn.integer.model import IntegerModel
from hadamrnn.integer.proof import (
    FRACTION_BITS_MAX,
    INT32_MAX,
    accumulator_bound,
    block_scale,
    check_transform,
    input_bounds,
    smallest_sum_shift,
    state_limit,
)
from hadamrnn.metrics import cross_entropy

PEAK_FRACTIONS = (1.0, 0.85, 0.7, 0.6, 0.5, 0.4)


@dataclass(frozen=True, eq=False)
class FrozenWeights:
    """Trained weights as plain arrays; a real weight is its integer times the scale.

    signs : (d,) +1 or -1; block_size : m.
    input_weight_int : (d, d_in) int, for symbols a column per symbol; input_weight_scale : float.
    bias : (d,) float64; output_bias : (classes,) float64.
    output_weight_int : (classes, d) int; output_weight_scale : float.
    weight_bits : width of the integers, 1 (ternary, stored in 2) to 16.
    input_weight_bits : width of input_weight_int if another, as for a folded embedding table.
    """

    signs: np.ndarray
    block_size: int
    input_weight_int: np.ndarray
    input_weight_scale: float
    bias: np.ndarray
    output_weight_int: np.ndarray
    output_weight_scale: float
    output_bias: np.ndarray
    weight_bits: int
    input_weight_bits: int | None = None


def round_weights(weight, bits):
    """(integers, scale) of a full-precision array: weight ~ integers * scale, error <= scale / 2.

    weight : float array; bits : 2 to 16; integers use the symmetric range of that width.

    >>> round_weights(np.array([0.5, -1.0, 0.2]), 4)
    (array([ 4, -7,  1]), 0.14285714285714285)
    """
    weight = np.asarray(weight, dtype=np.float64)
    peak = float(np.abs(weight).max()) or 1.0
    scale = peak / state_limit(bits)
    return np.rint(weight / scale).astype(np.int64), scale


def _fraction_bits(weights, state_scale, activation_bits, input_kind, input_bits, quantization):
    """(F, M, B, bias_shift) for the largest F whose accumulator is proven."""
    input_scale, zero_point = quantization
    k, _ = block_scale(weights.block_size)
    bounds = input_bounds(weights.input_weight_int, input_kind, input_bits)
    row_sums = np.asarray(weights.input_weight_int, dtype=np.int64).sum(axis=1)
    step = weights.input_weight_scale * input_scale / state_scale
    for fraction in range(FRACTION_BITS_MAX, k, -1):
        multiplier = max(1, round(step * (1 << fraction)))
        exact = np.rint(np.asarray(weights.bias, np.float64) / state_scale * (1 << fraction))
        if multiplier > INT32_MAX or np.abs(exact).max() > INT32_MAX:
            continue
        exact = exact.astype(np.int64) - (
            multiplier * zero_point * row_sums if input_kind == "dense" else 0
        )
        shifts = range(17)
        shift = next((s for s in shifts if np.abs(round_shift(exact, s)).max() < 1 << 15), None)
        if shift is None:
            continue
        bias = round_shift(exact, shift)
        if (
            accumulator_bound(
                weights.block_size, activation_bits, fraction, bounds, multiplier, bias, shift
            )
            > INT32_MAX
        ):
            continue
        if step * (1 << fraction) < 0.5 and np.any(weights.input_weight_int):
            raise HadamrnnError(
                f"activation_bits: the smallest input would round to nothing beside states of this "
                f"size; got {activation_bits}"
            )
        return fraction, multiplier, bias, shift
    raise HadamrnnError(
        f"activation_bits: the 32-bit accumulator of a step could overflow even with the fewest "
        f"fraction bits, {k + 1}, for block_size={weights.block_size}; got {activation_bits}"
    )


def assemble(
    weights,
    state_scale,
    quantization,
    *,
    activation_bits,
    input_bits,
    input_kind,
    readout,
    per_step,
    max_steps,
    name,
    class_names,
):
    """The IntegerModel for one choice of state_scale.

    quantization : (input_scale, input_zero_point). Raises HadamrnnError if a width has no proof.
    """
    check_transform(weights.block_size, activation_bits)
    fraction, multiplier, bias, bias_shift = _fraction_bits(
        weights, state_scale, activation_bits, input_kind, input_bits, quantization
    )
    logit_scale = float(weights.output_weight_scale) * state_scale
    output_bias = np.rint(np.asarray(weights.output_bias, np.float64) / logit_scale)
    if np.abs(output_bias).max() > INT32_MAX:
        raise HadamrnnError(
            f"output_bias: must fit 32 bits in units of {logit_scale}; "
            f"got {np.abs(output_bias).max():.0f}"
        )
    output_bias = output_bias.astype(np.int64)
    bits = max(2, weights.weight_bits)
    return IntegerModel(
        name=name,
        input_kind=input_kind,
        readout=readout,
        per_step=bool(per_step),
        block_size=int(weights.block_size),
        weight_bits=bits,
        input_weight_bits=max(2, weights.input_weight_bits or bits),
        activation_bits=activation_bits,
        input_bits=input_bits,
        fraction_bits=fraction,
        bias_shift=bias_shift,
        input_multiplier=multiplier,
        sum_shift=smallest_sum_shift(
            weights.output_weight_int, output_bias, readout, activation_bits, max_steps
        ),
        max_steps=int(max_steps),
        input_scale=quantization[0],
        input_zero_point=quantization[1],
        state_scale=float(state_scale),
        logit_scale=logit_scale,
        signs=np.asarray(weights.signs),
        input_weight=np.asarray(weights.input_weight_int),
        bias=bias,
        output_weight=np.asarray(weights.output_weight_int),
        output_bias=output_bias,
        class_names=tuple(class_names),
    )


def freeze(
    weights,
    calibration_inputs,
    calibration_targets,
    *,
    activation_bits,
    input_bits=8,
    input_kind="dense",
    input_range=None,
    readout="last",
    per_step=False,
    max_steps=None,
    name="model",
    class_names=(),
):
    """The IntegerModel of trained weights.

    weights : FrozenWeights.
    calibration_inputs : training sequences only, (n, T, d_in) real or (n, T) symbol ids.
    calibration_targets : (n,) class ids, or (n, T) if per_step.
    activation_bits : width of the states, 2 to 16; input_bits : of dense inputs, 2 to 8.
    input_range : (low, high) of real inputs, beyond which they saturate; default the
        calibration inputs' own. readout : "last" or "mean"; max_steps : the longest sequence a
        mean readout will see, default T.
    Raises HadamrnnError for inconsistent arguments or a width that cannot be proven.
    """
    inputs, targets = np.asarray(calibration_inputs), np.asarray(calibration_targets)
    if not 2 <= activation_bits <= 16:
        raise HadamrnnError(
            f"activation_bits: must be an integer from 2 to 16; got {activation_bits}"
        )
    dims = 2 if input_kind == "symbol" else 3
    if inputs.ndim != dims or not inputs.size:
        raise HadamrnnError(
            f"calibration_inputs: must have {dims} axes for {input_kind} input and "
            f"hold at least one sequence; got shape {inputs.shape}"
        )
    wanted = inputs.shape[: 2 if per_step else 1]
    if targets.shape != wanted:
        raise HadamrnnError(f"calibration_targets: must have shape {wanted}; got {targets.shape}")
    classes = len(weights.output_weight_int)
    if targets.min() < 0 or targets.max() >= classes:
        raise HadamrnnError(
            f"calibration_targets: must be class ids from 0 to {classes - 1}; "
            f"got {targets.min()} to {targets.max()}"
        )
    quantization = (1.0, 0)
    if input_kind == "dense":
        low, high = (inputs.min(), inputs.max()) if input_range is None else input_range
        quantization = input_quantization(float(low), float(high), input_bits)
    peak = largest_state(weights, inputs, input_kind) or 1.0
    steps = inputs.shape[1] if max_steps is None else max_steps
    best: tuple[float, IntegerModel] | None = None
    refusal: HadamrnnError | None = None
    for fraction in PEAK_FRACTIONS:
        try:
            model = assemble(
                weights,
                peak * fraction / state_limit(activation_bits),
                quantization,
                activation_bits=activation_bits,
                input_bits=input_bits,
                input_kind=input_kind,
                readout=readout,
                per_step=per_step,
                max_steps=steps,
                name=name,
                class_names=class_names,
            )
        except HadamrnnError as error:  # a smaller scale makes larger sums: the others may do
            refusal = refusal or error
            continue
        logits = model.run_logits(model.quantize_input(inputs))
        loss = cross_entropy(model.real_logits(logits, inputs.shape[1]), targets)
        if best is None or loss < best[0]:
            best = loss, model
    if best is None:
        assert refusal is not None
        raise refusal
    return best[1]

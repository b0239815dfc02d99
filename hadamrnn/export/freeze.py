"""From trained weights to the integer model: scales by calibration, widths by proof.

The state scale is the one of six fractions of the largest float state on the calibration sequences
that gives the integer model the smallest cross-entropy there; ``assembly`` says what follows from
it.
"""

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn.errors import HadamrnnError
from hadamrnn.export import biases
from hadamrnn.export.assembly import assemble
from hadamrnn.export.calibration import input_quantization, largest_state
from hadamrnn.export.spec import IntegerSpec
from hadamrnn.export.weights import FrozenWeights
from hadamrnn.integer import IntegerModel
from hadamrnn.integer.proof import state_limit
from hadamrnn.metrics import cross_entropy

Array = npt.NDArray[Any]
PEAK_FRACTIONS = (1.0, 0.85, 0.7, 0.6, 0.5, 0.4)


def _check_calibration(
    weights: FrozenWeights, inputs: Array, targets: Array, spec: IntegerSpec
) -> None:
    """Raise HadamrnnError for calibration data of another kind or shape."""
    if not 2 <= spec.activation_bits <= 16:
        raise HadamrnnError(
            f"activation_bits: must be an integer from 2 to 16; got {spec.activation_bits}"
        )
    dims = 2 if spec.input_kind == "symbol" else 3
    if inputs.ndim != dims or not inputs.size:
        raise HadamrnnError(
            f"calibration_inputs: must have {dims} axes for {spec.input_kind} input and "
            f"hold at least one sequence; got shape {inputs.shape}"
        )
    wanted = inputs.shape[: 2 if spec.per_step else 1]
    if targets.dtype.kind == "f":
        _check_numbers(targets, (len(inputs), len(weights.output_weight_int)))
        return
    if targets.shape != wanted:
        raise HadamrnnError(f"calibration_targets: must have shape {wanted}; got {targets.shape}")
    if targets.dtype.kind not in "iu":
        raise HadamrnnError(f"calibration_targets: must be integer class ids; got {targets.dtype}")
    classes = len(weights.output_weight_int)
    if targets.min() < 0 or targets.max() >= classes:
        raise HadamrnnError(
            f"calibration_targets: must be class ids from 0 to {classes - 1}; "
            f"got {targets.min()} to {targets.max()}"
        )


def _check_numbers(targets: Array, shape: tuple[int, int]) -> None:
    """Raise HadamrnnError unless there is a finite number for each output of each sequence."""
    if targets.reshape(len(targets), -1).shape != shape or not np.isfinite(targets).all():
        raise HadamrnnError(
            f"calibration_targets: must be finite numbers of shape {shape}; got {targets.shape}"
        )


def freeze(
    weights: FrozenWeights,
    calibration_inputs: npt.ArrayLike,
    calibration_targets: npt.ArrayLike,
    spec: IntegerSpec,
    input_range: tuple[float, float] | None = None,
) -> IntegerModel:
    """The IntegerModel of trained weights.

    Parameters
    ----------
    weights : FrozenWeights
        Trained.
    calibration_inputs : array_like, (n, T, d_in) or (n, T)
        Training sequences only: real numbers, or symbol ids.
    calibration_targets : array_like of int, (n,), or (n, T) if spec.per_step
        Class ids; or numbers in the units of the weights' outputs, (n,) or (n, outputs) floats.
    spec : IntegerSpec
        Widths, kind and names.
    input_range : tuple of two floats, optional
        Of real inputs, beyond which they saturate; default the calibration inputs' own.

    Returns
    -------
    IntegerModel
        That of six state scales whose cross-entropy, or squared error in deviations of the targets,
        on the calibration sequences is smallest.

    Raises
    ------
    HadamrnnError
        For inconsistent arguments or a width that cannot be proven.
    """
    inputs, targets = np.asarray(calibration_inputs), np.asarray(calibration_targets)
    _check_calibration(weights, inputs, targets, spec)
    if spec.max_steps is None:
        spec = dataclasses.replace(spec, max_steps=inputs.shape[1])
    quantization = (1.0, 0)
    if weights.embedding_int is not None:
        quantization = (weights.embedding_scale, 0)
        spec = dataclasses.replace(spec, input_bits=max(2, weights.embedding_bits))
    if spec.input_kind == "dense":
        low, high = (inputs.min(), inputs.max()) if input_range is None else input_range
        quantization = input_quantization(float(low), float(high), spec.input_bits, _few(spec))
    weighing = accumulation(weights, spec)
    peak = largest_state(weights, inputs, spec.input_kind) or 1.0
    best: tuple[float, IntegerModel] | None = None
    refusal: HadamrnnError | None = None
    for fraction in PEAK_FRACTIONS:
        state_scale = peak * fraction / state_limit(spec.activation_bits)
        try:
            model = assemble(weights, state_scale, quantization, spec, weighing)
        except HadamrnnError as error:  # a smaller scale makes larger sums: the others may do
            refusal = refusal or error
            continue
        logits = model.run_logits(model.quantize_input(inputs))
        loss = _loss(model.real_logits(logits, inputs.shape[1]), targets)
        if best is None or loss < best[0]:
            best = loss, model
    if best is None:
        assert refusal is not None
        raise refusal
    return best[1]


def _few(spec: IntegerSpec) -> bool:
    """Whether rounding the biases shows."""
    return spec.bias_bits < IntegerSpec.bias_bits


def accumulation(weights: FrozenWeights, spec: IntegerSpec) -> Array | None:
    """By what errors of the biases are weighed; None where they have bits enough."""
    if not _few(spec):
        return None
    last = spec.readout == "last" and not spec.per_step
    steps = spec.max_steps or 1
    return biases.accumulation(weights.signs, weights.block_size, steps, weights.fade or 0, last)


def _loss(outputs: Array, targets: Array) -> float:
    if targets.dtype.kind != "f":
        return cross_entropy(outputs, targets)
    columns = targets.reshape(outputs.shape)
    deviation = columns.std(axis=0)
    return float(np.square((outputs - columns) / np.where(deviation > 0, deviation, 1)).mean())

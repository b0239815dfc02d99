"""Ranges of an integer model's fields, its shapes, and the proofs of its widths put together."""

import math

import numpy as np

from hadamrnn.errors import HadamrnnError
from hadamrnn.hadamard import is_power_of_two
from hadamrnn.integer import recording
from hadamrnn.integer.parameters import IntegerParameters
from hadamrnn.integer.proof import (
    FRACTION_BITS_MAX,
    INT32_MAX,
    accumulator_bound,
    block_scale,
    check_transform,
    input_bounds,
    logit_bound,
    sum_limit,
)
from hadamrnn.readouts import READOUTS

ROW_MULTIPLIER_MAX = (1 << 15) - 1
VECTOR_SIZE_MAX = 1 << 12
"""Numbers of a symbol's vector: with it, C counts the bits of a table in 32 bits."""
RANGES = {  # field: (lowest, highest), as the packed file can hold them and the C code relies on
    "hidden_size": (1, 1 << 15),
    "input_size": (1, (1 << 16) - 1),
    "features": (1, (1 << 16) - 1),
    "output_size": (1, (1 << 16) - 1),
    "weight_bits": (2, 16),
    "input_weight_bits": (2, 16),
    "activation_bits": (2, 16),
    "input_bits": (2, 8),
    "fraction_bits": (1, FRACTION_BITS_MAX),
    "bias_bits": (2, 16),
    "bias_shift": (0, 26),
    "fade": (0, 15),
    "sum_shift": (0, 31),
    "log_floor": (0, 255),
    "max_steps": (1, (1 << 32) - 1),
    "input_multiplier": (1, INT32_MAX),
    "input_zero_point": (-(1 << 15), (1 << 15) - 1),
}


def _check_ranges(model: IntegerParameters) -> None:
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
    if model.readout not in READOUTS:
        raise HadamrnnError(f"readout: must be one of {', '.join(READOUTS)}; got {model.readout!r}")
    if model.per_step and model.readout != "last":
        raise HadamrnnError(
            f"readout: must be last when every step is read out; got {model.readout!r}"
        )
    if model.readout != "mean" and model.sum_shift:
        raise HadamrnnError(
            f"sum_shift: must be 0 for readout {model.readout}; got {model.sum_shift}"
        )
    if (model.readout == "log_mean") != (model.log_floor > 0):
        raise HadamrnnError(
            f"log_floor: must be above 0 for readout log_mean, else 0; got {model.log_floor} for "
            f"{model.readout}"
        )


def _check_shapes(model: IntegerParameters) -> None:
    d, m = model.hidden_size, model.block_size
    if not isinstance(m, int) or not is_power_of_two(m) or d % m:
        raise HadamrnnError(
            f"block_size: must be a power of two that divides hidden_size={d}; got {m!r}"
        )
    for name, shape in (
        ("bias", (d,)),
        ("output_bias", (model.output_size,)),
        ("input_weight", (d, model.features)),
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
    multipliers = model.row_multipliers
    if multipliers is not None and (
        multipliers.shape != (model.output_size,)
        or multipliers.min() < 0
        or multipliers.max() > ROW_MULTIPLIER_MAX
    ):
        raise HadamrnnError(
            f"row_multipliers: must be {model.output_size} integers from 0 to "
            f"{ROW_MULTIPLIER_MAX}; got {multipliers.tolist()}"
        )
    for text in (model.name, *model.class_names):
        if not isinstance(text, str) or not text or "\n" in text:
            raise HadamrnnError(f"class_names, name: must be one non-empty line; got {text!r}")
    if not np.isin(model.signs, (-1, 1)).all():
        raise HadamrnnError("signs: must be +1 or -1; got another value")
    embedding = model.embedding
    if embedding is not None and (
        model.input_kind != "symbol"
        or embedding.shape != (model.input_size, model.features)
        or model.features > VECTOR_SIZE_MAX
    ):
        raise HadamrnnError(
            f"embedding: must have a row for each symbol, of {model.features} numbers and at most "
            f"{VECTOR_SIZE_MAX}; got shape {embedding.shape} for {model.input_kind} input"
        )
    for name, bits in (
        ("input_weight", model.input_weight_bits),
        ("output_weight", model.weight_bits),
        ("bias", model.bias_bits),
        ("output_bias", 32),
        *((("embedding", model.input_bits),) if embedding is not None else ()),
    ):
        low, high = int(getattr(model, name).min()), int(getattr(model, name).max())
        if low < -(1 << (bits - 1)) or high >= 1 << (bits - 1):
            raise HadamrnnError(f"{name}: must fit {bits} bits; got values from {low} to {high}")


def prove(model: IntegerParameters) -> None:
    """Check the parameters of a model.

    Parameters
    ----------
    model : IntegerParameters
        Its arrays of any integer type.

    Raises
    ------
    HadamrnnError
        Unless every field is in range and every width is proven.
    """
    _check_ranges(model)
    _check_shapes(model)
    if model.recording is not None:
        recording.check(model.recording, model.input_size, model.input_kind == "symbol")
    check_transform(model.block_size, model.activation_bits)
    k, _ = block_scale(model.block_size)
    least = k + max(1, model.fade)
    if model.fraction_bits < least:
        raise HadamrnnError(
            f"fraction_bits: must be at least {least} for block_size={model.block_size}"
            f"{f' and fade={model.fade}' if model.fade else ''}; got {model.fraction_bits}"
        )
    bound = accumulator_bound(
        model.block_size,
        model.activation_bits,
        model.fraction_bits,
        input_bounds(model.input_weight, model.one_hot, model.input_bits),
        model.input_multiplier,
        model.bias,
        model.bias_shift,
        model.fade,
    )
    if bound > INT32_MAX:
        raise HadamrnnError(
            f"fraction_bits: the 32-bit accumulator of a step could overflow, reaching {bound}; "
            f"got {model.fraction_bits}"
        )
    floors = model.max_steps * model.log_floor
    if sum_limit(model.readout, model.activation_bits, model.max_steps) + floors >= 1 << 32:
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

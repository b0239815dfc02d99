"""The integer model as an ONNX graph with the same integers out, bit for bit.

ONNX shifts unsigned integers only and its integer division truncates, so the graph computes in
float64, where each number of the integer model and each of its halves, quarters, ... is exact.
With F = fraction_bits and k = log2(m) // 2, one step of the integer model is:

    y  = t u                                     if m = 4^k
    y  = floor(t (u 46341 / 2^16) + 1/2)         if m = 2 4^k,       t = (I_q (x) S_m) h
    h' = saturate(floor(y G / 2^F + drive_t)),   drive_t = (p M + B 2^bias_shift + R_t) / 2^F

which is the definition (hadamrnn/integer/model.py) divided by 2^F: a floor shift becomes a Floor.
Why it is exact: every intermediate is an integer divided by a power of two that is at most 2^20,
and the integer has at most 53 bits, the width of float64: ``|t| < 2^23`` times 46341 takes 39,
accumulators and logits are proven to fit 32. So sums and products never round, in any order.
"""

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto

from hadamrnn.export.onnx_graph import build, check_choices, small_integers
from hadamrnn.integer import IntegerModel
from hadamrnn.integer.fixed_point import INVERSE_SQRT2
from hadamrnn.integer.logarithm import OCTAVE, TABLE
from hadamrnn.integer.proof import block_scale

DOUBLE, INT64 = TensorProto.DOUBLE, TensorProto.INT64

DRIVE = {
    "dense": f"""x = Cast<to = {DOUBLE}>(inputs)
  u_real = Cast<to = {DOUBLE}>(u_table)
  product = MatMul(x, u_real)""",
    "symbol": f"""rows = Gather<axis = 0>(u_table, inputs)
  product = Cast<to = {DOUBLE}>(rows)""",
    "embedding": f"""vectors = Gather<axis = 0>(e_table, inputs)
  x = Cast<to = {DOUBLE}>(vectors)
  u_real = Cast<to = {DOUBLE}>(u_table)
  product = MatMul(x, u_real)""",
}
STEP = {
    "four_to_k": """scaled = Mul(t, row_scale)""",
    "two_four_to_k": """root = Mul(t, row_scale)
      root_half = Add(root, half)
      y = Floor(root_half)
      scaled = Mul(y, block_scale)""",
}
NEXT = """moved = Add(scaled, drive_t)
      rounded = Floor(moved)
      h_next = Clip(rounded, lowest, highest)"""


def _logarithm(value: str, result: str) -> str:
    """Nodes for ``logarithm.ilog2`` of integers in float64.

    The leading one by comparison with all powers of two, the bits behind it by a product with one
    of their inverses.
    """
    lines = (
        "apart = Unsqueeze({v}, last_axis)",
        "above = GreaterOrEqual(apart, powers)",
        f"ones = Cast<to = {INT64}>(above)",
        "count = ReduceSum<keepdims = 0>(ones, last_axis)",
        "factor = Gather(inverses, count)",
        "mantissa = Mul({v}, factor)",
        "whole = Floor(mantissa)",
        f"place = Cast<to = {INT64}>(whole)",
        "fraction = Gather(log_table, place)",
        "octaves = Mul(count, octave)",
        "{r} = Add(octaves, fraction)",
    )
    own = ("apart", "above", "ones", "count", "factor", "mantissa", "whole", "place", "fraction")
    text = "\n  ".join(lines)
    for name in (*own, "octaves"):
        text = re.sub(rf"\b{name}\b", f"{name}_{result}", text)
    return text.format(v=value, r=result)


FEATURES = {
    "last": "features = Max(last, zero)\n  offset = Identity(output_bias)",
    "every": "features = Max(states, zero)\n  offset = Identity(output_bias)",
    "mean": f"""rectified = Max(states, zero)
  sum = ReduceSum<keepdims = 0>(rectified, time_axis)
  sum_scaled = Mul(sum, sum_scale)
  features = Floor(sum_scaled)
  steps = Shape<start = 1, end = 2>(inputs)
  steps_real = Cast<to = {DOUBLE}>(steps)
  offset_sum = Mul(output_bias, steps_real)
  offset_scaled = Mul(offset_sum, sum_scale)
  offset = Floor(offset_scaled)""",
    "log_mean": f"""rectified = Max(states, zero)
  sum = ReduceSum<keepdims = 0>(rectified, time_axis)
  steps = Shape<start = 1, end = 2>(inputs)
  steps_real = Cast<to = {DOUBLE}>(steps)
  floor = Mul(steps_real, floor_step)
  sum_moved = Add(sum, floor)
  {_logarithm("sum_moved", "log_sum")}
  {_logarithm("steps_real", "log_steps")}
  log_ratio = Sub(log_sum, log_steps)
  features = Cast<to = {DOUBLE}>(log_ratio)
  offset = Identity(output_bias)""",
}
DITHER = f"""time_now = Shape<start = 1, end = 2>(inputs)
  time_count = Squeeze(time_now)
  n_first = Constant<value_int = 0>()
  n_stride = Constant<value_int = 1>()
  n_int = Range(n_first, time_count, n_stride)
  n = Cast<to = {DOUBLE}>(n_int)
  n_next = Add(n, one)
  n_product = Mul(n, n_next)
  n_half = Mul(n_product, half_unit)
  tri = Mod<fmod = 1>(n_half, dither_period)
  tri_scaled = Mul(tri, dither_step)
  tri_moved = Add(tri_scaled, dither_first)
  tri_floor = Floor(tri_moved)
  dither_fraction = Mul(tri_floor, unit)
  dither = Unsqueeze(dither_fraction, dither_axis)"""
LOGITS = f"""v_real = Cast<to = {DOUBLE}>(v_table)
  scores = MatMul(features, v_real)
  total = Add(scores, offset)"""
PLAIN = f"""logits = Cast<to = {INT64}>(total)"""
MULTIPLIED = f"""scaled_rows = Mul(total, row_multipliers)
  rows_moved = Add(scaled_rows, half)
  rows_floor = Floor(rows_moved)
  logits = Cast<to = {INT64}>(rows_floor)"""
METADATA = (
    "name",
    "input_scale",
    "input_zero_point",
    "state_scale",
    "logit_scale",
    "readout",
    "sum_shift",
    "max_steps",
    "input_bits",
    "input_weight_bits",
    "weight_bits",
    "activation_bits",
)


def _step_constants(model: IntegerModel) -> tuple[str, dict[str, Any]]:
    """Name of the step's form in STEP, and its scalars and row scales, float64."""
    _, root = block_scale(model.block_size)
    signs = np.asarray(model.signs, dtype=np.float64)
    clip = {"lowest": -model.state_limit, "highest": model.state_limit}
    gain = model.state_gain * 2.0**-model.fraction_bits
    if not root:
        return "four_to_k", {**clip, "row_scale": signs * gain}
    row_scale = signs * INVERSE_SQRT2 / 2**16
    return "two_four_to_k", {**clip, "block_scale": gain, "row_scale": row_scale}


def _readout_constants(model: IntegerModel) -> dict[str, Any]:
    """What the nodes of FEATURES and MULTIPLIED name, beside ``zero`` and ``output_bias``."""
    constants: dict[str, Any] = {}
    if model.readout == "mean":
        constants["sum_scale"] = 2.0**-model.sum_shift
    if model.readout == "log_mean":
        powers = 2.0 ** np.arange(32)
        constants["floor_step"] = float(model.log_floor)
        constants["powers"] = powers
        constants["inverses"] = np.concatenate(([0.0], OCTAVE / powers))
    if model.row_multipliers is not None:
        constants["row_multipliers"] = model.row_multipliers * 2.0**-15
    return constants


def integer_graph(model: IntegerModel) -> onnx.ModelProto:
    """An integer model whose graph gives the same integers.

    Parameters
    ----------
    model : IntegerModel
        Of any kind.

    Returns
    -------
    onnx.ModelProto
        Its ``inputs`` are (batch, time, d_in) int8, as ``model.quantize_input`` gives, or
        (batch, time) int64 symbol ids; values beyond input_bits are not refused, nor more than
        max_steps steps. Its ``logits`` are int64, (batch, classes) or (batch, time, classes),
        equal to ``model.run_logits``; the scales that give them a meaning are in the metadata.
    """
    per_step, readout = bool(model.per_step), model.readout
    check_choices(readout, per_step, model.input_kind)
    unit = 2.0**-model.fraction_bits
    form, constants = _step_constants(model)
    width = model.fraction_bits - (int(model.block_size).bit_length() - 1) // 2
    rounded_bias = np.asarray(model.bias, dtype=np.float64) * 2.0**model.bias_shift * unit + 0.5
    constants |= {
        "input_scale": model.input_multiplier * unit,
        "bias": rounded_bias,
        "zero": 0.0,
        "half": 0.5,
        "output_bias": model.output_bias,
        "one": 1.0,
        "half_unit": 0.5,
        "dither_period": 32.0,
        "unit": unit,
        "dither_step": 2.0**width / 32,  # floor((2 tri + 1) 2^width / 64) - 2^(width - 1)
        "dither_first": 2.0**width / 64 - 2.0 ** (width - 1),
    }
    constants |= _readout_constants(model)
    tensors: dict[str, npt.NDArray[Any]] = {
        key: np.asarray(value, dtype=np.float64) for key, value in constants.items()
    }
    tensors["u_table"] = small_integers(model.input_weight).T
    tensors["v_table"] = small_integers(model.output_weight).T
    if model.embedding is not None:
        tensors["e_table"] = small_integers(model.embedding)
    tensors["dither_axis"] = np.array([1])
    if readout != "last":
        tensors["time_axis"] = np.array([1])
    if readout == "log_mean":
        # Beside v 2^(6-e), which is 64 to 127, and one octave less for the count, which is e + 1.
        tensors["log_table"] = np.concatenate((np.zeros(OCTAVE, np.int64), TABLE)) - OCTAVE
        tensors["octave"] = np.array(OCTAVE)
        tensors["last_axis"] = np.array([-1])
    drive = DRIVE[model.input_kind if model.embedding is None else "embedding"]
    return build(
        "hadamrnn_integer",
        block_size=model.block_size,
        sizes=(model.input_size, model.hidden_size, model.output_size),
        kind=model.input_kind,
        types=("int8", "double", "int64"),
        per_step=per_step,
        keep_states=per_step or readout != "last",
        text={
            "drive": f"{drive}\n  weighted = Mul(product, input_scale)"
            f"\n  {DITHER}"
            "\n  biased = Add(weighted, bias)\n  drive = Add(biased, dither)",
            "step": f"{STEP[form]}\n      {NEXT}",
            "readout": "\n  ".join(
                (
                    FEATURES["every" if per_step else readout],
                    LOGITS,
                    PLAIN if model.row_multipliers is None else MULTIPLIED,
                )
            ),
        },
        tensors=tensors,
        metadata={
            **{name: getattr(model, name) for name in METADATA},
            "class_names": "\n".join(model.class_names),
        },
    )

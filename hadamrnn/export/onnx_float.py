"""The float network as an ONNX graph: dynamic batch and time, one Scan.

The network, written out::

    h_t = a W h_{t-1} + U x_t + b,   W = diag(u) (I_q (x) S_m) / sqrt(m),   h_0 = 0
    logits = V r + c,   r = relu(h_T), relu(h_t) at every step, the mean m of relu(h_t) over time,
                        or log2(m + 2^-7)

with a = 1 (arXiv:2502.00047, eq. 5 and 6), or 1 - 2^-fade. torch.onnx.export unrolls such a loop
and fixes the time axis.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from hadamrnn.export.onnx_graph import build, check_choices
from hadamrnn.readouts import LOG_FLOOR

Floats = npt.NDArray[Any]


@dataclass(frozen=True)
class FloatWeights:
    """Real-valued weights of one network, already quantized where they are to be.

    Parameters
    ----------
    signs : array, (d,)
        +1 and -1.
    block_size : int
        m, a power of two that divides d.
    input_weight : array, (d, d_in)
        U; for symbols without an embedding d_in is the vocabulary, with one column each.
    bias : array, (d,)
        b.
    output_weight : array, (classes, d)
        V.
    output_bias : array, (classes,)
        c.
    fade : int, optional
        The state fades by 1 - 2^-fade a step.
    embedding : array, (symbols, d_in), optional
        E, what stands for each symbol.
    """

    signs: Floats
    block_size: int
    input_weight: Floats
    bias: Floats
    output_weight: Floats
    output_bias: Floats
    fade: int | None = None
    embedding: Floats | None = None

    def in_units(self, zero: Floats | float, scale: Floats | float) -> "FloatWeights":
        """Weights whose outputs are ``scale`` times these plus ``zero``, as ``FrozenWeights``."""
        rows = np.broadcast_to(np.asarray(scale, np.float32), self.output_bias.shape)
        return dataclasses.replace(
            self,
            output_weight=self.output_weight * rows[:, None],
            output_bias=(self.output_bias * rows + np.asarray(zero, np.float32)),
        )


DRIVE = {
    "dense": "product = MatMul(inputs, u_table)",
    "symbol": "product = Gather<axis = 0>(u_table, inputs)",
    "embedding": "x = Gather<axis = 0>(e_table, inputs)\n  product = MatMul(x, u_table)",
}
FEATURES = {
    "last": "features = Relu(last)",
    "every": "features = Relu(states)",
    "mean": """rectified = Relu(states)
  features = ReduceMean<keepdims = 0>(rectified, time_axis)""",
}
FEATURES["log_mean"] = (
    FEATURES["mean"].replace("features =", "mean =")
    + """
  moved = Add(mean, log_floor)
  natural = Log(moved)
  features = Mul(natural, octave)"""
)


def float_graph(
    weights: FloatWeights,
    readout: str = "last",
    per_step: bool = False,
    input_kind: str = "dense",
) -> onnx.ModelProto:
    """One network in float32.

    Parameters
    ----------
    weights : FloatWeights
        Its numbers.
    readout : str
        "last", "mean" or "log_mean".
    per_step : bool
        Whether every step is read out; then readout is "last".
    input_kind : str
        "dense": the graph's ``inputs`` are (batch, time, d_in) float32, real values; "symbol":
        (batch, time) int64 ids below d_in.

    Returns
    -------
    onnx.ModelProto
        Its ``logits`` are (batch, classes) float32, or (batch, time, classes) with per_step.
    """
    check_choices(readout, per_step, input_kind)
    hidden_size, input_size = weights.input_weight.shape
    factor = 1 - 2.0**-weights.fade if weights.fade else 1.0
    row_scale = np.asarray(weights.signs) * factor / np.sqrt(weights.block_size)
    arrays = {
        "u_table": np.transpose(weights.input_weight),
        "bias": weights.bias,
        "row_scale": row_scale,
        "v_table": np.transpose(weights.output_weight),
        "output_bias": weights.output_bias,
    }
    drive = DRIVE[input_kind]
    if weights.embedding is not None:
        drive = DRIVE["embedding"]
        arrays["e_table"] = weights.embedding
    if readout == "log_mean":
        arrays |= {"log_floor": LOG_FLOOR, "octave": 1 / np.log(2)}
    tensors = {key: np.asarray(array, dtype=np.float32) for key, array in arrays.items()}
    if readout != "last":
        tensors["time_axis"] = np.array([1])
    features = FEATURES["every" if per_step else readout]
    return build(
        "hadamrnn_float",
        block_size=weights.block_size,
        sizes=(input_size, hidden_size, len(weights.output_weight)),
        kind=input_kind,
        types=("float", "float", "float"),
        per_step=per_step,
        keep_states=per_step or readout != "last",
        text={
            "drive": f"{drive}\n  drive = Add(product, bias)",
            "step": "rotated = Mul(t, row_scale)\n      h_next = Add(rotated, drive_t)",
            "readout": f"{features}\n  scores = MatMul(features, v_table)"
            "\n  logits = Add(scores, output_bias)",
        },
        tensors=tensors,
        metadata={"readout": readout, "block_size": weights.block_size},
    )

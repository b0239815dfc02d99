"""The float network as an ONNX graph: dynamic batch and time, one Scan.

    h_t = W h_{t-1} + U x_t + b,   W = diag(u) (I_q (x) S_m) / sqrt(m),   h_0 = 0
    logits = V r + c,   r = relu(h_T), relu(h_t) at every step, or the mean of relu(h_t) over time

(arXiv:2502.00047, eq. 5 and 6). torch.onnx.export unrolls such a loop and fixes the time axis.
"""

from dataclasses import dataclass

import numpy as np

from hadamrnn.export.onnx_graph import build, check_choices


@dataclass(frozen=True)
class FloatWeights:
    """Real-valued weights of one network, already quantized where they are to be.

    signs : (d,) of +1 and -1; block_size : m, a power of two that divides d.
    input_weight : (d, d_in) U; bias : (d,) b; output_weight : (classes, d) V;
    output_bias : (classes,) c. For symbols d_in is the vocabulary and U holds one column each.
    """

    signs: np.ndarray
    block_size: int
    input_weight: np.ndarray
    bias: np.ndarray
    output_weight: np.ndarray
    output_bias: np.ndarray


DRIVE = {
    "dense": "product = MatMul(inputs, u_table)",
    "symbol": "product = Gather<axis = 0>(u_table, inputs)",
}
FEATURES = {
    "last": "features = Relu(last)",
    "every": "features = Relu(states)",
    "mean": """rectified = Relu(states)
  features = ReduceMean<keepdims = 0>(rectified, time_axis)""",
}


def float_graph(weights, readout="last", per_step=False, input_kind="dense"):
    """The onnx.ModelProto of one network in float32.

    weights : FloatWeights, or any object with its attributes.
    readout : "last" or "mean"; with per_step every step is read out, and readout is "last".
    input_kind : "dense", input ``inputs`` (batch, time, d_in) float32, the real values; or
        "symbol", (batch, time) int64 ids in [0, d_in).
    Output ``logits``: (batch, classes) float32, or (batch, time, classes) with per_step.
    """
    check_choices(readout, per_step, input_kind)
    hidden_size, input_size = weights.input_weight.shape
    row_scale = np.asarray(weights.signs) / np.sqrt(weights.block_size)
    arrays = {
        "u_table": np.transpose(weights.input_weight),
        "bias": weights.bias,
        "row_scale": row_scale,
        "v_table": np.transpose(weights.output_weight),
        "output_bias": weights.output_bias,
    }
    tensors = {key: np.asarray(array, dtype=np.float32) for key, array in arrays.items()}
    if readout == "mean":
        tensors["time_axis"] = np.array([1])
    features = FEATURES["every" if per_step else readout]
    return build(
        "hadamrnn_float",
        block_size=weights.block_size,
        sizes=(input_size, hidden_size, len(weights.output_weight)),
        kind=input_kind,
        types=("float", "float", "float"),
        per_step=per_step,
        keep_states=per_step or readout == "mean",
        text={
            "drive": f"{DRIVE[input_kind]}\n  drive = Add(product, bias)",
            "step": "rotated = Mul(t, row_scale)\n      h_next = Add(rotated, drive_t)",
            "readout": f"{features}\n  scores = MatMul(features, v_table)"
            "\n  logits = Add(scores, output_bias)",
        },
        tensors=tensors,
        metadata={"readout": readout, "block_size": weights.block_size},
    )

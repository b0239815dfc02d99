"""From the torch model to plain arrays, for freezing to integers and for ONNX."""

import numpy as np
import torch

from hadamrnn.export.freeze import FrozenWeights, round_weights
from hadamrnn.export.onnx_float import FloatWeights
from hadamrnn.quantization import integers

FULL_PRECISION_BITS = 12
"""Width to which U and V of a full-precision model (weight_bits null) are rounded."""


def _integers(weight, bits):
    """(int64 array, float scale) of U or V; see FULL_PRECISION_BITS when bits is None."""
    weight = weight.detach().cpu().double()
    if bits is None:
        return round_weights(weight.numpy(), FULL_PRECISION_BITS)
    levels, scale = integers(weight, bits)
    return levels.numpy().astype(np.int64), float(scale)


def _array(tensor, dtype):
    return tensor.detach().cpu().numpy().astype(dtype)


@torch.no_grad()
def frozen_weights(model):
    """FrozenWeights of a HadamClassifier."""
    rnn, bits = model.rnn, model.weight_bits
    input_weight, input_scale = _integers(rnn.input_weight, bits)
    output_weight, output_scale = _integers(model.output_weight, bits)
    return FrozenWeights(
        signs=_array(rnn.signs(), np.int8),
        block_size=rnn.block_size,
        input_weight_int=input_weight,
        input_weight_scale=input_scale,
        bias=_array(rnn.bias, np.float64),
        output_weight_int=output_weight,
        output_weight_scale=output_scale,
        output_bias=_array(model.output_bias, np.float64),
        weight_bits=bits or FULL_PRECISION_BITS,
    )


@torch.no_grad()
def float_weights(model):
    """FloatWeights (quantized values as float32) of a HadamClassifier, for the ONNX graph."""
    return FloatWeights(
        signs=_array(model.rnn.signs(), np.float32),
        block_size=model.rnn.block_size,
        input_weight=_array(model.rnn.quantized_input_weight(), np.float32),
        bias=_array(model.rnn.bias, np.float32),
        output_weight=_array(model.quantized_output_weight(), np.float32),
        output_bias=_array(model.output_bias, np.float32),
    )

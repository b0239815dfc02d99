"""From the torch model to plain arrays, for freezing to integers and for ONNX.

A learned embedding E of few bits stays where that takes fewer bytes. Any other disappears here:
the input weights of symbol k are row k of E U^T, so that what is exported is one table of
(symbols, d), as for one-hot symbols.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from hadamrnn.export.onnx_float import FloatWeights
from hadamrnn.export.weights import FrozenWeights, round_weights
from hadamrnn.integer.checks import VECTOR_SIZE_MAX
from hadamrnn.integer.rows import row_bytes
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.models.embedding import FoldedEmbedding
from hadamrnn.models.layer import HadamRNN
from hadamrnn.models.quantization import integers

FULL_PRECISION_BITS = 12
"""Width to which U and V of a full-precision model (weight_bits null) are rounded."""

TABLE_BITS = 8
"""Width to which the table E U^T of an embedding is rounded, one scale for all of it."""


def _integers(
    weight: torch.Tensor, bits: int | None, log_step: torch.Tensor | None
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """(int64 array, float64 scale of all or of each row) of U or V, as the forward pass has them.

    See FULL_PRECISION_BITS when bits is None.
    """
    if bits is None:
        rounded, one = round_weights(_array(weight, np.float64), FULL_PRECISION_BITS)
        return rounded, np.asarray(one)
    levels, scale = integers(weight, bits, log_step)
    return _array(levels, np.int64), _array(scale, np.float64)


def _array(tensor: torch.Tensor, dtype: type[np.generic]) -> npt.NDArray[Any]:
    return tensor.detach().cpu().numpy().astype(dtype)


def _bias(rnn: HadamRNN, dtype: type[np.generic]) -> npt.NDArray[Any]:
    """b, zeros of a layer without one."""
    return np.zeros(rnn.hidden_size, dtype) if rnn.bias is None else _array(rnn.bias, dtype)


def _kept(model: HadamClassifier) -> FoldedEmbedding | None:
    """The embedding of a model that ships E and U, which is smaller than E U^T; else None."""
    embedding, d = model.embedding, model.rnn.hidden_size
    if embedding is None or embedding.bits is None:
        return None
    symbols, size = embedding.weight.shape
    if size > VECTOR_SIZE_MAX:
        return None
    bits = model.rnn.weight_bits or FULL_PRECISION_BITS
    both = row_bytes(symbols * size, max(2, embedding.bits)) + size * row_bytes(d, max(2, bits))
    return embedding if both < symbols * row_bytes(d, TABLE_BITS) else None


def _input_weight(model: HadamClassifier) -> torch.Tensor:
    """Quantized U, (d, features), or of a folded embedding (E U^T)^T, (d, symbols), on the CPU."""
    weight = model.rnn.quantized_input_weight()
    if model.embedding is not None and _kept(model) is None:
        weight = model.embedding.whole_table(weight).t()
    return weight.detach().cpu()


@torch.no_grad()
def frozen_weights(model: HadamClassifier) -> FrozenWeights:
    """Integers and scales of a trained model.

    Parameters
    ----------
    model : HadamClassifier
        On any device.

    Returns
    -------
    FrozenWeights
        For ``freeze``.
    """
    rnn, output_bits = model.rnn, model.output_weight_bits
    input_bits, input_scale = rnn.weight_bits or FULL_PRECISION_BITS, 1.0
    kept: dict[str, Any] = {}
    embedding = _kept(model)
    if embedding is not None and embedding.bits is not None:
        vectors, vector_scale = _integers(embedding.weight, embedding.bits, embedding.log_step)
        kept = {"embedding_int": vectors, "embedding_scale": vector_scale.item()}
        kept["embedding_bits"] = embedding.bits
    if model.embedding is None or kept:
        input_weight, scale = _integers(rnn.input_weight, rnn.weight_bits, rnn.input_log_step)
        input_scale = scale.item()
    else:
        input_bits = TABLE_BITS
        input_weight, input_scale = round_weights(_input_weight(model).numpy(), TABLE_BITS)
    output_weight, output_scale = _integers(model.output_weight, output_bits, model.output_log_step)
    return FrozenWeights(
        signs=_array(rnn.signs(), np.int8),
        block_size=rnn.block_size,
        input_weight_int=input_weight,
        input_weight_scale=input_scale,
        bias=_bias(rnn, np.float64),
        output_weight_int=output_weight,
        output_weight_scale=output_scale.reshape(-1) if output_scale.ndim else output_scale.item(),
        output_bias=_array(model.output_bias, np.float64),
        weight_bits=output_bits or FULL_PRECISION_BITS,
        fade=getattr(rnn, "fade", None),
        input_weight_bits=input_bits,
        **kept,
    )


@torch.no_grad()
def float_weights(model: HadamClassifier) -> FloatWeights:
    """Quantized weights of a trained model as float32.

    Parameters
    ----------
    model : HadamClassifier
        On any device.

    Returns
    -------
    FloatWeights
        For ``onnx_float.float_graph``.
    """
    kept = _kept(model)
    return FloatWeights(
        signs=_array(model.rnn.signs(), np.float32),
        block_size=model.rnn.block_size,
        input_weight=_array(_input_weight(model), np.float32),
        bias=_bias(model.rnn, np.float32),
        output_weight=_array(model.quantized_output_weight(), np.float32),
        output_bias=_array(model.output_bias, np.float32),
        fade=getattr(model.rnn, "fade", None),
        embedding=None if kept is None else _array(kept.vectors(), np.float32),
    )

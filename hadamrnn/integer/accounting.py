"""Bytes and operations of an integer model, and bytes of a baseline, from their shapes.

Bytes are those of the packed file, to the byte. The counting rule for operations is given in
``operations_per_step``; readout "every step" counts its logits too, the others only the step.
"""

from typing import Protocol

from hadamrnn.integer import header, packed
from hadamrnn.integer.model import IntegerModel
from hadamrnn.integer.parameters import IntegerParameters
from hadamrnn.integer.proof import block_scale
from hadamrnn.integer.sections import RECORDING


class Baseline(Protocol):
    """What is asked of a network without an integer form (``models.baselines.common``)."""

    features: int
    hidden_size: int
    output_size: int
    input_size: int
    embedding_size: int | None

    def part_bytes(self) -> dict[str, int]:
        """Bytes of each part, as they would be stored."""


def lstm_parameters(input_size: int, hidden_size: int, output_size: int) -> int:
    """Parameters of torch.nn.LSTM (one layer) followed by torch.nn.Linear.

    Parameters
    ----------
    input_size, hidden_size, output_size : int
        Numbers that a step reads, that it remembers, and of classes.

    Returns
    -------
    int
        Weights and biases.

    Examples
    --------
    >>> lstm_parameters(1, 128, 10)
    68362
    """
    recurrent = 4 * hidden_size * (input_size + hidden_size + 2)
    return recurrent + output_size * (hidden_size + 1)


def sizes(model: IntegerModel, embedding_size: int | None = None) -> dict[str, int]:
    """Bytes of each part.

    Parameters
    ----------
    model : IntegerModel
        As packed.
    embedding_size : int, optional
        Features of the learned embedding, if there was one. Where it was folded into the symbol
        table, the table counts as ``embedding_bytes``, otherwise (an embedding of its own, one-hot
        symbols, dense inputs) as ``input_bytes``.

    Returns
    -------
    dict of str to int
        ``total_bytes``: signs, input, output, bias (B, C and row multipliers) and embedding;
        ``total_without_embedding_bytes``: the recurrent network alone;
        ``packed_file_bytes``: total_bytes and header_bytes (header, names, recording and checksum);
        ``float32_lstm_bytes``: 4 for each parameter of an LSTM of equal hidden size with a linear
        readout, behind the same embedding if there is one.
    """
    parts = {name: len(data) for name, data in packed.sections(model).items()}
    table = parts["input"]
    folded = bool(embedding_size) and model.embedding is None
    result = {
        "signs_bytes": parts["signs"],
        "input_bytes": 0 if folded else table,
        "output_bytes": parts["output"],
        "bias_bytes": parts["bias"] + parts["output_bias"] + parts["row_multipliers"],
        "embedding_bytes": table if folded else parts["embedding"],
    }
    result["total_bytes"] = sum(result.values())
    result["total_without_embedding_bytes"] = result["total_bytes"] - result["embedding_bytes"]
    result["header_bytes"] = header.SIZE + parts["names"] + parts["symbols"]
    result["header_bytes"] += packed.CHECKSUM_BYTES
    result["header_bytes"] += sum(parts[section.name] for section in RECORDING)
    result["packed_file_bytes"] = result["total_bytes"] + result["header_bytes"]
    features = embedding_size or model.features
    parameters = lstm_parameters(features, model.hidden_size, model.output_size)
    parameters += model.input_size * (embedding_size or 0)
    result["float32_lstm_bytes"] = 4 * parameters
    return result


def baseline_sizes(model: Baseline) -> dict[str, int]:
    """Bytes of each part of a baseline.

    Parameters
    ----------
    model : Baseline
        Anything that counts its parts.

    Returns
    -------
    dict of str to int
        ``total_bytes``: recurrent, input, output, bias and embedding; ``float32_lstm_bytes`` as in
        ``sizes``.
    """
    result = {f"{name}_bytes": count for name, count in model.part_bytes().items()}
    result["total_bytes"] = sum(result.values())
    parameters = lstm_parameters(model.features, model.hidden_size, model.output_size)
    parameters += model.input_size * (model.embedding_size or 0)
    result["float32_lstm_bytes"] = 4 * parameters
    return result


def operations_per_step(model: IntegerParameters) -> dict[str, int]:
    """Integer operations of one time step, as the definition states it.

    Parameters
    ----------
    model : IntegerParameters
        Of any kind.

    Returns
    -------
    dict of str to int
        ``additions``: butterflies d log2(m); the input product d (d_in - 1), none for symbols that
        have no embedding; 3 d to join y, p M, B and the rounding constant; d for 1/sqrt 2 if
        m = 2 4^k; d for a mean. A sign turns an addition into a subtraction and costs nothing; so
        does saturation.
        ``multiplications``: d d_in for a dense input or an embedding (1 bit to 16 bit weights
        alike), d for M, and d for 1/sqrt 2 if m = 2 4^k.
        ``shifts``: d each for y 2^(F-k), B 2^bias_shift if bias_shift > 0, the final >> F, and
        1/sqrt 2.
        ``dense_multiply_adds``: what a dense recurrent matrix of the same size needs, d d + d d_in.
        Per-step models count classes d more for the logits, as additions and multiplications.
    """
    d, classes = model.hidden_size, model.output_size
    _, root = block_scale(model.block_size)
    features = 0 if model.one_hot else model.features
    readout = classes * d if model.per_step else 0
    additions = model.block_size.bit_length() - 1 + 3 + root + (model.readout != "last")
    multiplications = 1 + root + features
    return {
        "additions": d * (additions + max(0, features - 1)) + readout,
        "multiplications": d * multiplications + readout,
        "shifts": d * (2 + root + (model.bias_shift > 0)),
        "dense_multiply_adds": d * d + d * features + readout,
    }

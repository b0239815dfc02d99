"""What training data says about scales: sequences, input range, largest state, and the loss."""

from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn.errors import HadamrnnError
from hadamrnn.export.weights import FrozenWeights
from hadamrnn.integer.batch import CHUNK_ELEMENTS, transform_columns
from hadamrnn.prepared.coding import Coding

SEQUENCES = 512
COVERED = 0.9995
"""Share of real-valued training inputs that must not saturate: sensors have rare spikes that
would cost every other sample its resolution."""


def choose(count: int, most: int = SEQUENCES) -> npt.NDArray[np.int64]:
    """Training sequences to calibrate on, spread evenly.

    Parameters
    ----------
    count : int
        Sequences there are.
    most : int
        To choose.

    Returns
    -------
    array of int64, (at most ``most``,)
        Sorted positions.

    Examples
    --------
    >>> choose(10, 4).tolist()
    [0, 3, 6, 9]
    """
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))


def input_range(inputs: npt.NDArray[Any], coding: Coding) -> tuple[float, float]:
    """The range that the integers of a dense input are spread over.

    Parameters
    ----------
    inputs : array, (n, T, d_in)
        Training inputs as stored.
    coding : Coding
        What they stand for.

    Returns
    -------
    tuple of two floats
        Real units. Of uint8 the range that the type can hold, so that stored bytes and integers
        correspond one to one; of floats the two quantiles that leave out 1 - COVERED together.
    """
    if inputs.dtype == np.uint8:
        ends = np.array([0, 255], dtype=np.uint8)
        low, high = coding.decode(ends)
        return float(low), float(high)
    tail = (1 - COVERED) / 2
    low, high = np.quantile(coding.decode(inputs), [tail, 1 - tail])
    return min(0.0, float(low)), max(0.0, float(high))


def input_quantization(
    low: float, high: float, bits: int, symmetric: bool = False
) -> tuple[float, int]:
    """Spread 2^bits integers over a range so that real 0 is one of them.

    Parameters
    ----------
    low, high : float
        The range in real units.
    bits : int
        2 to 8.
    symmetric : bool
        Whether integer 0 is real 0. Of a range on one side of it half of the integers are then
        unused, but biases need not hold the product of the zero point and the weights, which in
        few bits would cost them their resolution.

    Returns
    -------
    scale : float
        Real units of one step.
    zero_point : int
        The integer of real 0.

    Raises
    ------
    HadamrnnError
        For a range that is none, or too far from 0.

    Examples
    --------
    >>> scale, zero_point = input_quantization(0.0, 1.0, 8)
    >>> round(1 / scale), zero_point
    (255, -128)
    >>> scale, zero_point = input_quantization(0.0, 1.0, 8, symmetric=True)
    >>> round(1 / scale), zero_point
    (127, 0)
    """
    if not (np.isfinite(low) and np.isfinite(high) and low <= high):
        raise HadamrnnError(
            f"input_range: must be two finite numbers, low first; got ({low}, {high})"
        )
    if not 2 <= bits <= 8:
        raise HadamrnnError(f"input_bits: must be an integer from 2 to 8; got {bits}")
    if symmetric:
        return max(abs(low), abs(high)) / ((1 << (bits - 1)) - 1) or 1.0, 0
    scale = float(high - low) / ((1 << bits) - 1) or 1.0
    zero_point = -(1 << (bits - 1)) - round(float(low) / scale)
    if not -(1 << 15) <= zero_point < 1 << 15:
        raise HadamrnnError(
            f"input_range: lies too far from 0 for its width, subtract a constant from the inputs; "
            f"got ({low}, {high})"
        )
    return scale, zero_point


def largest_state(weights: FrozenWeights, inputs: npt.NDArray[Any], input_kind: str) -> float:
    """max |h_t| of the float recurrence with quantized weights over all steps and sequences.

    Parameters
    ----------
    weights : FrozenWeights
        Trained.
    inputs : array, (n, T, d_in) or (n, T)
        Real numbers, or symbol ids.
    input_kind : {"dense", "symbol"}
        Which of both.

    Returns
    -------
    float
        Computed in float32.

    Raises
    ------
    HadamrnnError
        If a state is not finite.
    """
    factor = (1 - 2.0**-weights.fade if weights.fade else 1.0) / np.sqrt(weights.block_size)
    scale = (np.asarray(weights.signs) * factor).astype(np.float32)[:, None]
    weight = weights.products()
    bias = np.asarray(weights.bias, dtype=np.float32)[:, None]
    chunk, peak = max(8, CHUNK_ELEMENTS // len(scale)), 0.0
    for start in range(0, len(inputs), chunk):
        part = np.ascontiguousarray(np.moveaxis(inputs[start : start + chunk], 0, -1))
        hidden = np.zeros((len(scale), part.shape[-1]), dtype=np.float32)
        buffers = [np.empty_like(hidden), np.empty_like(hidden)]
        for x in part:
            moved = transform_columns(hidden, buffers, weights.block_size)
            np.multiply(moved, scale, out=hidden)
            hidden += weight[:, x] if input_kind == "symbol" else weight @ x.astype(np.float32)
            hidden += bias
            largest = max(float(hidden.max()), -float(hidden.min()))
            if not np.isfinite(largest):
                raise HadamrnnError(
                    f"weights, calibration_inputs: must keep states finite; got {largest}"
                )
            peak = max(peak, largest)
    return peak

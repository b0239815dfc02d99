"""What an integer model accepts as input, and how real numbers become its integers."""

from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn.errors import HadamrnnError


def check_input(model: Any, x_int: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Integers that a step may read.

    Parameters
    ----------
    model : IntegerModel
        Who reads.
    x_int : array_like of int, (..., d_in) or (...)
        Dense inputs, or symbol ids.

    Returns
    -------
    array of int64
        The same numbers.

    Raises
    ------
    HadamrnnError
        Unless they are integers, in range and of the right width.
    """
    x = np.asarray(x_int)
    if x.dtype.kind not in "iu":
        raise HadamrnnError(f"inputs: must be integers here; got {x.dtype}")
    symbol = model.input_kind == "symbol"
    if not symbol and (not x.ndim or x.shape[-1] != model.input_size):
        raise HadamrnnError(
            f"inputs: the last axis must hold {model.input_size} features; got shape {x.shape}"
        )
    half = 1 << (model.input_bits - 1)
    low, high = (0, model.input_size - 1) if symbol else (-half, half - 1)
    if x.size and (x.min() < low or x.max() > high):
        raise HadamrnnError(
            f"inputs: must be integers from {low} to {high}; got {x.min()} to {x.max()}"
        )
    return x.astype(np.int64)


def check_sequences(model: Any, x: npt.ArrayLike) -> npt.NDArray[Any]:
    """A batch of sequences that the model can read.

    Parameters
    ----------
    model : IntegerModel
        Who reads.
    x : array_like, (batch, time, d_in) or (batch, time)
        Real numbers or integers, or symbol ids.

    Returns
    -------
    array
        ``x``.

    Raises
    ------
    HadamrnnError
        For another shape, or more steps than are proven.
    """
    array = np.asarray(x)
    axes = ("batch", "time") if model.input_kind == "symbol" else ("batch", "time", "features")
    if (
        array.ndim != len(axes)
        or not array.size
        or (array.ndim == 3 and array.shape[2] != model.input_size)
    ):
        wanted = ", ".join(axes).replace("features", f"{model.input_size} features")
        raise HadamrnnError(f"inputs: must have shape ({wanted}); got {array.shape}")
    if model.readout != "last" and array.shape[1] > model.max_steps:
        raise HadamrnnError(
            f"inputs: at most max_steps={model.max_steps} steps are proven; got {array.shape[1]}"
        )
    return array


def quantize(model: Any, x_real: npt.ArrayLike) -> npt.NDArray[Any]:
    """Real inputs to the integers that ``IntegerModel.step`` and ``hr_step`` read.

    Parameters
    ----------
    model : IntegerModel
        Who reads.
    x_real : array_like, (batch, time, d_in) or (batch, time)
        Numbers, or symbol ids.

    Returns
    -------
    array of int8, (batch, time, d_in), or of uint16, (batch, time)
        clip(rint(x / input_scale) + zero point), or the same ids.

    Raises
    ------
    HadamrnnError
        For NaN, fractions of a symbol, or a wrong shape.
    """
    x = check_sequences(model, x_real)
    if model.input_kind == "symbol":
        ids = x.astype(np.int64)
        if not np.array_equal(ids, x):
            raise HadamrnnError("inputs: symbol ids must be integers; got fractions")
        return check_input(model, ids).astype(np.uint16)
    half = 1 << (model.input_bits - 1)
    x = np.rint(x / model.input_scale) + model.input_zero_point
    if np.isnan(x).any():
        raise HadamrnnError("inputs: must be numbers; got NaN")
    return np.clip(x, -half, half - 1).astype(np.int8)

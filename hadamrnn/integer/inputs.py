"""What an integer model accepts as input, and how real numbers become its integers."""

from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import recording
from hadamrnn.integer.parameters import IntegerParameters


def check_input(model: IntegerParameters, x_int: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """``integers_in_range`` as int64."""
    return integers_in_range(model, x_int).astype(np.int64)


def integers_in_range(model: IntegerParameters, x_int: npt.ArrayLike) -> npt.NDArray[Any]:
    """Integers that a step may read.

    Parameters
    ----------
    model : IntegerParameters
        Who reads.
    x_int : array_like of int, (..., d_in) or (...)
        Dense inputs, or symbol ids.

    Returns
    -------
    array
        The same.

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
    return x


def check_sequences(model: IntegerParameters, x: npt.ArrayLike) -> npt.NDArray[Any]:
    """A batch of sequences that the model can read.

    Parameters
    ----------
    model : IntegerParameters
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
        For another shape or type, or more steps than are proven.
    """
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise HadamrnnError(
            f"inputs: must be sequences of one length with equally many features; got {error}"
        ) from error
    if array.dtype.kind not in "iufb":
        raise HadamrnnError(f"inputs: must be numbers; got {array.dtype}")
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


def quantize(model: IntegerParameters, x_real: npt.ArrayLike) -> npt.NDArray[Any]:
    """Real inputs to the integers that ``IntegerModel.step`` and ``hr_step`` read.

    Parameters
    ----------
    model : IntegerParameters
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
    if np.isnan(x).any():
        raise HadamrnnError(f"inputs: must be numbers; got NaN in {place(np.isnan(x))}")
    if model.input_kind == "symbol":
        fractions = x != np.rint(x)
        if fractions.any():
            raise HadamrnnError(
                f"inputs: symbol ids must be integers; got {x[fractions][0]} in {place(fractions)}"
            )
        outside = (x < 0) | (x >= model.input_size)
        if outside.any():
            raise HadamrnnError(
                f"inputs: must be integers from 0 to {model.input_size - 1}; "
                f"got {x[outside][0]:.20g} in {place(outside)}"
            )
        return x.astype(np.uint16)
    half = 1 << (model.input_bits - 1)
    with np.errstate(over="ignore"):  # what becomes infinite saturates
        x = np.rint(x / model.input_scale) + model.input_zero_point
    integers: npt.NDArray[np.int8] = np.clip(x, -half, half - 1).astype(np.int8)
    return integers


def quantize_raw(model: IntegerParameters, readings: npt.ArrayLike) -> npt.NDArray[Any]:
    """Raw readings to the integers that ``IntegerModel.step`` and ``hr_step`` read.

    Parameters
    ----------
    model : IntegerParameters
        With a recording, which says what its readings are (``recording``).
    readings : array_like, (batch, time, d_in) or (batch, time)
        In the recorder's units, or symbol ids.

    Returns
    -------
    array of int8, (batch, time, d_in), or of uint16, (batch, time)
        As ``hr_step_raw`` makes of the recorder's integers, or the same ids.

    Raises
    ------
    HadamrnnError
        For a file that does not say what readings are, NaN, or a wrong shape.
    """
    if model.input_kind == "symbol":
        return quantize(model, readings)
    if model.recording is None:
        raise HadamrnnError(
            f"recording: {model.name} must say what raw readings are; got none, run dvc repro "
            f"export@{model.name}"
        )
    raw = check_sequences(model, readings)
    if np.isnan(raw).any():
        raise HadamrnnError(f"inputs: must be numbers; got NaN in {place(np.isnan(raw))}")
    half = 1 << (model.input_bits - 1)
    counts = recording.counts(model.recording, raw)
    x = recording.unclipped(model.recording, counts, model.input_zero_point)
    integers: npt.NDArray[np.int8] = np.clip(x, -half, half - 1).astype(np.int8)
    return integers


def place(mask: npt.NDArray[np.bool_]) -> str:
    """Where the first true value of a batch of sequences lies, in words.

    Parameters
    ----------
    mask : array of bool, (batch, time) or (batch, time, features)
        With at least one true value.

    Returns
    -------
    str
        For the end of a sentence.

    Examples
    --------
    >>> place(np.array([[[False, False]], [[False, True]]]))
    'sequence 1, step 0, feature 1 (counted from 0)'
    """
    index = np.unravel_index(mask.argmax(), mask.shape)
    names = ("sequence", "step", "feature")
    where = ", ".join(f"{name} {i}" for name, i in zip(names, index, strict=False))
    return f"{where} (counted from 0)"


def real_range(model: IntegerParameters) -> tuple[float, float]:
    """The real inputs of a dense model's lowest and highest integer, beyond which others are cut.

    Parameters
    ----------
    model : IntegerParameters
        Who reads.
    """
    half = 1 << (model.input_bits - 1)
    lowest, highest = -half - model.input_zero_point, half - 1 - model.input_zero_point
    return model.input_scale * lowest, model.input_scale * highest


def integers_of(model: IntegerParameters, readings: npt.ArrayLike) -> npt.NDArray[Any]:
    """What a user passes to ``IntegerModel.predict`` as the integers that a step reads.

    Parameters
    ----------
    model : IntegerParameters
        Who reads.
    readings : array_like, (batch, time, d_in) or (batch, time)
        As ``quantize_raw`` accepts; of a model whose file does not say what readings are, the real
        numbers that it was trained on (``quantize``).
    """
    return (quantize if model.recording is None else quantize_raw)(model, readings)

"""What an integer model accepts as input, and how real numbers become its integers."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import recording
from hadamrnn.integer.parameters import IntegerParameters

DOUBTFUL_SHARE, DOUBTFUL_FEATURE = 0.05, 0.5
"""Shares of all values, and of one feature's, outside the input range above which it is told.
No single test window of har2 and dsa19 reaches either."""


def check_input(model: IntegerParameters, x_int: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Integers that a step may read.

    Parameters
    ----------
    model : IntegerParameters
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


def doubt(model: IntegerParameters, readings: npt.ArrayLike) -> str | None:
    """Why inputs do not look like what a dense model was trained on.

    Parameters
    ----------
    model : IntegerParameters
        Who reads.
    readings : array_like, (batch, time, d_in) or (batch, time)
        As ``integers_of`` accepts.

    Returns
    -------
    str or None
        A sentence for stored bytes where the model reads real numbers, or where more than
        DOUBTFUL_SHARE of the values, or DOUBTFUL_FEATURE of a feature's, saturate; None for
        nothing of the kind.
    """
    if model.input_kind == "symbol":
        return None
    x = np.asarray(readings)
    if model.recording is not None:
        half = 1 << (model.input_bits - 1)
        counts = recording.counts(model.recording, x)
        coded = recording.unclipped(model.recording, counts, model.input_zero_point)
        return _told((coded < -half) | (coded >= half), partial(_recorded_range, model))
    low, high = real_range(model)
    if x.dtype == np.uint8 and model.input_scale != 1.0:
        return (
            f"inputs: are bytes (uint8), as prepared folders store them, but the model reads real "
            f"numbers from {low:.6g} to {high:.6g}; hadamrnn.prepared.coding.Coding decodes what "
            f"is stored, and readings in real units are best passed as floats"
        )
    margin = model.input_scale / 2
    return _told((x < low - margin) | (x > high + margin), lambda feature: (low, high))


def _told(
    outside: npt.NDArray[np.bool_], range_of: Callable[[int], tuple[float, float]]
) -> str | None:
    """The sentence on values outside of the range that each feature has; None for few of them."""
    share, shares = outside.mean(), outside.mean(axis=(0, 1))
    worst = int(shares.argmax())
    if share <= DOUBTFUL_SHARE and shares[worst] <= DOUBTFUL_FEATURE:
        return None
    low, high = range_of(worst)
    return (
        f"inputs: {100 * share:.0f} % of the values, of feature {worst} (counted from 0) "
        f"{100 * shares[worst]:.0f} %, lie outside its input range, {low:.6g} to "
        f"{high:.6g}, and are clipped; are they in the units it was trained on?"
    )


def _recorded_range(model: IntegerParameters, feature: int) -> tuple[float, float]:
    """The lowest and the highest reading of a feature that is not clipped."""
    known, half = model.recording, 1 << (model.input_bits - 1)
    assert known is not None
    channel = feature % known.channels
    every = np.arange(recording.LOWEST, recording.HIGHEST + 1)
    rows = np.repeat(every[:, None], model.input_size, axis=1)
    x = recording.unclipped(known, rows, model.input_zero_point)[:, feature]
    kept = every[(x >= -half) & (x < half)]
    ends = (kept[0], kept[-1]) if len(kept) else (0, 0)
    low, high = (float(known.unit[channel] * r + known.offset[channel]) for r in ends)
    return low, high

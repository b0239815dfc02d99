"""Inputs that do not look like what a model was trained on."""

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from hadamrnn.integer import recording
from hadamrnn.integer.inputs import real_range
from hadamrnn.integer.parameters import IntegerParameters

DOUBTFUL_SHARE, DOUBTFUL_FEATURE = 0.05, 0.5
"""Shares of all values, and of one feature's, outside the input range above which it is told.
No single test window of har2 and dsa19 reaches either."""


def doubt(model: IntegerParameters, readings: npt.ArrayLike) -> str | None:
    """Why inputs do not look like what a dense model was trained on.

    Parameters
    ----------
    model : IntegerParameters
        Who reads.
    readings : array_like, (batch, time, d_in) or (batch, time)
        As ``inputs.integers_of`` accepts.

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

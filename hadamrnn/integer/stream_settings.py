"""The settings of a stream, checked against the model that reads it."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from hadamrnn.errors import HadamrnnError
from hadamrnn.integer.recording import Recording
from hadamrnn.integer.state import IntegerState

Integers = npt.NDArray[np.int64]
WINDOWS = 4
"""Most windows, and so states, at a time."""
MEAN_BITS_MAX, SMOOTH_MAX = 15, 15
UINT32_MAX = (1 << 32) - 1


class Model(Protocol):
    """What a stream needs of an ``IntegerModel``."""

    @property
    def readout(self) -> str: ...
    @property
    def fade(self) -> int: ...
    @property
    def max_steps(self) -> int: ...
    @property
    def activation_bits(self) -> int: ...
    @property
    def sum_bits(self) -> int: ...
    @property
    def output_size(self) -> int: ...
    @property
    def input_kind(self) -> str: ...
    @property
    def input_size(self) -> int: ...
    @property
    def recording(self) -> Recording | None: ...
    @property
    def numbers(self) -> bool: ...
    def initial_state(self) -> IntegerState: ...
    def advance(self, hidden: Integers, number: int, x: Integers) -> Integers: ...
    def step(self, state: IntegerState, x_int: npt.ArrayLike) -> object: ...
    def logits(self, state: IntegerState) -> Integers: ...
    def real_logits(self, logits: npt.ArrayLike, steps: int = 1) -> npt.NDArray[np.float64]: ...
    def check_input(self, x_int: npt.ArrayLike) -> Integers: ...
    def quantize_input(self, x_real: npt.ArrayLike) -> npt.NDArray[Any]: ...
    def quantize_raw(self, readings: npt.ArrayLike) -> npt.NDArray[Any]: ...


def mean_bits(model: Model) -> int:
    """f: an exponential mean is kept in units of 2^-f of a state.

    Parameters
    ----------
    model : IntegerModel
        Whose means they are.

    Returns
    -------
    int
        0 to 15.
    """
    return min(model.max_steps.bit_length() - 1, MEAN_BITS_MAX)


def usual_shift(model: Model) -> int:
    """The shift for a model that learned from windows of ``max_steps``: about a third of one.

    Parameters
    ----------
    model : IntegerModel
        With a read-out of means; others take 0.

    Returns
    -------
    int
        floor(log2(max_steps / 3)), at least 0 and at most ``mean_bits`` + 1.
    """
    if model.readout == "last":
        return 0
    return min(max(0, (model.max_steps // 3).bit_length() - 1), mean_bits(model) + 1)


@dataclass(frozen=True)
class StreamSettings:
    """The settings of ``stream.Stream``, which explains them, in range.

    Parameters
    ----------
    shift : int
        Of the exponential means; 0 where there are none.
    window : int or None
        Steps of a window.
    hop : int
        Steps from an answer to the next.
    smooth, reject, hold : int
        Of the scores and of the margins.
    states : int
        How many the stream keeps.
    """

    shift: int
    window: int | None
    hop: int
    smooth: int
    reject: int
    hold: int
    states: int


def chosen(
    model: Model,
    shift: int | None = None,
    window: int | None = None,
    hop: int | None = None,
    smooth: int = 0,
    reject: int = 0,
    hold: int = 0,
) -> StreamSettings:
    """The settings of a stream of ``model``, with what is left open filled in.

    Parameters
    ----------
    model : IntegerModel
        Who reads.
    shift, window, hop, smooth, reject, hold : int
        As ``stream.Stream`` takes them.

    Raises
    ------
    HadamrnnError
        As ``stream.Stream``; for a model of one class.
    """
    if model.output_size < 2 and not model.numbers:
        raise HadamrnnError("stream: needs a model of two classes or more; got one of 1")
    if window is None:
        states = 1
        step = _whole("hop", 1 if hop is None else hop, 1, UINT32_MAX)
    else:
        _whole("window", window, 1, UINT32_MAX if model.readout == "last" else model.max_steps)
        step = _whole("hop", window if hop is None else hop, -(-window // WINDOWS), window)
        states = -(-window // step)
    return StreamSettings(
        shift=_chosen_shift(model, shift, window),
        window=window,
        hop=step,
        smooth=_whole("smooth", smooth, 0, SMOOTH_MAX),
        reject=_whole("reject", reject, 0, 0 if model.numbers else UINT32_MAX),
        hold=_whole("hold", hold, 0, reject),
        states=states,
    )


def _whole(name: str, value: int, low: int, high: int) -> int:
    """``value``; HadamrnnError unless an integer from ``low`` to ``high``."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise HadamrnnError(f"{name}: must be an integer from {low} to {high}; got {value!r}")
    return value


def _chosen_shift(model: Model, shift: int | None, window: int | None) -> int:
    """The shift of a stream, checked."""
    if window is None and not model.fade:
        raise HadamrnnError("window: must be given for a model whose states do not fade; got none")
    if model.readout == "last" or window is not None:
        if shift:
            raise HadamrnnError(
                f"shift: must be 0 with a window or for readout last; got {shift!r}"
            )
        return 0
    if shift is None:
        return usual_shift(model)
    return _whole("shift", shift, 0, mean_bits(model) + 1)

r"""Always-on use: answers from a recording that does not end. C's ``hr_stream`` gives the same.

**States that fade** run on for ever and are never reset. A read-out of means sees, in place of the
sum of a window, an exponential mean of every neuron, of which step n = 0, 1, ... makes

    E' = E + ((2^f relu(h) - E + floor(2^(k-1))) >> k)     k = min(shift, floor(log2(n + 1)))

with E = 0 before the first: the plain mean of what there is until 2^shift steps have been seen,
then one over about 2^shift steps. f is ``mean_bits``, the largest up to 15 with 2^f <= max_steps,
and E takes the place of the sums of a sequence of 2^f steps: it never leaves [0, 2^f L], because it
moves towards 2^f relu(h) by no more than there is to go, so that the widths proven for the model
hold for any number of steps. Read-out "last" reads the states alone.

**States that do not fade**, or any states where a window is asked for, run in overlapping windows:
one begins at every ``hop`` steps, is read after ``window`` steps, and there are
ceil(window / hop) of them, at most WINDOWS, each with a state of its own.

**Answers.** An answer is due at every ``hop`` steps, of windows at the end of each. Its logits z
are smoothed over the answers, the first of which is taken as it is,

    S' = S - (S >> smooth) + (z >> smooth)

which fits wherever z does. The best class is the argmax of S, the lowest id of equal ones, its
margin how far it is above the second. Margins below ``reject`` are no answer, but where the best
class is the answer already: it stays while its margin is at least ``reject`` - ``hold``.

**Numbers.** A model of numbers gives those that S stands for, as ``IntegerModel.real_logits`` does
for a sequence of 2^f steps, or of ``window``. Its outputs are no classes, so that neither reject
nor hold may be set; one output alone has margin 0. They need windows: a model learns numbers of
states that began at zero.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hadamrnn.errors import HadamrnnError
from hadamrnn.integer.fixed_point import check_width
from hadamrnn.integer.state import IntegerState
from hadamrnn.integer.stream_settings import Model, chosen, mean_bits

Integers = npt.NDArray[np.int64]


class Event(NamedTuple):
    """An answer that was due.

    Attributes
    ----------
    step : int
        Inputs seen, from 1.
    class_id : int or None
        The answer; None where the margin is below ``reject``, less ``hold`` if it was before.
    best : int
        The class with the largest score, rejected or not.
    margin : int
        Its score less the second one; times the model's logit_scale in real units.
    changed : bool
        Whether the answer is another than before; before the first it is None.
    value : float, tuple of float, or None
        Of a model of numbers, of whose events only ``step`` is of use beside it: the number, or
        the numbers of several outputs, in the units of the targets.
    """

    step: int
    class_id: int | None
    best: int
    margin: int
    changed: bool
    value: float | tuple[float, ...] | None = None


class Stream:
    """Answers from one recording that does not end.

    Parameters
    ----------
    model : IntegerModel
        Who reads.
    shift : int, optional
        Means are over about 2^shift steps, 0 to ``mean_bits`` + 1; default ``usual_shift``. Of
        fading states with a read-out of means.
    window : int, optional
        Steps of a window; None for fading states that are never reset.
    hop : int
        Steps from an answer to the next, from 1; of windows at most ``window`` and at least a
        fourth of it. Default 1, of windows ``window``.
    smooth : int
        Scores are smoothed over about 2^smooth answers, 0 to 15.
    reject : int
        Answers with a smaller margin are None, 0 to 2^32 - 1; of numbers 0.
    hold : int
        So much smaller may be the margin of a class that is the answer already, 0 to ``reject``.

    Raises
    ------
    HadamrnnError
        For a number out of range, or states that do not fade without a window.

    Examples
    --------
    >>> model = hadamrnn.integer.load("model.hrnn")                      # doctest: +SKIP
    >>> stream = model.stream(shift=5, hop=25, reject=400)               # doctest: +SKIP
    >>> for reading in recorder:                                         # doctest: +SKIP
    ...     event = stream.push(reading)
    ...     if event and event.changed:
    ...         print(event)
    """

    def __init__(
        self,
        model: Model,
        *,
        shift: int | None = None,
        window: int | None = None,
        hop: int | None = None,
        smooth: int = 0,
        reject: int = 0,
        hold: int = 0,
    ) -> None:
        self.model = model
        self.settings = chosen(model, shift, window, hop, smooth, reject, hold)
        self._mean_bits = mean_bits(model)
        self._states: list[IntegerState] = [
            model.initial_state() for _ in range(self.settings.states)
        ]
        self.reset()

    def reset(self) -> None:
        """Forget everything: the stream before the first step."""
        self.steps = 0
        self.scores: Integers | None = None
        self._answer: int | None = None
        for state in self._states:
            state.hidden = np.zeros_like(state.hidden)
            state.sums = np.zeros_like(state.sums)
            state.steps = 0

    def resume(
        self,
        steps: int,
        scores: Integers | None,
        answer: int | None,
        states: list[IntegerState],
    ) -> None:
        """Go on as a stream of these settings that has come so far.

        Parameters
        ----------
        steps : int
            Inputs seen.
        scores : array of int64, (classes,), or None
            Of the last answer.
        answer : int or None
            The last one.
        states : list of IntegerState
            Of every window.
        """
        self.steps, self.scores, self._answer = steps, scores, answer
        for mine, given in zip(self._states, states, strict=True):
            mine.hidden, mine.sums, mine.steps = given.hidden, given.sums, given.steps

    @property
    def states(self) -> list[IntegerState]:
        """Of every window; of fading states the only one, its sums being the means E."""
        return self._states

    def push(self, reading: npt.ArrayLike) -> Event | None:
        """Go one step on.

        Parameters
        ----------
        reading : array_like, (d_in,) or ()
            In the recorder's units where the model says what they are, else the real numbers that
            it was trained on; or a symbol id.

        Returns
        -------
        Event or None
            None where no answer is due.

        Raises
        ------
        HadamrnnError
            For what the model cannot read; the stream is unchanged.
        """
        model, sequence = self.model, np.asarray(reading)[None, None]
        quantize = model.quantize_input if model.recording is None else model.quantize_raw
        return self.push_integers(quantize(sequence)[0, 0])

    def push_integers(self, x_int: npt.ArrayLike) -> Event | None:
        """``push`` for what ``hr_step`` reads.

        Parameters
        ----------
        x_int : array_like of int, (d_in,) or ()
            Integers of input_bits, or a symbol id.

        Returns
        -------
        Event or None
            As ``push``.
        """
        x = self.model.check_input(x_int)
        if x.ndim != (self.model.input_kind == "dense"):
            raise HadamrnnError(f"inputs: must be those of one step; got shape {x.shape}")
        return self._step(x)

    def run(self, readings: Iterable[npt.ArrayLike]) -> list[Event]:
        """The events of many steps.

        Parameters
        ----------
        readings : iterable of array_like
            As ``push`` takes them.

        Returns
        -------
        list of Event
            In order.
        """
        return [event for event in map(self.push, readings) if event is not None]

    def _step(self, x: Integers) -> Event | None:
        """One step on a checked input."""
        return self._fading(x) if self.settings.window is None else self._windows(x)

    def _fading(self, x: Integers) -> Event | None:
        model, (state,) = self.model, self._states
        state.hidden = model.advance(state.hidden, self.steps, x)
        self.steps += 1
        if model.readout != "last":
            shift = min(self.settings.shift, self.steps.bit_length() - 1)
            target = np.maximum(state.hidden, 0) << self._mean_bits
            state.sums = state.sums + ((target - state.sums + ((1 << shift) >> 1)) >> shift)
            check_width(state.sums, model.sum_bits, "mean", signed=False)
        if self.steps % self.settings.hop:
            return None
        state.steps = 1 << self._mean_bits
        return self._answered(model.logits(state))

    def _windows(self, x: Integers) -> Event | None:
        assert self.settings.window is not None
        begun = self.steps // self.settings.hop
        if self.steps % self.settings.hop == 0:
            state = self._states[begun % len(self._states)]
            state.hidden, state.sums = np.zeros_like(state.hidden), np.zeros_like(state.sums)
            state.steps = 0
        running = [s for s in self._states[: begun + 1] if s.steps < self.settings.window]
        for state in running:
            self.model.step(state, x)
        self.steps += 1
        ended = [state for state in running if state.steps == self.settings.window]
        return self._answered(self.model.logits(ended[0])) if ended else None

    def _answered(self, logits: Integers) -> Event:
        """The event of an answer that is due."""
        smooth = self.settings.smooth
        if self.scores is not None:
            logits = self.scores - (self.scores >> smooth) + (logits >> smooth)
        self.scores = check_width(logits, 32, "scores")
        best = int(self.scores.argmax())
        others = np.delete(self.scores, best)
        margin = int(self.scores[best] - others.max()) if len(others) else 0
        before = self._answer
        least = self.settings.reject - (self.settings.hold if best == before else 0)
        self._answer = best if margin >= least else None
        changed = self._answer != before
        return Event(self.steps, self._answer, best, margin, changed, self._value())

    def _value(self) -> float | tuple[float, ...] | None:
        """The numbers that the scores stand for, where they do."""
        if not self.model.numbers:
            return None
        steps = self.settings.window or 1 << self._mean_bits
        assert self.scores is not None
        values = tuple(self.model.real_logits(self.scores, steps).tolist())
        return values[0] if len(values) == 1 else values

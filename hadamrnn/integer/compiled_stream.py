"""A stream that C reads: the events of ``stream.Stream``, many times as fast."""

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn.integer import engine
from hadamrnn.integer.engine import Engine, Sequences
from hadamrnn.integer.model import IntegerModel
from hadamrnn.integer.state import IntegerState
from hadamrnn.integer.stream import Event, Integers, Stream
from hadamrnn.integer.stream_settings import chosen, mean_bits


class CompiledStream(Stream):
    """A ``Stream`` in the memory that C works in.

    Parameters
    ----------
    model : IntegerModel
        Who reads.
    running : Engine
        Its engine.
    **settings
        As ``Stream`` takes them.
    """

    def __init__(self, model: IntegerModel, running: Engine, **settings: Any) -> None:
        self.model = model
        self.engine = running
        self.settings = chosen(model, **settings)
        self._mean_bits = mean_bits(model)
        self._memory = Sequences(running, self.settings.states)
        self._inputs = self._memory.inputs[0, ...]  # an array even where it is one number
        self._stream = engine.zeros((running.stream_bytes,), np.uint8)
        self._scores = engine.zeros((2 * running.output_size,), np.int32)
        self._told = engine.zeros((4,), np.int64)
        self._at = self._stream.ctypes.data, self._told.ctypes.data
        if model.input_kind == "symbol":
            self._target, self._read = self._inputs, running.calls.hr_python_push
            self._readable = engine.EXACT
        else:
            self._target, self._read = self._memory.readings, running.calls.hr_python_push_readings
            # without a recording float32 is coded in float32, which is left to NumPy
            self._readable = engine.EXACT | set("d" if model.recording is None else "fd")
        self.reset()

    def reset(self) -> None:
        """Forget everything: the stream before the first step."""
        told = self.settings
        numbers = np.array(
            (told.window or 0, told.hop, told.reject, told.shift, told.smooth, told.hold), np.int64
        )
        engine.checked(
            self.engine.calls.hr_python_stream_start(
                self._memory.at, self._at[0], numbers.ctypes.data, self._scores.ctypes.data
            )
        )
        self.steps = 0
        self.scores = None
        self._answer = None

    @property
    def states(self) -> list[IntegerState]:
        """As ``Stream.states``, but copies."""
        count = self.settings.states
        steps = np.zeros(count, np.int64)
        self.engine.calls.hr_python_stream_steps(self._at[0], steps.ctypes.data)
        if self.settings.window is None:  # what the means stand for, once they were asked
            steps[:] = 0 if self.scores is None else 1 << self._mean_bits
        hidden = self._memory.hidden.astype(np.int64)
        sums = self._memory.sums
        summed = np.zeros_like(hidden) if sums is None else sums.astype(np.int64)
        return [IntegerState(hidden[i], summed[i], int(steps[i])) for i in range(count)]

    def push(self, reading: npt.ArrayLike) -> Event | None:
        """``Stream.push``."""
        x = np.asarray(reading)
        if x.dtype.char in self._readable and x.shape == self._target.shape:
            self._target[...] = x
            status = self._read(self._memory.at, *self._at)
            if status not in (engine.OUT_OF_RANGE, engine.NOT_FOR_C):
                return self._event(status)
        return super().push(reading)

    def push_integers(self, x_int: npt.ArrayLike) -> Event | None:
        """``Stream.push_integers``."""
        x = np.asarray(x_int)
        if x.dtype.char in engine.EXACT and x.shape == self._inputs.shape:
            self._inputs[...] = x
            status = self.engine.calls.hr_python_push(self._memory.at, *self._at)
            if status != engine.OUT_OF_RANGE:
                return self._event(status)
        return super().push_integers(x_int)  # which says what is wrong

    def _step(self, x: Integers) -> Event | None:
        self._inputs[...] = x
        return self._event(self.engine.calls.hr_python_push(self._memory.at, *self._at))

    def _event(self, status: int) -> Event | None:
        """The event of a step; None where no answer is due."""
        if status != engine.DUE:
            engine.checked(status)
            self.steps += 1
            return None
        self.steps += 1
        self.scores = self._scores[: self.engine.output_size].astype(np.int64)
        best, margin, answer, changed = self._told.tolist()
        self._answer = None if answer < 0 else answer
        return Event(self.steps, self._answer, best, margin, bool(changed), self._value())

    def __reduce__(self) -> tuple[Any, ...]:
        """Its numbers and their model; copies go on from here, each by itself."""
        settings = dataclasses.asdict(self.settings)
        del settings["states"]
        return _resumed, (
            self.model,
            settings,
            self.steps,
            self.scores,
            self._answer,
            self.states,
        )

    def resume(
        self,
        steps: int,
        scores: Integers | None,
        answer: int | None,
        states: list[IntegerState],
    ) -> None:
        """``Stream.resume``."""
        self.steps, self.scores, self._answer = steps, scores, answer
        for row, state in enumerate(states):
            self._memory.hidden[row] = state.hidden
            if self._memory.sums is not None:
                self._memory.sums[row] = state.sums
        if scores is not None:
            self._scores[: self.engine.output_size] = scores
        windows = np.array([state.steps for state in states], np.int64)
        self.engine.calls.hr_python_stream_resume(
            self._at[0],
            steps,
            scores is not None,
            -1 if answer is None else answer,
            windows.ctypes.data,
        )


def _resumed(model: IntegerModel, settings: dict[str, Any], *progress: Any) -> Stream:
    """A stream of what runs the model here."""
    stream = model.stream(**settings)
    stream.resume(*progress)
    return stream

"""What one sequence remembers, in the memory of the C runtime."""

import copy
from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import engine
from hadamrnn.integer.engine import Engine, Sequences
from hadamrnn.integer.model import IntegerModel, Integers
from hadamrnn.integer.state import IntegerState


class CompiledState(IntegerState):
    """An ``IntegerState`` in the memory that C works in.

    ``hidden`` and ``sums`` are copies that cannot be written to; what is assigned to them is taken.

    Parameters
    ----------
    model : CompiledModel
        Who reads.
    running : Engine
        Its engine.
    batch : int or None
        Sequences; None for one without an axis of its own.
    """

    def __init__(self, model: IntegerModel, running: Engine, batch: int | None) -> None:
        self.steps = 0
        self.engine = running
        self._model = model
        self._batch = batch
        self._lead = () if batch is None else (batch,)
        self._memory = Sequences(running, 1 if batch is None else batch)
        self._inputs = self._memory.inputs.reshape(self._lead + running.input_shape)
        self._logits = self._memory.logits.reshape((*self._lead, running.output_size))
        self._most = None if model.readout == "last" else model.max_steps

    @property
    def hidden(self) -> Integers:
        """States in [-L, L]."""
        return self._shown(self._memory.hidden)

    @hidden.setter
    def hidden(self, values: npt.ArrayLike) -> None:
        limit = self.engine.limit
        self._take("hidden", self._memory.hidden, values, -limit, limit)

    @property
    def sums(self) -> Integers:
        """Of relu(hidden); zero for readout "last"."""
        if self._memory.sums is None:
            return self._shown(np.zeros_like(self._memory.hidden))
        return self._shown(self._memory.sums)

    @sums.setter
    def sums(self, values: npt.ArrayLike) -> None:
        sums = self._memory.sums
        if sums is None:
            self._take("sums", np.zeros_like(self._memory.hidden), values, 0, 0)
        else:
            self._take("sums", sums, values, 0, self.engine.sum_limit)

    def _shown(self, array: npt.NDArray[Any]) -> Integers:
        shown = array.reshape((*self._lead, self.engine.hidden_size)).astype(np.int64)
        shown.flags.writeable = False
        return shown

    def _take(
        self, name: str, array: npt.NDArray[Any], values: npt.ArrayLike, low: int, high: int
    ) -> None:
        given = np.asarray(values)
        shape = (*self._lead, self.engine.hidden_size)
        if given.dtype.kind not in "iu" or given.shape != shape:
            raise HadamrnnError(
                f"{name}: must be integers of shape {shape}; got {given.dtype}, {given.shape}"
            )
        if given.size and (given.min() < low or given.max() > high):
            raise HadamrnnError(
                f"{name}: must lie from {low} to {high}; got {given.min()} to {given.max()}"
            )
        array[...] = given.reshape(array.shape)

    @property
    def full(self) -> bool:
        """Whether its sums are proven for no step more."""
        return self._most is not None and self.steps >= self._most

    def step(self, x_int: npt.ArrayLike) -> "CompiledState":
        """``IntegerModel.step`` of this state."""
        x = np.asarray(x_int)
        if x.dtype.char not in engine.EXACT or x.shape != self._inputs.shape:
            x = self._model.check_input(x)
            if not _fits(x.shape, self._inputs.shape):
                raise HadamrnnError(
                    f"inputs: must go with a state of shape {self.hidden.shape}; got {x.shape}"
                )
        self._inputs[...] = x
        status = self.engine.calls.hr_python_step(self._memory.at, self.steps & 0xFFFFFFFF)
        if status:
            self._model.check_input(x_int)  # which says what is wrong
            engine.checked(status)
        self.steps += 1
        return self

    def logits(self) -> Integers:
        """``IntegerModel.logits`` of this state."""
        status = self.engine.calls.hr_python_logits(self._memory.at, self.steps & 0xFFFFFFFF)
        engine.checked(status)
        return self._logits.astype(np.int64)

    def __copy__(self) -> "CompiledState":
        """A sequence of its own that goes on from here."""
        copied = CompiledState(self._model, self.engine, self._batch)
        copied.hidden, copied.sums, copied.steps = self.hidden, self.sums, self.steps
        return copied

    def __deepcopy__(self, memo: dict[int, Any]) -> "CompiledState":
        """As ``copy``."""
        return copy.copy(self)

    def __reduce__(self) -> tuple[Any, ...]:
        """The numbers, and their model."""
        return _state_of, (self._model, self._batch, self.hidden, self.sums, self.steps)


def _fits(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Whether an array of ``shape`` may be assigned to one of ``wanted`` without growing it."""
    try:
        return np.broadcast_shapes(shape, wanted) == wanted
    except ValueError:
        return False


def _state_of(
    model: IntegerModel, batch: int | None, hidden: Integers, sums: Integers, steps: int
) -> IntegerState:
    """A state, in whatever runs the model here."""
    state = model.initial_state(batch)
    state.hidden, state.sums, state.steps = hidden, sums, steps
    return state

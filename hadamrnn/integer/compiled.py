"""The integer model run by the C runtime: the integers of ``IntegerModel``, many times as fast.

``load`` gives it. The C code is compiled when a model first runs, never when it is only looked at.
Where that cannot be, NumPy runs, as it does for states that were not made by ``initial_state``, for
``advance`` and for ``trace``, against which C is checked.
"""

import dataclasses
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt

from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import engine, inputs
from hadamrnn.integer.compiled_state import CompiledState
from hadamrnn.integer.compiled_stream import CompiledStream
from hadamrnn.integer.engine import Engine
from hadamrnn.integer.model import IntegerModel, Integers
from hadamrnn.integer.state import IntegerState
from hadamrnn.integer.stream import Stream

Kind = TypeVar("Kind", bound=IntegerModel)
SHARE = 1 << 19
"""Numbers of states that are worth a thread: about half a millisecond."""


@dataclasses.dataclass(frozen=True, eq=False)
class CompiledModel(IntegerModel):
    """An ``IntegerModel`` that C runs where it can; ``engine`` says whether it does."""

    @property
    def engine(self) -> str:
        """What runs this model, "c" or "numpy"; the first look may compile the C code."""
        return "numpy" if self._engine is None else "c"

    @property
    def _engine(self) -> Engine | None:
        try:
            known: Engine | None = self.__dict__["_known"]
        except KeyError:
            try:
                self.__dict__["_known"] = known = self.demand()
            except HadamrnnError:
                self.__dict__["_known"] = known = None
        return known

    def demand(self) -> Engine:
        """Its engine; HadamrnnError where there is none."""
        calls = engine.found()
        if isinstance(calls, str):
            raise HadamrnnError(f"engine: must be auto or numpy here; got c, but {calls}")
        return Engine(self, calls)

    def initial_state(self, batch: int | None = None) -> IntegerState:
        """Zero state of one sequence, or of ``batch`` of them."""
        if self._engine is None:
            return super().initial_state(batch)
        return CompiledState(self, self._engine, batch)

    def step(self, state: IntegerState, x_int: npt.ArrayLike) -> IntegerState:
        """``IntegerModel.step``."""
        if isinstance(state, CompiledState) and state.engine is self._engine and not state.full:
            return state.step(x_int)
        return super().step(state, x_int)  # which refuses a step too many

    def logits(self, state: IntegerState) -> Integers:
        """``IntegerModel.logits``."""
        if isinstance(state, CompiledState) and state.engine is self._engine:
            return state.logits()
        return super().logits(state)

    def _streamed(self, **settings: Any) -> Stream:
        if self._engine is None:
            return super()._streamed(**settings)
        return CompiledStream(self, self._engine, **settings)

    def run_logits(self, x_int: npt.ArrayLike, workers: int | None = None) -> Integers:
        """``IntegerModel.run_logits``."""
        running = self._engine
        if running is None:
            return super().run_logits(x_int, workers)
        x = inputs.integers_in_range(self, self.check_sequences(x_int))
        kind = np.uint16 if self.input_kind == "symbol" else np.int8
        x = np.ascontiguousarray(x, dtype=kind)
        size = len(x) * x.shape[1] * self.hidden_size
        shares = min(workers or os.cpu_count() or 1, len(x), max(1, size // SHARE))
        if shares == 1:
            return running.run(x).astype(np.int64)
        with ThreadPoolExecutor(shares) as pool:
            parts = list(pool.map(running.run, np.array_split(x, shares)))
        return np.concatenate(parts).astype(np.int64)

    def __copy__(self) -> Self:
        """The same, for a model does not change."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """The same, for a model does not change."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """The numbers alone: what runs them is decided where they are read."""
        return _made, (fields_of(self),)


def fields_of(model: IntegerModel) -> dict[str, Any]:
    """What a model is made from."""
    return {field.name: getattr(model, field.name) for field in dataclasses.fields(model)}


def _of_proven(kind: type[Kind], model: IntegerModel) -> Kind:
    """The same numbers without another proof."""
    made = object.__new__(kind)
    made.__dict__.update(fields_of(model))
    return made


def _made(fields: dict[str, Any]) -> CompiledModel:
    return CompiledModel(**fields)


def with_engine(model: IntegerModel, name: str) -> IntegerModel:
    """The same model, run by another engine.

    Parameters
    ----------
    model : IntegerModel
        Any.
    name : str
        "c"; "numpy", the definition; or "auto", C where a compiler is, or has been, at hand.

    Returns
    -------
    IntegerModel
        With the same answers, bit for bit.

    Raises
    ------
    HadamrnnError
        For another name, or "c" where the C runtime cannot be compiled.
    """
    if name not in ("auto", "c", "numpy"):
        raise HadamrnnError(f"engine: must be auto, c or numpy; got {name!r}")
    if name == "numpy":
        return _of_proven(IntegerModel, model)
    made = _of_proven(CompiledModel, model)
    if name == "c":
        if isinstance(engine.found(), str):
            engine.found.cache_clear()  # there may be a compiler by now
        made.__dict__["_known"] = made.demand()
    return made

"""The project's own C runtime in this process: compiled at first use, one model at a time.

ctypes releases Python's lock while C runs. All memory is NumPy's, and C keeps no address between
calls but in what ``Sequences`` and ``stream_memory`` own.
"""

import ctypes
import dataclasses
import functools
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn import machine_code
from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import packed
from hadamrnn.integer.model import IntegerModel
from hadamrnn.integer.proof import sum_limit

Array = npt.NDArray[Any]
RUNTIME = Path(__file__).parents[1] / "runtime"
CALLS = RUNTIME / "targets" / "python_calls.c"
OK, OUT_OF_RANGE, NOT_FOR_C, DUE = 0, 100, 101, 102
"""Statuses of python_calls.c."""
EXACT = frozenset("bhilqBHI")
"""Types, by NumPy's letters, whose every integer int64 holds."""
ALIGNMENT = 64
"""Bytes of a line of the cache, for vectors that do not lie across two."""
OPTIONS = ("-std=c99", "-O3", "-shared", "-fPIC")


class Addresses(ctypes.Structure):
    """hr_python in python_calls.c."""

    _fields_ = (
        ("model", ctypes.c_void_p),
        ("count", ctypes.c_int64),
        ("hidden", ctypes.c_void_p),
        ("sums", ctypes.c_void_p),
        ("scratch", ctypes.c_void_p),
        ("coded", ctypes.c_void_p),
        ("inputs", ctypes.c_void_p),
        ("logits", ctypes.c_void_p),
        ("readings", ctypes.c_void_p),
        ("counts", ctypes.c_void_p),
        ("unit", ctypes.c_void_p),
        ("offset", ctypes.c_void_p),
    )


POINTER = ctypes.c_void_p
FUNCTIONS = {
    "hr_load": (POINTER, ctypes.c_size_t, POINTER),
    "hr_python_sizes": (POINTER,),
    "hr_python_step": (POINTER, ctypes.c_uint32),
    "hr_python_logits": (POINTER, ctypes.c_uint32),
    "hr_python_run": (*(POINTER, POINTER, ctypes.c_int64, ctypes.c_int64, ctypes.c_int, POINTER),),
    "hr_python_stream_start": (POINTER, POINTER, POINTER, POINTER),
    "hr_python_stream_resume": (POINTER, ctypes.c_int64, ctypes.c_int, ctypes.c_int32, POINTER),
    "hr_python_stream_steps": (POINTER, POINTER),
    "hr_python_push": (POINTER, POINTER, POINTER),
    "hr_python_push_readings": (POINTER, POINTER, POINTER),
}


def code() -> machine_code.Code:
    """What the library is made of."""
    return machine_code.Code(
        name="runtime",
        what="the C runtime",
        sources=(*RUNTIME.glob("hadamrnn*.[ch]"), CALLS),
        compiled=(*sorted(RUNTIME.glob("hadamrnn*.c")), CALLS),
        options=OPTIONS,
        libraries=("-lm",),
        home=RUNTIME / "__pycache__",
    )


def library() -> ctypes.CDLL:
    """The runtime and python_calls.c; HadamrnnError where they cannot be had."""
    loaded = machine_code.load(code())
    for name, arguments in FUNCTIONS.items():
        getattr(loaded, name).argtypes = arguments
    return loaded


@functools.cache
def found() -> ctypes.CDLL | str:
    """``library()``, or why there is none; asked once in a process."""
    try:
        return library()
    except (HadamrnnError, OSError) as error:
        return str(error)


def zeros(shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
    """An array of zeros that begins at a line of the cache."""
    kind = np.dtype(dtype)
    size = math.prod(shape) * kind.itemsize
    memory = np.zeros(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size].view(kind).reshape(shape)


def spread(model: IntegerModel) -> IntegerModel:
    """The same numbers in the widths that the C code has vectors for: memory is no matter here.

    Parameters
    ----------
    model : IntegerModel
        Any.

    Returns
    -------
    IntegerModel
        With weights of 4 bits or more and biases of 16.
    """
    return dataclasses.replace(
        model,
        weight_bits=max(4, model.weight_bits),
        input_weight_bits=max(4, model.input_weight_bits),
        bias_bits=16,
    )


class Engine:
    """One model in C.

    Parameters
    ----------
    model : IntegerModel
        Which may be forgotten afterwards.
    calls : ctypes.CDLL
        As ``library`` gives it.

    Raises
    ------
    HadamrnnError
        For a model that has no packed file.
    """

    def __init__(self, model: IntegerModel, calls: ctypes.CDLL) -> None:
        self.calls = calls
        sizes = np.zeros(2, np.int64)
        calls.hr_python_sizes(sizes.ctypes.data)
        self.stream_bytes = int(sizes[1])
        self.packed = np.frombuffer(packed.to_bytes(spread(model)), np.uint8)
        self.model = zeros((int(sizes[0]),), np.uint8)
        status = calls.hr_load(self.packed.ctypes.data, self.packed.size, self.model.ctypes.data)
        if status != OK:
            raise HadamrnnError(f"{model.name}: must be a model that C reads; got status {status}")
        self.hidden_size, self.output_size = model.hidden_size, model.output_size
        self.sum_type = {0: None, 16: np.uint16, 32: np.uint32}[model.sum_bits]
        self.model_at = self.model.ctypes.data
        self._free: list[Sequences] = []
        self.features, self.limit = model.features, model.state_limit
        self.sum_limit = sum_limit("mean", model.activation_bits, model.max_steps)
        self.input_shape = () if model.input_kind == "symbol" else (model.features,)
        self.per_step = model.per_step
        recording = model.recording
        self.unit, self.offset = np.array([model.input_scale]), None
        if recording is not None:
            self.unit = np.tile(recording.unit, recording.frame)
            self.offset = np.tile(recording.offset, recording.frame)

    def run(self, x: Array) -> Array:
        """Logits of whole sequences, as ``IntegerModel.run_logits`` but int32.

        Parameters
        ----------
        x : array of int8 or uint16, (batch, time, d_in) or (batch, time)
            Checked, and contiguous.
        """
        batch, time = x.shape[:2]
        shape = (batch, time, self.output_size) if self.per_step else (batch, self.output_size)
        logits = np.empty(shape, np.int32)
        try:
            one = self._free.pop()  # which no other thread has then
        except IndexError:
            one = Sequences(self, 1)
        status = self.calls.hr_python_run(
            one.at, x.ctypes.data, batch, time, bool(self.per_step), logits.ctypes.data
        )
        self._free.append(one)
        checked(status)
        return logits


class Sequences:
    """Memory of sequences in progress, side by side.

    Parameters
    ----------
    engine : Engine
        Whose model reads them.
    count : int
        How many.
    """

    def __init__(self, engine: Engine, count: int) -> None:
        self.engine = engine
        d = engine.hidden_size
        parts: tuple[tuple[str, tuple[int, ...], Any], ...] = (
            ("hidden", (count, d), np.int16),
            ("sums", (count, d), engine.sum_type),
            ("scratch", (d,), np.uint32),
            ("coded", (engine.features,), np.int8),
            ("inputs", (count, *engine.input_shape), np.int64),
            ("logits", (count, engine.output_size), np.int32),
            ("readings", engine.input_shape, np.float64),
            ("counts", (engine.features,), np.int16),
        )
        places, size = {}, 0
        for name, shape, kind in parts:
            if kind is not None:
                places[name] = (size, shape, kind)
                bytes_of = math.prod(shape) * np.dtype(kind).itemsize
                size += -(-bytes_of // ALIGNMENT) * ALIGNMENT
        memory = zeros((size,), np.uint8)  # in one piece, for a sixth of the time
        start = memory.ctypes.data
        self._addresses = Addresses(
            model=engine.model_at,
            count=count,
            unit=engine.unit.ctypes.data,
            offset=None if engine.offset is None else engine.offset.ctypes.data,
            **{name: start + place for name, (place, _, _) in places.items()},
        )
        arrays = {
            name: np.ndarray(shape, kind, memory, place)
            for name, (place, shape, kind) in places.items()
        }
        self.hidden: Array = arrays["hidden"]
        self.sums: Array | None = arrays.get("sums")
        self.inputs: Array = arrays["inputs"]
        self.logits: Array = arrays["logits"]
        self.readings: Array = arrays["readings"]
        self.at = ctypes.c_void_p(ctypes.addressof(self._addresses))


def checked(status: int) -> None:
    """Raise HadamrnnError for a status of which nothing else knows what to say."""
    if status != OK:
        raise HadamrnnError(f"the C runtime: must run a checked model; got status {status}")

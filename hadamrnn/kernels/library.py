"""Calls of the compiled kernels: arrays to pointers, ranges of tiles to threads.

What a kernel takes is a structure of ``csrc/arguments.h``, whose fields are given by name. ctypes
releases Python's lock while a kernel runs.
"""

import ctypes
import functools
import math
import re
from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn.kernels import build
from hadamrnn.kernels.threads import in_threads

Array = npt.NDArray[Any]

ALIGNMENT = 64
"""Bytes of the widest vector: one that lies across two lines of the cache takes twice the time."""

NUMBERS = {"int64_t": ctypes.c_int64, "double": ctypes.c_double}
PRECISIONS = {
    "real": None,
    "vec": None,
    "int32_t": np.int32,
    "int64_t": np.int64,
    "double": np.float64,
}
"""Types of arrays by their names in C; real is the type that the kernels are compiled for, vec a
vector of it."""


@functools.cache
def _structures() -> dict[str, type["Arguments"]]:
    """By the name of the kernel."""
    text = (build.SOURCES / "arguments.h").read_text(encoding="utf-8")
    found = {}
    for name, body in re.findall(r"^struct (\w+) \{\n(.*?)^\};", text, re.DOTALL | re.MULTILINE):
        fields = re.findall(r"^    (?:const )?(\w+) (\*?)(\w+);", body, re.MULTILINE)
        types = [
            (field, ctypes.c_void_p if star else NUMBERS[kind]) for kind, star, field in fields
        ]
        arrays = {field: PRECISIONS[kind] for kind, star, field in fields if star}
        vectors = {field for kind, star, field in fields if kind == "vec"}
        made = {"_fields_": types, "_types": arrays, "_aligned": vectors}
        found[name] = type(name, (Arguments,), made)
    kernels = {}
    for path in sorted(build.SOURCES.glob("*.h")):
        heads = r"^KERNEL\((\w+), \w+, (\w+)\)$"
        for kernel, name in re.findall(heads, path.read_text(encoding="utf-8"), re.MULTILINE):
            kernels[kernel] = found[name]
    return kernels


def _address(array: Array) -> int:
    try:  # a third of the time of array.ctypes.data
        return ctypes.addressof(ctypes.c_char.from_buffer(array.data))
    except (BufferError, TypeError, ValueError):  # read-only, of any strides, or empty
        return int(array.ctypes.data)


class Arguments(ctypes.Structure):
    """A structure of arguments.h, and the arrays that it points to."""

    arrays: dict[str, Any]
    vectors: set[str]

    def __init__(self, real: np.dtype[Any], given: dict[str, Any]) -> None:
        values = {}
        for name, value in given.items():
            if isinstance(value, np.ndarray):
                assert value.dtype == (self._types[name] or real), (name, value.dtype)
                assert name == "left" or value.flags.c_contiguous, name
                value = _address(value)
                assert name not in self._aligned or value % ALIGNMENT == 0, name
            assert hasattr(self, name), name
            values[name] = value
        super().__init__(**values)
        self.given = given  # arrays live as long as what points to them


@functools.cache
def _library(precision: int) -> ctypes.CDLL:
    library = build.load(precision)
    for name, structure in _structures().items():
        function = getattr(library, name)
        function.argtypes = (ctypes.c_int64, ctypes.c_int64, ctypes.POINTER(structure))
        function.errcheck = _checked
    return library


def _checked(result: int, function: Any, arguments: Any) -> None:
    if result:
        raise MemoryError("the CPU kernels found no memory for their own numbers")


def load(dtype: npt.DTypeLike) -> ctypes.CDLL:
    """The kernels for numbers of a type, compiled if they are not yet; HadamrnnError without."""
    return _library(8 * np.dtype(dtype).itemsize)


@functools.cache
def lanes(dtype: npt.DTypeLike) -> int:
    """Numbers of a type that a vector of this machine holds: sequences of a tile."""
    return int(load(dtype).lanes())


def run(
    kernel: str, count: int, dtype: npt.DTypeLike, /, *, alone: bool = False, **arguments: Any
) -> None:
    """Let the threads share 0 .. count - 1 of a kernel's work.

    Parameters
    ----------
    kernel : str
        A function of ``csrc``.
    count : int
        Tiles, vectors, rows or blocks, as the kernel's comment says.
    dtype : dtype
        float32 or float64.
    alone : bool
        Not shared, see ``threads.in_threads``.
    **arguments
        Fields of its structure in ``csrc/arguments.h``: numbers, arrays of the types there, which
        must be contiguous, None for no array. Those that are not given are zero.

    Raises
    ------
    MemoryError
        The kernel found none.
    """
    given = _structures()[kernel](np.dtype(dtype), arguments)
    in_threads(getattr(load(dtype), kernel), count, ctypes.byref(given), alone=alone)


def empty(shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
    """An array that begins at a line of the cache; its numbers are not set."""
    kind = np.dtype(dtype)
    memory = np.empty(math.prod(shape) * kind.itemsize + ALIGNMENT, np.uint8)
    start = -_address(memory) % ALIGNMENT
    return np.ndarray(shape, kind, memory, start)


def zeros(shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
    """An array of zeros that begins at a line of the cache."""
    array = empty(shape, dtype)
    array.fill(0)
    return array


def copy(array: Array) -> Array:
    """A copy that begins at a line of the cache."""
    made = empty(array.shape, array.dtype)
    made[...] = array
    return made


def padded(vectors: Array) -> Array:
    """(..., d) -> (..., whole vectors of the machine), zeros behind the d numbers; a copy."""
    *shape, size = vectors.shape
    width = lanes(vectors.dtype)
    made = empty((*shape, -(-size // width) * width), vectors.dtype)
    made[..., :size] = vectors
    made[..., size:] = 0
    return made


def whole(vectors: Array) -> Array:
    """``padded``, but the array itself where kernels can read it as it is; not to be changed."""
    ready = vectors.flags.c_contiguous and vectors.ctypes.data % ALIGNMENT == 0
    if ready and vectors.shape[-1] % lanes(vectors.dtype) == 0:
        return vectors
    return padded(vectors)

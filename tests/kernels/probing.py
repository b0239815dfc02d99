"""The kernels' inner functions, compiled for tests, with arrays in place of pointers."""

import ctypes
import functools
import tempfile
from pathlib import Path

import numpy as np

from hadamrnn import machine_code
from hadamrnn.compiler import compile_c
from hadamrnn.kernels import build, library

DTYPES = [np.float32, np.float64]


@functools.cache
def _probe(precision):
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder, "probe.so")
        source, native = Path(__file__).with_name("probe.c"), machine_code.NATIVE[0]
        options = (*build.OPTIONS, *native, f"-DPRECISION={precision}", f"-I{build.SOURCES}")
        compile_c([*options, source, "-o", built, "-lm"])
        return ctypes.CDLL(str(built))


def call(name, *arguments):
    """Call probe_<name> of probe.c: arrays as pointers, whole numbers as int64."""
    arrays = [a for a in arguments if isinstance(a, np.ndarray)]
    real = next(a.dtype for a in arrays if a.dtype.kind == "f")
    assert all(a.flags.c_contiguous for a in arrays)

    def converted(argument):
        if isinstance(argument, np.ndarray):
            return ctypes.c_void_p(argument.ctypes.data)
        kind = ctypes.c_double if isinstance(argument, float) else ctypes.c_int64
        return None if argument is None else kind(argument)

    getattr(_probe(8 * real.itemsize), f"probe_{name}")(*map(converted, arguments))


def lanes(dtype):
    """Numbers of a vector."""
    return library.lanes(np.dtype(dtype))


def whole(dtype, *shape, seed=0):
    """Small whole numbers, of which every result is exact, in an array that vectors may lie in."""
    array = library.empty(shape, dtype)
    array[...] = np.random.default_rng(seed).integers(-8, 9, shape)
    return array

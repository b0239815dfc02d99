"""How this package compiles its CPU kernels, in one place.

Kernels are plain loops over a range of tiles that release Python's lock; ``threads`` spreads the
ranges. numba's own parallel loops compile three times as long, and its thread pools must not be
entered by two Python threads at once (workqueue) or collapse on a busy machine (OpenMP). Compiled
kernels are kept as ``cache`` describes.
"""

import functools
from collections.abc import Callable
from typing import Any

import numba
from llvmlite.binding import get_host_cpu_features

from hadamrnn.kernels import cache

if numba.config.DISABLE_JIT:
    raise ImportError("NUMBA_DISABLE_JIT is set")

WIDE = bool(get_host_cpu_features().get("avx512f"))
LANES = 16 if WIDE else 8
"""Sequences that advance together in one tile: one of the machine's vectors of float32. Twice as
many need two registers a row, and the blocks of rows that the kernels hold in registers (radix-8
butterflies, sums of products) would be spilled to memory."""

_kernel = numba.njit(nogil=True, error_model="numpy", no_cfunc_wrapper=True)


def kernel(function: Callable[..., Any]) -> Any:
    """Decorator of a function that Python calls: compiled at its first call, and kept."""
    dispatcher = _kernel(function)
    cache.attach(dispatcher)
    return dispatcher


# Called by kernels alone, which hold all arrays: no wrappers for other callers, and no references
# counted (numba's option _nrt), which took half of the time of a small transform. Such a function
# can make no arrays of its own.
_called = functools.partial(
    numba.njit,
    inline="never",
    _nrt=False,
    error_model="numpy",
    no_cfunc_wrapper=True,
    no_cpython_wrapper=True,
)
called = _called()
# As ``called``, and made part of its caller by LLVM: for short work on few arrays.
inline = _called(forceinline=True)

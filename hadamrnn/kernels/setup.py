"""How this package compiles its CPU kernels, in one place.

Compiled kernels are kept in the user's cache folder under a key made from all kernel sources:
numba itself notices a change in the file of the compiled function only, not in the files of the
functions it calls. A user's own NUMBA_CACHE_DIR is respected.

Kernels are plain loops over a range of tiles that release Python's lock; ``threads`` spreads the
ranges. numba's own parallel loops compile three times as long, and its thread pools must not be
entered by two Python threads at once (workqueue) or collapse on a busy machine (OpenMP).
"""

import functools
import hashlib
import os
from pathlib import Path

import numba
from llvmlite.binding import get_host_cpu_features
from platformdirs import user_cache_path

if "NUMBA_CACHE_DIR" not in os.environ:
    _sources = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    numba.config.CACHE_DIR = str(
        user_cache_path("hadamrnn") / f"kernels-{hashlib.sha256(_sources).hexdigest()[:16]}"
    )

WIDE = bool(get_host_cpu_features().get("avx512f"))
LANES = 16 if WIDE else 8
"""Sequences that advance together in one tile: one of the machine's vectors of float32. Twice as
many need two registers a row, and the blocks of rows that the kernels hold in registers (radix-8
butterflies, sums of products) would be spilled to memory."""

kernel = numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
# Called by kernels alone, which hold all arrays: no wrappers for other callers, and no references
# counted (numba's option _nrt), which took half of the time of a small transform. Such a function
# can make no arrays of its own.
_called = functools.partial(
    numba.njit, inline="never", _nrt=False, error_model="numpy", no_cfunc_wrapper=True,
    no_cpython_wrapper=True,
)  # fmt: skip
called = _called()
# As ``called``, and made part of its caller by LLVM: for short work on few arrays.
inline = _called(forceinline=True)

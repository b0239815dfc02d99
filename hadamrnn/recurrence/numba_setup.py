"""How this package compiles its CPU kernels, in one place.

numba's OpenMP layer collapses when the machine is busy; its workqueue layer does not, but it
must never be entered by two Python threads at once, hence the lock. Compiled kernels are kept in
the user's cache folder under a key made from all kernel sources: numba itself notices a change in
the file of the compiled function only, not in the files of the functions it calls. A user's own
NUMBA_THREADING_LAYER and NUMBA_CACHE_DIR are respected.
"""

import hashlib
import os
import threading
from pathlib import Path

import numba
from platformdirs import user_cache_path

if "NUMBA_THREADING_LAYER" not in os.environ:
    numba.config.THREADING_LAYER = "workqueue"

if "NUMBA_CACHE_DIR" not in os.environ:
    _sources = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    numba.config.CACHE_DIR = str(
        user_cache_path("hadamrnn") / f"kernels-{hashlib.sha256(_sources).hexdigest()[:16]}"
    )

LANES = 16
"""Sequences that advance together in one tile: one 512-bit vector of float32."""

KERNEL_LOCK = threading.Lock()

kernel = numba.njit(cache=True, parallel=True, error_model="numpy")
inline = numba.njit(cache=True, inline="never", error_model="numpy")
prange = numba.prange

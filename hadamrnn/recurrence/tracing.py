"""What torch does around a call: whether it traces, and in which precision products run."""

from typing import Any

import torch
from torch.autograd import forward_ad

EXACT = ("ieee", "none")
"""Values of torch's ``fp32_precision`` under which float32 products are float32 products."""


def compiling() -> bool:
    """Whether torch.compile looks at what runs; torch.export is not meant."""
    return torch.compiler.is_compiling() and not torch.compiler.is_exporting()


def traced() -> bool:
    """Whether torch looks at every operation: torch.func, forward-mode derivatives, torch.export.

    Numbers are then not there to be looked at, and kernels cannot be looked into.
    """
    return (
        torch.compiler.is_exporting()
        or torch._C._are_functorch_transforms_active()
        or forward_ad._current_level >= 0
    )


def symbolic() -> bool:
    """Whether a graph is made that must serve batches of any size."""
    return traced() or compiling()


def unseen() -> bool:
    """Whether numbers cannot be looked at: traced, compiled, or captured as a CUDA graph."""
    return symbolic() or (torch.cuda.is_initialized() and torch.cuda.is_current_stream_capturing())


def autocast_enabled(device_type: str) -> bool:
    """Whether torch.autocast is on for a type of devices; False where there is no autocast."""
    return _has_autocast(device_type) and torch.is_autocast_enabled(device_type)


def _has_autocast(device_type: str) -> bool:
    return torch.amp.is_autocast_available(device_type)


def computing_type(dtype: torch.dtype, device_type: str) -> torch.dtype:
    """The type in which the recurrence of arguments of type ``dtype`` is computed.

    W is applied T times and must stay orthogonal, so half precision computes in float32. Where
    torch may round the factors of float32 products (TF32 on CUDA, bfloat16 on a CPU), float32
    computes in float64, which no such setting touches, forward and backward, in any thread: torch
    has no setting for one product or one thread, and changing the global one, even for a moment,
    would change what other threads compute.

    Examples
    --------
    >>> computing_type(torch.bfloat16, "cpu"), computing_type(torch.float64, "cpu")
    (torch.float32, torch.float64)
    """
    if dtype in (torch.float16, torch.bfloat16):
        dtype = torch.float32
    if dtype == torch.float32 and _rounds_factors(device_type):
        return torch.float64
    return dtype


def _rounds_factors(device_type: str) -> bool:
    """Whether float32 products may run in a lower precision on this type of devices."""
    if device_type not in ("cpu", "cuda"):
        return False
    if hasattr(torch.backends, "fp32_precision"):  # from torch 2.9; the older questions then raise
        backends: Any = torch.backends
        backend = backends.cuda if device_type == "cuda" else backends.mkldnn
        return backend.matmul.fp32_precision not in EXACT
    if device_type == "cuda":
        return bool(torch.backends.cuda.matmul.allow_tf32)
    return torch.get_float32_matmul_precision() == "medium"


# As torch.compiler.assume_constant_result, which would load the compiler here: the answers are
# asked once a compiled graph, and torch compiles again when its settings change.
for _asked in (_has_autocast, _rounds_factors):
    _asked._dynamo_marked_constant = True  # type: ignore[attr-defined]

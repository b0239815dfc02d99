"""CPU kernels compiled by numba, and whether they can be had at all."""

import functools
import importlib.util
import warnings

KERNEL_TYPES = ("torch.float32", "torch.float64")
"""Types of the numbers that kernels are made for, as torch prints them."""


@functools.cache
def available() -> bool:
    """Whether there are kernels: numba is installed and works; a warning says why it does not."""
    if importlib.util.find_spec("numba") is None:
        return False
    try:
        from hadamrnn.kernels import setup  # noqa: F401
    except Exception as error:  # numba and what it stands on fail in ways of their own
        warnings.warn(
            f"hadamrnn: numba must be usable for fast CPU kernels; got {type(error).__name__}: "
            f"{error}; slower forms run instead",
            stacklevel=2,
        )
        return False
    return True

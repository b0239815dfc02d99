"""CPU kernels in C, and whether they can be had at all."""

import functools
import warnings

KERNEL_TYPES = ("torch.float32", "torch.float64")
"""Types of the numbers that kernels are made for, as torch prints them."""


@functools.cache
def available() -> bool:
    """Whether there are kernels; a warning says why not. The first call may compile them."""
    from hadamrnn.errors import HadamrnnError
    from hadamrnn.kernels import library

    try:
        library.load("float32")
    except (HadamrnnError, OSError) as error:
        warnings.warn(
            f"hadamrnn: fast CPU kernels must be compiled once; got {error}; slower forms run "
            "instead",
            stacklevel=2,
        )
        return False
    return True

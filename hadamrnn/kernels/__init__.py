"""CPU kernels compiled by numba, and whether they can be had at all."""

import importlib.util

HAS_NUMBA = importlib.util.find_spec("numba") is not None
KERNEL_TYPES = ("torch.float32", "torch.float64")
"""Types of the numbers that kernels are made for, as torch prints them."""

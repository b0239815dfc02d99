"""The kernels' machine code, for one kind of numbers: compiled at first use, then kept."""

import ctypes
from pathlib import Path

from hadamrnn import machine_code

HERE = Path(__file__).parent
SOURCES = HERE / "csrc"

OPTIONS = ("-std=gnu11", "-O2", "-ffp-contract=fast", "-fno-math-errno", "-shared", "-fPIC")
"""Products and sums are fused where the processor can; nothing else may change a result, so that
NaN is seen and one machine always gives the same bits."""


def code(precision: int) -> machine_code.Code:
    """What the library for numbers of 32 or 64 bits is made of."""
    return machine_code.Code(
        name=f"kernels-{precision}",
        what="the CPU kernels",
        sources=tuple(SOURCES.iterdir()),
        compiled=(SOURCES / "kernels.c",),
        options=(*OPTIONS, f"-DPRECISION={precision}"),
        home=HERE / "__pycache__",
        libraries=("-lm",),
    )


def load(precision: int) -> ctypes.CDLL:
    """The kernels for one kind of numbers.

    Parameters
    ----------
    precision : int
        Bits of a number, 32 or 64.

    Returns
    -------
    ctypes.CDLL
        With the functions of ``csrc``.

    Raises
    ------
    HadamrnnError
        There are none, and none can be compiled.
    """
    return machine_code.load(code(precision))

"""Products that pass over zeros, and the adjoint of look-ups: ``csrc/products.h`` of arrays."""

from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn.kernels import library

Array = npt.NDArray[Any]

MOSTLY_ZERO = 0.5
"""Largest share of numbers that are not zero for which ``product`` pays. Measured on one AVX2 core:
equal to the dense product of torch at 0.7."""


LITTLE = 3 * 2**24
"""Numbers of the left factor times columns below which one thread does all: with a fifth of them
not zero, a third of a millisecond."""


def mostly_zero(matrix: Array) -> bool:
    """Whether ``product`` is the cheaper way to multiply with this (n, k) array; not if empty."""
    filled = int(np.count_nonzero(matrix != 0))
    return bool(matrix.size) and bool(filled <= MOSTLY_ZERO * matrix.size)


def product(left: Array, right: Array, out: Array, grow: bool) -> None:
    """out = left @ right.

    Parameters
    ----------
    left : (n, k) array, k > 0
        Of any strides.
    right : (k, width) array
        width is a multiple of ``library.lanes``.
    out : (n, width) array
        Written.
    grow : bool
        Add to what ``out`` held.
    """
    stride, step = (of // left.itemsize for of in left.strides)
    library.run(
        "product",
        len(left),
        left.dtype,
        alone=left.size * right.shape[1] < LITTLE,
        count=right.shape[0],
        width=right.shape[1],
        stride=stride,
        step=step,
        left=left,
        right=right,
        out=out,
        grow=grow,
    )


def add_lookups(table: Array, ids: Array, rows: Array) -> None:
    """table[ids[n]] += rows[n] for every n in turn.

    Parameters
    ----------
    table : (symbols, width) array
        Grows.
    ids : (n,) int32 array
        Rows of the table.
    rows : (n, width) array
        What is added.
    """
    width = table.shape[1]
    library.run(
        "add_lookups",
        -(-width // library.lanes(table.dtype)),
        table.dtype,
        count=len(ids),
        width=width,
        table=table,
        ids=ids,
        rows=rows,
    )

"""CPU kernel of softmax and cross-entropy for many samples of few classes.

The copy task asks for 128,000 rows of 9 classes a batch: too short for torch's softmax along the
last axis. Here LANES samples advance together, and value and gradient come from one walk.

numba's own exp goes through numbers one by one. Here exp(x) = 2^n exp(r) with n = round(x / ln 2)
and r = x - n ln 2, |r| <= ln(2) / 2: exp(r) by its Taylor series, ln 2 in two parts so that r keeps
its digits (Cody and Waite, Software Manual for the Elementary Functions, 1980). Within two units in
the last place.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from hadamrnn.kernels.setup import LANES, inline, kernel
from hadamrnn.kernels.vector_code import Emitter
from hadamrnn.kernels.vector_ops import add, copy, fill, maximum, multiply

Array = npt.NDArray[Any]

BLOCK = 512
"""Samples whose losses are summed together, in the same order for any number of threads."""

LARGE = 1e200
"""Products of softmax denominators are kept below: one logarithm for many samples."""

FORMATS = {
    32: (7, 23, 127, -87.0, 0.693359375, -2.12194440e-4),
    64: (13, 52, 1023, -708.0, 0.693145751953125, 1.42860682030941723212e-6),
}
"""By width: terms of the series, bits of the fraction, bias of the exponent, the smallest argument
(smaller ones count as it), and ln 2 in two parts, the first with few bits."""


def _exp(emit: Emitter, x: Any) -> Any:
    """exp(x) for a vector of numbers that are at most 0, or NaN."""
    builder, width = emit.builder, emit.align * 8
    terms, fraction, bias, least, high, low = FORMATS[width]
    whole = ir.VectorType(ir.IntType(width), LANES)

    def number(value: float) -> Any:
        return ir.Constant(emit.vector, [float(value)] * LANES)

    name = f"llvm.rint.v{LANES}f{width}"
    rint = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(emit.vector, [emit.vector]), name
    )
    clipped = builder.select(builder.fcmp_ordered("<", x, number(least)), number(least), x)
    n = builder.call(rint, [builder.fmul(clipped, number(1 / math.log(2)))])
    r = emit.multiply_add(n, number(-high), clipped)
    r = emit.multiply_add(n, number(-low), r)
    series = number(1 / math.factorial(terms))
    for k in reversed(range(terms)):
        series = emit.multiply_add(series, r, number(1 / math.factorial(k)))
    exponent = builder.add(builder.fptosi(n, whole), ir.Constant(whole, [bias] * LANES))
    power = builder.bitcast(
        builder.shl(exponent, ir.Constant(whole, [fraction] * LANES)), emit.vector
    )
    return builder.select(
        builder.fcmp_ordered("==", x, x), builder.fmul(series, power), x
    )  # NaN as it is


@intrinsic
def exp_of_difference(typing: Any, target: Any, place: Any, peak: Any) -> Any:
    """target[row] = exp(target[row] - peak[row 0]), where that is at most 0."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emitter(context, builder, signature.args[0].dtype)
        data, peaks = (emit.data(signature.args[k], args[k]) for k in (0, 2))
        zero = ir.Constant(ir.IntType(64), 0)
        difference = builder.fsub(emit.load(data, args[1]), emit.load(peaks, zero))
        emit.store(_exp(emit, difference), data, args[1])
        return context.get_dummy_value()

    return types.void(target, types.intp, peak), codegen


@inline
def _exponentials(columns: Array, peak: Array, total: Array) -> None:
    """columns (classes, LANES) become exp(column - peak), peak their maximum, total their sum."""
    copy(peak, 0, columns, 0, columns, 0)
    for place in range(LANES, columns.size, LANES):
        maximum(peak, 0, peak, 0, columns, place)
    fill(total, 0, total.dtype.type(0))
    for place in range(0, columns.size, LANES):
        exp_of_difference(columns, place, peak)
        add(total, 0, total, 0, columns, place)


@kernel
def softmax_cross_entropy(
    first: int,
    stop: int,
    logits: npt.NDArray[Any],
    targets: npt.NDArray[np.int64],
    share: float,
    losses: npt.NDArray[np.float64],
    grads: npt.NDArray[Any],
) -> None:
    """Losses and gradients of the blocks ``first`` .. ``stop`` - 1 of BLOCK samples.

    Parameters
    ----------
    first : int
        The first block that is worked on.
    stop : int
        The first one behind them.
    logits : (n, classes)
        Scores.
    targets : (n,) int64
        In 0 .. classes - 1.
    share : number
        Factor of the gradients.
    losses : (blocks,) float64
        Written: the sum over a block's samples.
    grads : (n, classes)
        Written, unless it is empty: ``share`` times (softmax - one-hot).
    """
    count, classes = logits.shape
    columns = np.zeros((classes, LANES), logits.dtype)
    peak, total, factor = np.zeros((3, LANES), logits.dtype)
    for block in range(first, stop):
        loss, product = 0.0, 1.0
        for start in range(block * BLOCK, min(count, (block + 1) * BLOCK), LANES):
            lanes = min(LANES, count - start)
            for lane in range(lanes):
                for c in range(classes):
                    columns[c, lane] = logits[start + lane, c]
                loss -= logits[start + lane, targets[start + lane]]
            _exponentials(columns, peak, total)
            for lane in range(lanes):
                loss += peak[lane]
                product *= total[lane]
            if not product < LARGE:  # NaN too
                loss, product = loss + math.log(product), 1.0
            if grads.shape[0] == 0:
                continue
            for lane in range(LANES):
                factor[lane] = share / total[lane]
            for place in range(0, columns.size, LANES):
                multiply(columns, place, columns, place, factor, 0)
            for lane in range(lanes):
                for c in range(classes):
                    grads[start + lane, c] = columns[c, lane]
                grads[start + lane, targets[start + lane]] -= share
        losses[block] = loss + math.log(product)

"""(I_q (x) S_m) of one vector in a few passes over it, the last one with what stands behind it.

A vector is (rows, LANES) numbers, zeros behind the d that count. A pass loads up to eight rows,
does all levels between them in registers, and stores them; the first one also does the levels
inside a row, by shuffles, and the last one may scale, or scale and add: h = scale (S h) + a of
d = 512 reads and writes h twice. More rows at once would not fit into the 16 registers of AVX2.
"""

from typing import Any

import numpy.typing as npt
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from hadamrnn.kernels.setup import LANES, inline
from hadamrnn.kernels.vector_code import Emitter, constant
from hadamrnn.kernels.vector_ops import add, copy, multiply

Array = npt.NDArray[Any]

WITHIN = LANES.bit_length() - 1
"""Levels inside a row."""

PLAIN, SCALED, ADDED = range(3)
"""What a transform r becomes: r; factors * r; factors * r + addend."""


def _levels_within(emit: Emitter, row: Any, levels: int) -> Any:
    """Blocks of S_(2^levels) times the numbers of one register."""
    for half in (1 << level for level in range(levels)):
        mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [k ^ half for k in range(LANES)])
        signs = ir.Constant(emit.vector, [-1.0 if k & half else 1.0 for k in range(LANES)])
        row = emit.multiply_add(row, signs, emit.builder.shuffle_vector(row, row, mask))
    return row


def _levels_between(emit: Emitter, rows: Any) -> Any:
    """S_n times the n registers."""
    rows, half = list(rows), 1
    while half < len(rows):
        for k in (k for k in range(len(rows)) if not k & half):
            low, high = rows[k], rows[k + half]
            rows[k], rows[k + half] = emit.builder.fadd(low, high), emit.builder.fsub(low, high)
        half *= 2
    return rows


def _first_pass(radix: int, within: int = WITHIN) -> Any:
    """``radix`` neighbouring rows at ``start`` become the transform of those of ``source``.

    within : levels inside a row; the others are between the rows.
    """

    @intrinsic
    def first_pass(typing: Any, target: Any, start: Any, source: Any, source_start: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            emit = Emitter(context, builder, signature.args[0].dtype)
            targets, sources = (emit.data(signature.args[k], args[k]) for k in (0, 2))
            steps = [constant(k * LANES) for k in range(radix)]
            rows = [emit.load(sources, builder.add(args[3], step)) for step in steps]
            rows = _levels_between(emit, [_levels_within(emit, row, within) for row in rows])
            for row, step in zip(rows, steps, strict=True):
                emit.store(row, targets, builder.add(args[1], step))
            return context.get_dummy_value()

        return types.void(target, types.intp, source, types.intp), codegen

    return first_pass


def _later_pass(radix: int, finish: int = PLAIN) -> Any:
    """``radix`` rows of ``target``, ``stride`` numbers apart, become S_radix times them.

    They stand at ``start`` + ``place``, their factors at ``place``, their addend at
    ``addend_start`` + ``place``. finish : see above.
    """

    @intrinsic
    def later_pass(
        typing: Any,
        target: Any,
        start: Any,
        place: Any,
        stride: Any,
        factors: Any,
        addend: Any,
        addend_start: Any,
    ) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            emit = Emitter(context, builder, signature.args[0].dtype)
            targets, scales, addends = (emit.data(signature.args[k], args[k]) for k in (0, 4, 5))
            places = [emit.offset(args[2], constant(k), args[3]) for k in range(radix)]
            rows = [emit.load(targets, builder.add(args[1], place)) for place in places]
            for row, place in zip(_levels_between(emit, rows), places, strict=True):
                if finish == SCALED:
                    row = builder.fmul(row, emit.load(scales, place))
                if finish == ADDED:
                    added = emit.load(addends, builder.add(args[6], place))
                    row = emit.multiply_add(row, emit.load(scales, place), added)
                emit.store(row, targets, builder.add(args[1], place))
            return context.get_dummy_value()

        intp = types.intp
        return types.void(target, intp, intp, intp, factors, addend, intp), codegen

    return later_pass


_row1, _row2, _row3 = (_first_pass(1, levels) for levels in (1, 2, 3))
_row, _two, _four, _eight = (_first_pass(radix) for radix in (1, 2, 4, 8))
_plain2, _plain4, _plain8 = (_later_pass(radix) for radix in (2, 4, 8))
_scaled2, _scaled4, _scaled8 = (_later_pass(radix, SCALED) for radix in (2, 4, 8))
_added2, _added4, _added8 = (_later_pass(radix, ADDED) for radix in (2, 4, 8))


@inline
def _first(
    target: Array, start: int, size: int, source: Array, source_start: int, block_size: int
) -> int:
    """The first pass over ``size`` numbers; returns how many neighbours it has combined."""
    rows = max(1, block_size // LANES)
    radix = 1
    while radix < 8 and radix * radix < rows:  # what is left fills a later pass of like size
        radix *= 2
    for i in range(0, size, radix * LANES):
        if radix == 8:
            _eight(target, start + i, source, source_start + i)
        elif radix == 4:
            _four(target, start + i, source, source_start + i)
        elif radix == 2:
            _two(target, start + i, source, source_start + i)
        elif block_size >= LANES:
            _row(target, start + i, source, source_start + i)
        elif block_size == 8:
            _row3(target, start + i, source, source_start + i)
        elif block_size == 4:
            _row2(target, start + i, source, source_start + i)
        elif block_size == 2:
            _row1(target, start + i, source, source_start + i)
        else:
            copy(target, start + i, source, source_start + i, source, source_start + i)
    return radix * LANES


@inline
def _finish(
    target: Array,
    start: int,
    size: int,
    half: int,
    radix: int,
    finish: int,
    factors: Array,
    addend: Array,
    addend_start: int,
) -> None:
    """One later pass over ``size`` numbers, of rows ``half`` numbers apart."""
    for block in range(0, size, radix * half):
        for i in range(block, block + half, LANES):
            if radix == 8 and finish == ADDED:
                _added8(target, start, i, half, factors, addend, addend_start)
            elif radix == 8 and finish == SCALED:
                _scaled8(target, start, i, half, factors, addend, addend_start)
            elif radix == 8:
                _plain8(target, start, i, half, factors, addend, addend_start)
            elif radix == 4 and finish == ADDED:
                _added4(target, start, i, half, factors, addend, addend_start)
            elif radix == 4 and finish == SCALED:
                _scaled4(target, start, i, half, factors, addend, addend_start)
            elif radix == 4:
                _plain4(target, start, i, half, factors, addend, addend_start)
            elif finish == ADDED:
                _added2(target, start, i, half, factors, addend, addend_start)
            elif finish == SCALED:
                _scaled2(target, start, i, half, factors, addend, addend_start)
            else:
                _plain2(target, start, i, half, factors, addend, addend_start)


@inline
def _run(
    target: Array,
    start: int,
    source: Array,
    source_start: int,
    block_size: int,
    finish: int,
    factors: Array,
    addend: Array,
    addend_start: int,
) -> None:
    size = factors.size
    half = _first(target, start, size, source, source_start, block_size)
    if half >= block_size and finish != PLAIN:  # no pass is left that could do it
        for i in range(0, size, LANES):
            multiply(target, start + i, target, start + i, factors, i)
            if finish == ADDED:
                add(target, start + i, target, start + i, addend, addend_start + i)
    while half < block_size:
        radix = min(8, block_size // half)
        last = radix * half == block_size
        _finish(
            target,
            start,
            size,
            half,
            radix,
            finish if last else PLAIN,
            factors,
            addend,
            addend_start,
        )
        half *= radix


@inline
def transform(vector: Array, block_size: int) -> None:
    """vector = (I_q (x) S_m) vector."""
    _run(vector, 0, vector, 0, block_size, PLAIN, vector, vector, 0)


@inline
def transform_scale(
    target: Array, start: int, source: Array, source_start: int, block_size: int, factors: Array
) -> None:
    """target = factors * (I_q (x) S_m) source.

    Both of as many numbers as ``factors``, which begin at ``start`` and ``source_start`` of their
    arrays; they may be the same ones.
    """
    _run(target, start, source, source_start, block_size, SCALED, factors, factors, 0)


@inline
def transform_scale_add(
    vector: Array, start: int, block_size: int, factors: Array, addend: Array, addend_start: int
) -> None:
    """vector = factors * (I_q (x) S_m) vector + addend; places as in ``transform_scale``."""
    _run(vector, start, vector, start, block_size, ADDED, factors, addend, addend_start)

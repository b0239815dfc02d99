"""Sums of products that stay in registers: matrix-vector and outer products of LANES columns.

Array arguments and offsets as in vector_ops; a plain meaning in every docstring, and a test.
"""

import functools
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from hadamrnn.kernels.setup import LANES
from hadamrnn.kernels.vector_code import Emitter, constant, where_positive

SUMS = 9
"""Most sums, or columns, that are kept in registers at once, as many as the copy task's classes. A
multiply-add takes four steps of the machine and two begin at each, so eight sums keep it busy; more
than nine do not fit into the registers of AVX2 with what goes into them."""

CHAINS = 3
"""Parts in which ``active_products`` sums a row, because a single sum would wait for itself."""


def _sum_of_products(relu: bool = False) -> Any:
    """out row k += sum over j < count of weight[j, k] * column row j, for k < ``rows`` <= SUMS.

    weight : row j begins at ``start`` + j * ``row_stride`` of its array, so that all factors of a
    column are neighbours. relu : of the columns first.
    """

    def emit_sums(
        emit: Emitter,
        rows: Any,
        outs: Any,
        offset: Any,
        weights: Any,
        start: Any,
        row_stride: Any,
        columns: Any,
        count: Any,
    ) -> None:
        builder = emit.builder
        places = [builder.add(offset, constant(k * LANES)) for k in range(rows)]
        sums = [cgutils.alloca_once_value(builder, emit.load(outs, place)) for place in places]
        with cgutils.for_range(builder, count) as loop:
            vector = emit.load(columns, builder.mul(loop.index, constant(LANES)))
            if relu:
                vector = where_positive(emit, vector, vector)
            factors = builder.gep(weights, [emit.offset(start, loop.index, row_stride)])
            for k, total in enumerate(sums):
                factor = emit.splat(builder.load(builder.gep(factors, [constant(k)])))
                builder.store(emit.multiply_add(factor, vector, builder.load(total)), total)
        for place, total in zip(places, sums, strict=True):
            emit.store(builder.load(total), outs, place)

    @intrinsic
    def sum_of_products(
        typing: Any,
        out: Any,
        offset: Any,
        weight: Any,
        start: Any,
        row_stride: Any,
        columns: Any,
        count: Any,
        rows: Any,
    ) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            emit = Emitter(context, builder, signature.args[0].dtype)
            outs, weights, data = (emit.data(signature.args[k], args[k]) for k in (0, 2, 5))
            for size in range(1, SUMS + 1):
                with builder.if_then(builder.icmp_signed("==", args[7], constant(size))):
                    emit_sums(emit, size, outs, args[1], weights, args[3], args[4], data, args[6])
            return context.get_dummy_value()

        intp = types.intp
        return types.void(out, intp, weight, intp, intp, columns, intp, intp), codegen

    return sum_of_products


def _emit_active_sums(
    emit: Emitter,
    count: Any,
    arrays: Any,
    weights: Any,
    start: Any,
    row_stride: Any,
    columns: Any,
    rows: Any,
) -> None:
    """The loop of ``active_products`` for a fixed ``count`` of columns, kept in registers."""
    builder, zero = emit.builder, emit.splat(ir.Constant(emit.element, 0.0))
    held = [emit.load(columns, constant(k * LANES)) for k in range(count)]
    outs, states, actives = arrays
    with cgutils.for_range(builder, rows) as loop:
        place = builder.mul(loop.index, constant(LANES))
        factors = builder.gep(weights, [emit.offset(start, loop.index, row_stride)])
        state, sums = emit.load(states, place), [zero] * CHAINS
        for k, column in enumerate(held):
            factor = emit.splat(builder.load(builder.gep(factors, [constant(k)])))
            sums[k % CHAINS] = emit.multiply_add(factor, column, sums[k % CHAINS])
        total = functools.reduce(builder.fadd, sums)
        out = builder.fadd(emit.load(outs, place), where_positive(emit, state, total))
        emit.store(where_positive(emit, state, state), actives, place)
        emit.store(out, outs, place)


@intrinsic
def active_products(
    typing: Any,
    out: Any,
    state: Any,
    active: Any,
    weight: Any,
    start: Any,
    row_stride: Any,
    columns: Any,
    rows: Any,
    count: Any,
) -> Any:
    """Relu, and the adjoint of what reads it, for i < rows.

    active row i = max(state row i, 0); out row i += sum over k < count of weight[i, k] * column
    row k where state is positive.
    weight : row i begins at ``start`` + i * ``row_stride`` of its array; count : at most SUMS.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emitter(context, builder, signature.args[0].dtype)
        arrays = [emit.data(signature.args[k], args[k]) for k in (0, 1, 2)]
        weights, data = (emit.data(signature.args[k], args[k]) for k in (3, 6))
        for size in range(1, SUMS + 1):
            with builder.if_then(builder.icmp_signed("==", args[8], constant(size))):
                _emit_active_sums(emit, size, arrays, weights, args[4], args[5], data, args[7])
        return context.get_dummy_value()

    intp = types.intp
    return types.void(out, state, active, weight, intp, intp, columns, intp, intp), codegen


def _sum_of_outer(lefts: int, rights: int) -> Any:
    """total (i, k) += sum over t < steps of left row (t, i) * right row (t, k).

    ``lefts`` x ``rights`` sums stay in registers; rows of total are total_stride apart.
    """

    @intrinsic
    def sum_of_outer(
        typing: Any,
        total: Any,
        offset: Any,
        total_stride: Any,
        left: Any,
        l_off: Any,
        l_stride: Any,
        right: Any,
        r_off: Any,
        r_stride: Any,
        steps: Any,
    ) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            emit = Emitter(context, builder, signature.args[0].dtype)
            totals, left_data, right_data = (
                emit.data(signature.args[k], args[k]) for k in (0, 3, 6)
            )
            places = [
                builder.add(emit.offset(args[1], constant(i), args[2]), constant(k * LANES))
                for i in range(lefts)
                for k in range(rights)
            ]
            sums = [cgutils.alloca_once_value(builder, emit.load(totals, p)) for p in places]
            with cgutils.for_range(builder, args[9]) as loop:
                left_base = emit.offset(args[4], loop.index, args[5])
                right_base = emit.offset(args[7], loop.index, args[8])
                left_rows = [
                    emit.load(left_data, builder.add(left_base, constant(i * LANES)))
                    for i in range(lefts)
                ]
                for k in range(rights):  # one at a time: 3 x 4 sums leave AVX2 four registers
                    row = emit.load(right_data, builder.add(right_base, constant(k * LANES)))
                    for left_row, sum_ in zip(left_rows, sums[k::rights], strict=True):
                        product = emit.multiply_add(left_row, row, builder.load(sum_))
                        builder.store(product, sum_)
            for place, sum_ in zip(places, sums, strict=True):
                emit.store(builder.load(sum_), totals, place)
            return context.get_dummy_value()

        intp = types.intp
        arguments = (total, intp, intp, left, intp, intp, right, intp, intp, intp)
        return types.void(*arguments), codegen

    return sum_of_outer


LISTED = 8
"""Rows that ``sum_listed_block`` sums at once: enough to hide the time of a multiply-add."""


def _sum_listed(rows: int) -> Any:
    """out row k += sum over n < count of values[start + n] * (row k of a line of ``others``).

    The line is number places[start + n] of those that are LISTED rows long, from its ``column`` on.
    """

    @intrinsic
    def sum_listed(
        typing: Any,
        out: Any,
        offset: Any,
        values: Any,
        places: Any,
        start: Any,
        count: Any,
        others: Any,
        column: Any,
    ) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            emit = Emitter(context, builder, signature.args[0].dtype)
            outs, numbers, lines, data = (
                emit.data(signature.args[k], args[k]) for k in (0, 2, 3, 6)
            )
            steps = [constant(k * LANES) for k in range(rows)]
            places_ = [builder.add(args[1], step) for step in steps]
            sums = [cgutils.alloca_once_value(builder, emit.load(outs, p)) for p in places_]
            with cgutils.for_range(builder, args[5]) as loop:
                listed = builder.add(args[4], loop.index)
                factor = emit.splat(builder.load(builder.gep(numbers, [listed])))
                line = builder.load(builder.gep(lines, [listed]))
                begin = emit.offset(args[7], line, constant(LISTED * LANES))
                for step, total in zip(steps, sums, strict=True):
                    row = emit.load(data, builder.add(begin, step))
                    builder.store(emit.multiply_add(factor, row, builder.load(total)), total)
            for place, total in zip(places_, sums, strict=True):
                emit.store(builder.load(total), outs, place)
            return context.get_dummy_value()

        intp = types.intp
        return types.void(out, intp, values, places, intp, intp, others, intp), codegen

    return sum_listed


sum_listed, sum_listed_block = _sum_listed(1), _sum_listed(LISTED)
sum_of_products, relu_products = _sum_of_products(), _sum_of_products(relu=True)
sum_of_outer1x1, sum_of_outer1x4 = _sum_of_outer(1, 1), _sum_of_outer(1, 4)
sum_of_outer3x4 = _sum_of_outer(3, 4)

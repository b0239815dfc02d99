"""Sums of products that stay in registers: matrix-vector and outer products of LANES columns.

Array arguments and offsets as in vector_ops; a plain meaning in every docstring, and a test.
"""

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from hadamrnn.recurrence.numba_setup import LANES
from hadamrnn.recurrence.vector_code import Emitter, constant, where_positive


def _sum_of_products(rows, relu=False, masked=False):
    """out row k += sum over j < count of weight[k, j] * column row j, for ``rows`` rows k.

    relu : of the columns first. masked : add only where the same place of the array ``mask``,
    which then follows ``out``, is positive: the adjoint of a relu behind the sum.
    """

    def emit_code(context, builder, types_, out, offset, mask, weight, place, columns, count):
        start, row_stride = place
        emit = Emitter(context, builder, types_[0].dtype)
        outs, weights, column = (
            emit.data(kind, value)
            for kind, value in zip(types_, (out, weight, columns), strict=True)
        )
        places = [builder.add(offset, constant(k * LANES)) for k in range(rows)]
        zero = ir.Constant(emit.vector, [0.0] * LANES)
        begin = [zero if masked else emit.load(outs, p) for p in places]
        sums = [cgutils.alloca_once_value(builder, value) for value in begin]
        with cgutils.for_range(builder, count) as loop:
            vector = emit.load(column, builder.mul(loop.index, constant(LANES)))
            if relu:
                vector = where_positive(emit, vector, vector)
            for k, total in enumerate(sums):
                index = emit.offset(builder.add(start, loop.index), constant(k), row_stride)
                factor = emit.splat(builder.load(builder.gep(weights, [index])))
                builder.store(emit.multiply_add(factor, vector, builder.load(total)), total)
        for p, total in zip(places, sums, strict=True):
            result = builder.load(total)
            if masked:
                active = where_positive(emit, emit.load(mask(emit), p), result)
                result = builder.fadd(emit.load(outs, p), active)
            emit.store(result, outs, p)
        return context.get_dummy_value()

    intp = types.intp

    @intrinsic
    def sum_of_products(typing, out, offset, weight, start, row_stride, columns, count):
        def codegen(context, builder, signature, args):
            kinds = [signature.args[k] for k in (0, 2, 5)]
            return emit_code(
                context, builder, kinds, args[0], args[1], None, args[2], args[3:5], *args[5:]
            )

        return types.void(out, intp, weight, intp, intp, columns, intp), codegen

    @intrinsic
    def masked_sum(typing, out, offset, mask, weight, start, row_stride, columns, count):
        def codegen(context, builder, signature, args):
            kinds = [signature.args[k] for k in (0, 3, 6)]
            return emit_code(
                context, builder, kinds, args[0], args[1],
                lambda emit: emit.data(signature.args[2], args[2]), args[3], args[4:6], *args[6:],
            )  # fmt: skip

        return types.void(out, intp, mask, weight, intp, intp, columns, intp), codegen

    return masked_sum if masked else sum_of_products


def _sum_of_outer(lefts, rights):
    """total (i, k) += sum over t < steps of left row (t, i) * right row (t, k).

    ``lefts`` x ``rights`` sums stay in registers; rows of total are total_stride apart.
    """

    @intrinsic
    def sum_of_outer(
        typing, total, offset, total_stride, left, l_off, l_stride, right, r_off, r_stride, steps
    ):
        def codegen(context, builder, signature, args):
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


def _sum_listed(rows):
    """out row k += sum over n < count of values[start + n] * (row k of a line of ``others``).

    The line is number places[start + n] of those that are LISTED rows long, from its ``column`` on.
    """

    @intrinsic
    def sum_listed(typing, out, offset, values, places, start, count, others, column):
        def codegen(context, builder, signature, args):
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
sum_of_products1, sum_of_products4 = _sum_of_products(1), _sum_of_products(4)
relu_products1, relu_products4 = _sum_of_products(1, relu=True), _sum_of_products(4, relu=True)
masked_products1 = _sum_of_products(1, masked=True)
masked_products4 = _sum_of_products(4, masked=True)
sum_of_outer1x1, sum_of_outer1x4 = _sum_of_outer(1, 1), _sum_of_outer(1, 4)
sum_of_outer3x4 = _sum_of_outer(3, 4)

"""LLVM code for groups of LANES neighbouring numbers: what the vector operations are made of."""

from typing import Any

from llvmlite import ir
from numba.core import cgutils
from numba.np.arrayobj import make_array

from hadamrnn.kernels.setup import LANES


class Emitter:
    """Loads, stores and arithmetic on LANES-wide vectors for one intrinsic's code."""

    def __init__(self, context: Any, builder: Any, element: Any) -> None:
        self.builder = builder
        self.element = context.get_data_type(element)
        self.vector = ir.VectorType(self.element, LANES)
        self.align = element.bitwidth // 8
        self.context = context

    def data(self, array_type: Any, value: Any) -> Any:
        return make_array(array_type)(self.context, self.builder, value).data

    def load(self, data: Any, offset: Any) -> Any:
        pointer = self.builder.gep(data, [offset])
        return self.builder.load(
            self.builder.bitcast(pointer, self.vector.as_pointer()), align=self.align
        )

    def store(self, vector: Any, data: Any, offset: Any) -> None:
        pointer = self.builder.gep(data, [offset])
        self.builder.store(
            vector, self.builder.bitcast(pointer, self.vector.as_pointer()), align=self.align
        )

    def splat(self, scalar: Any) -> Any:
        undefined = ir.Constant(self.vector, ir.Undefined)
        first = self.builder.insert_element(undefined, scalar, ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return self.builder.shuffle_vector(first, undefined, zeros)

    def multiply_add(self, left: Any, right: Any, addend: Any) -> Any:
        name = f"llvm.fmuladd.v{LANES}f{self.align * 8}"
        function_type = ir.FunctionType(self.vector, [self.vector] * 3)
        function = cgutils.get_or_insert_function(self.builder.module, function_type, name)
        return self.builder.call(function, [left, right, addend])

    def offset(self, base: Any, index: Any, stride: Any) -> Any:
        return self.builder.add(base, self.builder.mul(index, stride))


def constant(value: Any) -> Any:
    """An integer of 64 bits as LLVM's constant."""
    return ir.Constant(ir.IntType(64), value)


def where_positive(emit: Emitter, condition: Any, value: Any) -> Any:
    """``value`` where ``condition`` is positive or NaN, else 0."""
    # Compared this way round, NaN counts as positive and stays visible, as in torch's relu.
    zero = emit.splat(ir.Constant(emit.element, 0.0))
    return emit.builder.select(emit.builder.fcmp_ordered("<=", condition, zero), zero, value)

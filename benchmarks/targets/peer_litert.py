"""LiteRT's LSTM of 8 bits, with random weights.

LiteRT (https://pypi.org/project/ai-edge-litert) runs TensorFlow Lite's operator
UNIDIRECTIONAL_SEQUENCE_LSTM: weights and activations of 8 bits, cell states of 16.
"""

from collections.abc import Callable, Sequence
from typing import cast

import flatbuffers
import numpy as np
from ai_edge_litert import interpreter
from ai_edge_litert import schema_py_generated as schema

GATES = 4
SCALES = {"input": 2**-5, "state": 2**-7, "cell": 2**-11, "weight": 2**-8}


def model(size: int, inputs: int, steps: int) -> bytes:
    """A .tflite file with one LSTM, from (steps, inputs) integers of 8 bits to (steps, size)."""
    rng = np.random.default_rng(size)
    tensors: list[schema.TensorT] = []
    buffers = [schema.BufferT()]

    def tensor(kind: str, dtype: str, shape: Sequence[int], scale: float, filled: bool) -> int:
        made = schema.TensorT()
        made.name, made.shape = f"{kind}{len(tensors)}".encode(), list(shape)
        made.type = getattr(schema.TensorType, dtype)
        made.isVariable = kind in ("state", "cell")
        made.quantization = schema.QuantizationParametersT()
        made.quantization.scale, made.quantization.zeroPoint = [scale], [0]
        if filled:
            made.buffer = len(buffers)
            limit, of = (127, np.int8) if dtype == "INT8" else (1000, np.int32)
            values = rng.integers(-limit, limit + 1, shape).astype(of)
            buffers.append(schema.BufferT())
            buffers[-1].data = np.frombuffer(values.tobytes(), np.uint8)
        tensors.append(made)
        return len(tensors) - 1

    def gates(kind: str, dtype: str, shape: Sequence[int], scale: float) -> list[int]:
        return [tensor(kind, dtype, shape, scale, True) for _ in range(GATES)]

    x = tensor("input", "INT8", (1, steps, inputs), SCALES["input"], False)
    taken = [x, *gates("weight", "INT8", (size, inputs), SCALES["weight"])]
    taken += [*gates("weight", "INT8", (size, size), SCALES["weight"]), -1, -1, -1]
    taken += gates("bias", "INT32", (size,), SCALES["input"] * SCALES["weight"])
    taken += [-1, -1]  # no projection
    taken += [tensor("state", "INT8", (1, size), SCALES["state"], False)]
    taken += [tensor("cell", "INT16", (1, size), SCALES["cell"], False)]
    taken += [-1] * GATES  # no normalisation of layers
    y = tensor("output", "INT8", (1, steps, size), SCALES["state"], False)
    between = [tensor("between", "INT16", (0,), 2**-12, False) for _ in range(GATES)]
    between += [tensor("between", "INT8", (0,), SCALES["state"], False)]

    options = schema.UnidirectionalSequenceLSTMOptionsT()
    options.fusedActivationFunction = schema.ActivationFunctionType.TANH
    lstm = schema.OperatorT()
    lstm.inputs, lstm.outputs, lstm.intermediates = taken, [y], between
    lstm.builtinOptionsType = schema.BuiltinOptions.UnidirectionalSequenceLSTMOptions
    lstm.builtinOptions = options
    graph = schema.SubGraphT()
    graph.tensors, graph.operators, graph.inputs, graph.outputs = tensors, [lstm], [x], [y]
    code = schema.OperatorCodeT()
    code.builtinCode = schema.BuiltinOperator.UNIDIRECTIONAL_SEQUENCE_LSTM
    code.deprecatedBuiltinCode, code.version = code.builtinCode, 1
    whole = schema.ModelT()
    whole.version, whole.operatorCodes, whole.subgraphs = 3, [code], [graph]
    whole.buffers = buffers
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(whole.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def ready(size: int, inputs: int, steps: int) -> Callable[[], object]:
    """A function that runs the model once over random inputs, in one thread."""
    made = interpreter.Interpreter(model_content=model(size, inputs, steps), num_threads=1)
    made.allocate_tensors()
    (place,) = made.get_input_details()
    x = np.random.default_rng(0).integers(-128, 128, (1, steps, inputs)).astype(np.int8)
    made.set_tensor(place["index"], x)
    return cast(Callable[[], object], made.invoke)

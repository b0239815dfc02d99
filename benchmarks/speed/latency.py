"""Inference of one sequence at batch 1 on one thread: the C runtime against LSTMs.

The C model is untrained and frozen on random data: its arithmetic does not depend on the values.
"sequence" is one call for all T steps and the read-out, "step" is that over T; "streamed step" is
one call per step with the state carried along (for C the two are the same).

The bound of a C step is q m log2(m) = d log2(m) additions at the machine's addition throughput,
which is measured, not assumed: ACCUMULATORS vectors of the widest integer type that /proc/cpuinfo
names, in the lane width of the model's transform (16 or 32 bits), added in a loop without memory:
12 of them stay in the 16 registers that AVX2 has, with chains short enough to reach the four vector
additions a cycle of an AMD Zen 3. The best of many short rounds counts, for another program beside
lowers the rate, and with it the factor. A transform in 32 bits is measured against 32-bit additions
though its lowest levels fit 16 bits. Signs, input, rounding, saturation, loads and stores come on
top of the bound. The runtime is compiled for this processor (compiler.WIDEST); its vectors have up
to 32 bytes, so with AVX-512 the bound is of vectors twice as wide.
"""

import math
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession
from torch import nn

from benchmarks.machine import vector_bytes
from benchmarks.speed.peers import TorchRecurrent
from hadamrnn import compiler
from hadamrnn.evaluation.onnx_sessions import open_session
from hadamrnn.export.freeze import freeze
from hadamrnn.export.from_torch import frozen_weights
from hadamrnn.export.spec import IntegerSpec
from hadamrnn.integer import IntegerModel
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.targets import host

SHAPES = (("har2", 128, 128, 9, 2), ("pmnist", 512, 784, 1, 10))
"""(name, d, T, d_in, classes)"""
ACTIVATION_BITS = (12, 8)
ACCUMULATORS = 12
ADDITIONS = r"""
#include <stdint.h>
#include <stdio.h>
#include <time.h>
typedef LANE vec __attribute__((vector_size(BYTES)));
int main(void) {
    vec a[COUNT]; struct timespec s, e; double best = 0; LANE x = 0;
    for (int k = 0; k < COUNT; k++) a[k] = (vec){0} + (LANE)k;
    for (int round = 0; round < 200; round++) {
        clock_gettime(CLOCK_MONOTONIC, &s);
        for (int i = 0; i < 100000; i++)
            for (int k = 0; k < COUNT; k++) a[k] += a[(k + 1) % COUNT];
        clock_gettime(CLOCK_MONOTONIC, &e);
        const double t = (e.tv_sec - s.tv_sec) + 1e-9 * (e.tv_nsec - s.tv_nsec);
        const double rate = 1e5 * COUNT * (BYTES / sizeof(LANE)) / t;
        if (rate > best) best = rate;
    }
    for (int k = 0; k < COUNT; k++) x += a[k][0];
    printf("%.6e %d\n", best, (int)x);
}
"""


def additions_per_second(lane_bits: int) -> float:
    """Measured vector additions of ``lane_bits`` integers a second on one core."""
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder, "additions.c"), Path(folder, "additions")
        source.write_text(ADDITIONS, encoding="ascii")
        names = {"LANE": f"uint{lane_bits}_t", "BYTES": vector_bytes(), "COUNT": ACCUMULATORS}
        defines = [f"-D{key}={value}" for key, value in names.items()]
        compiler.compile_c(["-std=gnu11", "-O3", "-march=native", *defines, source, "-o", program])
        return float(subprocess.check_output([program]).split()[0])


def frozen_model(
    size: int, steps: int, features: int, classes: int, activation_bits: int
) -> tuple[IntegerModel, np.ndarray]:
    """An IntegerModel of random weights and one of its input sequences (time, d_in)."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    model = HadamClassifier(features, size, classes)
    x, y = rng.standard_normal((4, steps, features)), rng.integers(0, classes, 4)
    spec = IntegerSpec(activation_bits=activation_bits)
    frozen = freeze(frozen_weights(model), x, y, spec)
    return frozen, frozen.quantize_input(x)[0]


def c_runtime(shape: tuple, activation_bits: int) -> dict:
    """Latency of the C runtime, with the bound of its step."""
    _, size, steps, *_ = shape
    model, sequence = frozen_model(*shape[1:], activation_bits)
    microseconds = host.latency_us(model, sequence, repeats=101, options=compiler.WIDEST)
    rate = additions_per_second(model.transform_bits)
    bound = 1e6 * size * math.log2(model.block_size) / rate
    return {
        "sequence_us": microseconds,
        "step_us": microseconds / steps,
        "streamed_step_us": microseconds / steps,
        "transform_bits": model.transform_bits,
        "additions_per_second": rate,
        "bound_us": bound,
        "times_bound": microseconds / steps / bound,
    }


def lstm_session(model: nn.Module) -> InferenceSession:
    """onnxruntime session of a TorchRecurrent LSTM.

    x (time, batch, d_in), h and c (1, batch, d) -> logits (batch, classes), next_h, next_c.
    """
    lstm, readout = model.recurrence, model.readout
    size = lstm.hidden_size

    def gates(tensor):  # torch stacks i, f, g, o; ONNX i, o, f, c
        return np.concatenate([np.split(tensor.detach().numpy(), 4)[k] for k in (0, 3, 1, 2)])

    arrays = {
        "W": gates(lstm.weight_ih_l0)[None],
        "R": gates(lstm.weight_hh_l0)[None],
        "B": np.concatenate([gates(lstm.bias_ih_l0), gates(lstm.bias_hh_l0)])[None],
        "V": readout.weight.detach().numpy(),
        "v": readout.bias.detach().numpy(),
        "axis": np.array([0]),
    }
    inputs = ["x", "W", "R", "B", "", "h", "c"]
    nodes = [
        helper.make_node("LSTM", inputs, ["", "next_h", "next_c"], hidden_size=size),
        helper.make_node("Squeeze", ["next_h", "axis"], ["last"]),
        helper.make_node("Relu", ["last"], ["active"]),
        helper.make_node("Gemm", ["active", "V", "v"], ["logits"], transB=1),
    ]
    shapes = {"x": ["time", "batch", lstm.input_size]}
    shapes |= {"h": [1, "batch", size], "c": [1, "batch", size]}
    shapes |= {"logits": ["batch", readout.out_features]}
    shapes |= {"next_h": [1, "batch", size], "next_c": [1, "batch", size]}
    values = [helper.make_tensor_value_info(k, TensorProto.FLOAT, v) for k, v in shapes.items()]
    tensors = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    graph = helper.make_graph(nodes, "lstm", values[:3], values[3:], tensors)
    opset = [helper.make_opsetid("", 21)]
    return open_session(onnx.helper.make_model(graph, opset_imports=opset, ir_version=10))


def _median_us(function, seconds=1.0, least=5):
    function()
    times, start = [], time.perf_counter()
    while len(times) < least or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        function()
        times.append(time.perf_counter() - before)
    return 1e6 * statistics.median(times)


def lstms(shape: tuple, seconds: float = 1.0) -> dict:
    """Latency of torch's LSTM and of the same weights in onnxruntime, which must agree."""
    _, size, steps, features, classes = shape
    torch.manual_seed(0)
    model = TorchRecurrent("lstm", features, size, classes).eval()
    x = torch.randn(1, steps, features)
    session, zero = lstm_session(model), np.zeros((1, 1, size), np.float32)
    feed = {"x": x.numpy().transpose(1, 0, 2).copy(), "h": zero, "c": zero}
    streamed, state = feed | {"x": feed["x"][:1]}, (torch.zeros(1, 1, size),) * 2
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            np.testing.assert_allclose(session.run(None, feed)[0], model(x), atol=1e-4)
            calls = {
                "torch_lstm": (lambda: model(x), lambda: model.recurrence(x[:, :1], state)),
                "onnxruntime_lstm": (
                    lambda: session.run(None, feed),
                    lambda: session.run(None, streamed),
                ),
            }
            times = {n: [_median_us(call, seconds) for call in c] for n, c in calls.items()}
    finally:
        torch.set_num_threads(threads)
    return {
        n: {"sequence_us": all_, "step_us": all_ / steps, "streamed_step_us": one}
        for n, (all_, one) in times.items()
    }


def measure(shape: tuple, seconds: float = 1.0, progress: Callable[[Any], object] = print) -> dict:
    """{"hidden_size", "steps", "input_size", "vector_bytes", "runtimes": {name: latencies}}."""
    runtimes = {f"c_{b}_bit": c_runtime(shape, b) for b in ACTIVATION_BITS}
    runtimes |= lstms(shape, seconds)
    for name, times in runtimes.items():
        extra = f", {times['times_bound']:.1f} x bound" if "times_bound" in times else ""
        progress(f"latency, {shape[0]}: {name:16} {times['step_us']:8.3f} us a step{extra}")
    sizes = dict(zip(("hidden_size", "steps", "input_size"), shape[1:4], strict=True))
    return sizes | {"vector_bytes": vector_bytes(), "runtimes": runtimes}

"""How long the two ONNX graphs of an exported model take in onnxruntime, on one thread.

    python -m benchmarks.speed.onnx_latency har2 pmnist copy

For each shipped/<benchmark> the float graph (model.onnx) and the integer graph, built from
model.hrnn, run whole sequences of random inputs, one and 64 at a time: the time does not depend on
the values. Logits of the integer graph must equal the integer model's, or nothing is written.
Writes results/studies/onnx_latency.csv. Medians, session start excluded; ``cpu_us`` is what the
thread itself ran, ``wall_us`` includes what other programs took from it.
"""

import os
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnxruntime import InferenceSession

from benchmarks.machine import machine
from benchmarks.table import Table
from hadamrnn import integer
from hadamrnn.errors import HadamrnnError, as_sentences
from hadamrnn.evaluation import onnx_sessions
from hadamrnn.export import onnx_integer
from hadamrnn.integer import IntegerModel
from stages import common

BATCHES = (1, 64)
LEAST, SECONDS = 7, 10.0
"""Runs, and seconds, that a median is at least and about taken over."""
COLUMNS = (
    "benchmark",
    "graph",
    "batch",
    "hidden_size",
    "steps",
    "cpu_us",
    "wall_us",
    "cpu_us_per_sequence_step",
    "runs",
    "graph_bytes",
    "onnxruntime",
    "cpu",
    "load_before",
)


def inputs_of(
    model: IntegerModel, batch: int, steps: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """(real inputs or ids, their integers) at random: (batch, steps[, d_in])."""
    rng = np.random.default_rng(seed)
    if model.input_kind == "symbol":
        ids = rng.integers(0, model.input_size, (batch, steps))
        return ids, ids
    half = 1 << (model.input_bits - 1)
    x = rng.integers(-half, half, (batch, steps, model.input_size)).astype(np.int8)
    return ((x - float(model.input_zero_point)) * model.input_scale).astype(np.float32), x


def graphs_of(folder: Path) -> tuple[IntegerModel, dict[str, Any]]:
    """(IntegerModel, {"float", "integer"}: onnx.ModelProto) of one export."""
    model = integer.load(folder / "model.hrnn")
    return model, {
        "float": onnx.load(folder / "model.onnx"),
        "integer": onnx_integer.integer_graph(model),
    }


def time_of(
    session: InferenceSession, inputs: np.ndarray, seconds: float = SECONDS, least: int = LEAST
) -> tuple[float, float, int]:
    """(median CPU us, median wall us, runs) of ``session`` on one batch."""
    feed = {session.get_inputs()[0].name: inputs}
    session.run(None, feed)
    cpu, wall, start = [], [], time.perf_counter()
    while len(wall) < least or time.perf_counter() - start < seconds:
        before = time.thread_time(), time.perf_counter()
        session.run(None, feed)
        cpu.append(time.thread_time() - before[0])
        wall.append(time.perf_counter() - before[1])
    return 1e6 * statistics.median(cpu), 1e6 * statistics.median(wall), len(wall)


def check(benchmark: str, model: IntegerModel, session: InferenceSession, x: np.ndarray) -> None:
    """Raise HadamrnnError unless the integer graph computes the integer model's logits."""
    wanted, found = model.run_logits(x), session.run(None, {session.get_inputs()[0].name: x})[0]
    if not np.array_equal(wanted, found):
        raise HadamrnnError(
            f"{benchmark}: the integer graph must give the integer model's logits; "
            f"got {int((wanted != found).sum())} others of {wanted.size}"
        )


def measure(benchmark: str, seconds: float = SECONDS) -> Iterator[dict]:
    """The rows of one exported benchmark, a row for each graph and batch size."""
    model, graphs = graphs_of(common.shipped(benchmark))
    about = machine()
    for graph, proto in graphs.items():
        session = onnx_sessions.open_session(proto)
        for batch in BATCHES:
            real, x = inputs_of(model, batch, model.max_steps)
            if graph == "integer":
                check(benchmark, model, session, x)
            load = os.getloadavg()[0]
            cpu, wall, runs = time_of(session, real if graph == "float" else x, seconds)
            values = (
                benchmark,
                graph,
                batch,
                model.hidden_size,
                model.max_steps,
                round(cpu),
                round(wall),
                round(cpu / batch / model.max_steps, 3),
                runs,
                proto.ByteSize(),
                onnxruntime.__version__,
                about["cpu"],
                round(load, 1),
            )
            yield dict(zip(COLUMNS, values, strict=True))


def main() -> None:
    rows = []
    for benchmark in sys.argv[1:]:
        for row in measure(benchmark):
            rows.append(row)
            print(row)
    Table("results/studies/onnx_latency.csv", COLUMNS).replace(rows)


if __name__ == "__main__":
    with as_sentences():
        main()

"""Inference from Python on one thread: the integer model, its ONNX graphs, an LSTM of equal size.

    python -m benchmarks.speed.inference d128 har2 pmnist copy

d128 is an untrained model of 128 neurons, 9 inputs, 128 steps and two classes; other names are of
shipped/<name>. Contenders: the integer model run by C and by NumPy, the integer and the float graph
in onnxruntime, and onnxruntime's LSTM with as many neurons and inputs, which reads out its last
state. All take random inputs: their time does not depend on the values.

"sequence" is one call for whole sequences, one or 64 of them; "step" one call for a step of one or
64 sequences with the state carried along, the answer read out at every step, which the two graphs
cannot do; "push" a reading in its own units given to a stream, which answers at every step where
states fade, else at the end of windows.

Contenders take turns, ROUNDS times (FEW where a call is LONG), each of SECONDS or more. ``us`` is
the median over the turns of what the process itself ran for a call, ``wall_us`` of what passed;
``times_c`` the median of the ratios to C in the same turn. Logits of C and of the integer graph
must equal NumPy's, or nothing is written. Writes results/studies/inference.csv; rows of models that
are not named stay.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import torch

from benchmarks.machine import machine
from benchmarks.speed.latency import lstm_session
from benchmarks.speed.peers import TorchRecurrent
from benchmarks.table import Table
from hadamrnn import integer
from hadamrnn.errors import HadamrnnError, as_sentences
from hadamrnn.evaluation import onnx_sessions
from hadamrnn.export import onnx_float, onnx_integer
from hadamrnn.export.freeze import freeze
from hadamrnn.export.from_torch import float_weights, frozen_weights
from hadamrnn.export.spec import IntegerSpec
from hadamrnn.integer import IntegerModel
from hadamrnn.models.classifier import HadamClassifier
from stages import common

BATCHES = (1, 64)
ROUNDS, SECONDS = 9, 0.05
LONG, FEW = 1.0, 3
"""Seconds of a call from which a contender has no more turns than that."""
D128 = {"hidden_size": 128, "steps": 128, "input_size": 9, "classes": 2}
C = "c"
COLUMNS = (
    "model",
    "what",
    "batch",
    "contender",
    "hidden_size",
    "steps",
    "us",
    "wall_us",
    "us_per_sequence_step",
    "times_c",
    "rounds",
    "onnxruntime",
    "cpu",
    "load_before",
)
Call = Callable[[], object]


@dataclass(frozen=True)
class Case:
    """A model and its two ONNX graphs."""

    name: str
    model: IntegerModel
    graphs: dict[str, onnx.ModelProto]

    @property
    def lstm_inputs(self) -> int:
        """Numbers that an LSTM in its place reads a step; of symbols as many as there are."""
        return self.model.features


def untrained(hidden_size: int, steps: int, input_size: int, classes: int) -> Case:
    """An untrained model of 8-bit states."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    network = HadamClassifier(input_size, hidden_size, classes)
    x, y = rng.standard_normal((4, steps, input_size)), rng.integers(0, classes, 4)
    model = freeze(frozen_weights(network), x, y, IntegerSpec(activation_bits=8))
    given = float_weights(network), network.readout, network.per_step, model.input_kind
    graphs = {"float": onnx_float.float_graph(*given), "integer": onnx_integer.integer_graph(model)}
    return Case(f"d{hidden_size}", model, graphs)


def case_of(name: str) -> Case:
    """The case of a name: d128, or what lies in shipped."""
    if name == "d128":
        return untrained(**D128)
    folder = common.shipped(name)
    model = integer.load(folder / "model.hrnn", engine="numpy")
    graphs = {
        "float": onnx.load(folder / "model.onnx"),
        "integer": onnx_integer.integer_graph(model),
    }
    return Case(name, model, graphs)


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


def check(name: str, what: str, wanted: np.ndarray, found: np.ndarray) -> None:
    """Raise HadamrnnError unless the logits of ``what`` are those of the integer model."""
    if not np.array_equal(wanted, found):
        raise HadamrnnError(
            f"{name}: {what} must give the integer model's logits; "
            f"got {int((wanted != found).sum())} others of {wanted.size}"
        )


def sequences(case: Case, engines: dict[str, IntegerModel], batch: int) -> dict[str, Call]:
    """A call for whole sequences, by contender."""
    model, steps = case.model, case.model.max_steps
    real, x = inputs_of(model, batch, steps)
    calls: dict[str, Call] = {}
    wanted = model.run_logits(x, workers=1)
    for name, one in engines.items():
        check(case.name, name, wanted, one.run_logits(x, workers=1))
        calls[name] = lambda one=one: one.run_logits(x, workers=1)
    for name, graph in case.graphs.items():
        session = onnx_sessions.open_session(graph)
        feed = {session.get_inputs()[0].name: x if name == "integer" else real}
        if name == "integer":
            check(case.name, "the integer graph", wanted, session.run(None, feed)[0])
        calls[f"onnx_{name}"] = lambda session=session, feed=feed: session.run(None, feed)
    session, feed = lstm(case, batch, steps)
    calls["onnxruntime_lstm"] = lambda: session.run(None, feed)
    return calls


def lstm(case: Case, batch: int, steps: int) -> tuple[Any, dict[str, np.ndarray]]:
    """(session, its inputs) of an LSTM of equal size."""
    model = case.model
    torch.manual_seed(0)
    network = TorchRecurrent("lstm", case.lstm_inputs, model.hidden_size, model.output_size)
    zero = np.zeros((1, batch, model.hidden_size), np.float32)
    x = np.random.default_rng(0).standard_normal((steps, batch, case.lstm_inputs))
    return lstm_session(network.eval()), {"x": x.astype(np.float32), "h": zero, "c": zero}


def steps_of(case: Case, engines: dict[str, IntegerModel], batch: int) -> dict[str, Call]:
    """A call for one step and its answer, by contender; C and NumPy begin anew in time."""
    x = inputs_of(case.model, batch, 1)[1][:, 0]
    calls: dict[str, Call] = {}
    for name, one in engines.items():
        state = one.initial_state(batch)

        def step(one=one, state=state):
            if state.steps == one.max_steps:
                state.steps = 0  # so that sums stay below what is proven, states go on
                state.sums = np.zeros_like(state.hidden)
            return one.logits(one.step(state, x))

        calls[name] = step
    session, feed = lstm(case, batch, 1)
    carried = dict(feed)

    def lstm_step():
        _, carried["h"], carried["c"] = session.run(None, carried)

    calls["onnxruntime_lstm"] = lstm_step
    return calls


def pushes(case: Case, engines: dict[str, IntegerModel]) -> dict[str, Call]:
    """A call for a reading given to a stream, by engine; none for models of numbers."""
    model = case.model
    reading = inputs_of(model, 1, 1)[0][0, 0]
    if model.input_kind == "dense":
        known, reading = model.recording, reading.astype(np.float64)
        if known is not None:  # a few of the recorder's units above zero
            reading = np.tile(known.unit, known.frame) * 3.0
    settings = {} if model.fade else {"window": model.max_steps, "hop": model.max_steps}
    streams = {name: one.stream(**settings) for name, one in engines.items()}
    return {name: (lambda s=stream: s.push(reading)) for name, stream in streams.items()}


def turn(call: Call, seconds: float) -> tuple[float, float]:
    """(own us, wall us) of a call, over at least so many seconds."""
    count, wall, own = 0, time.perf_counter(), time.process_time()
    while count == 0 or time.perf_counter() - wall < seconds:
        call()
        count += 1
    own, wall = time.process_time() - own, time.perf_counter() - wall
    return 1e6 * own / count, 1e6 * wall / count


def compared(calls: dict[str, Call], rounds: int, seconds: float) -> dict[str, tuple[float, ...]]:
    """(us, wall us, times C) of each contender, which take turns."""
    turns: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    first = {name: turn(call, 0)[1] for name, call in calls.items()}
    for number in range(rounds):
        for name, call in calls.items():
            if number < FEW or first[name] < 1e6 * LONG:
                turns[name].append(turn(call, seconds))
    medians = {}
    for name, taken in turns.items():
        ratios = [own / c for (own, _), (c, _) in zip(taken, turns[C], strict=False)]
        own, wall = (statistics.median(values) for values in zip(*taken, strict=True))
        medians[name] = own, wall, statistics.median(ratios)
    return medians


def measure(case: Case, rounds: int = ROUNDS, seconds: float = SECONDS) -> list[dict]:
    """The rows of one model."""
    about, rows, model = machine(), [], case.model
    engines = {C: integer.with_engine(model, "c"), "numpy": model}
    kinds = [("sequence", b, sequences(case, engines, b)) for b in BATCHES]
    kinds += [("step", b, steps_of(case, engines, b)) for b in BATCHES]
    kinds += [("push", 1, pushes(case, engines))] if not model.numbers else []
    for what, batch, calls in kinds:
        load, steps = os.getloadavg()[0], model.max_steps if what == "sequence" else 1
        for name, (own, wall, times_c) in compared(calls, rounds, seconds).items():
            values = (
                case.name,
                what,
                batch,
                name,
                model.hidden_size,
                steps,
                round(own, 2),
                round(wall, 2),
                round(own / batch / steps, 4),
                round(times_c, 2),
                rounds,
                about["versions"]["onnxruntime"],
                about["cpu"],
                round(load, 1),
            )
            rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def main(names: list[str]) -> None:
    table = Table("results/studies/inference.csv", COLUMNS)
    for name in names:
        rows = measure(case_of(name))
        for row in rows:
            print(*(f"{row[key]:>9}" for key in COLUMNS[:10]))
        kept = [row for row in table.rows() if row["model"] != name]
        table.replace([*kept, *rows])


if __name__ == "__main__":
    with as_sentences():
        main(sys.argv[1:] or ["d128"])

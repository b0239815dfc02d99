"""The benchmark suite runs on tiny shapes, measures all that it promises, and notices errors."""

import dataclasses
import json
import math

import numpy as np
import pytest
import torch

from benchmarks.machine import PACKAGES
from benchmarks.speed import bounds, latency, memory, run, training_step, ways
from benchmarks.speed.training_step import CONTENDERS, LOOP, OURS, Shape
from hadamrnn.datasets.common import splits
from hadamrnn.errors import HadamrnnError
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.recurrence import dispatch

SHAPES = {shape.name: shape for shape in run.QUICK_SHAPES}


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng():
        yield


def quiet(line):
    """Where progress goes."""


def finite_numbers(value):
    """All numbers in nested dictionaries and lists, each checked."""
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        assert not isinstance(value, float) or math.isfinite(value)
        return [value] if isinstance(value, (int, float)) else []
    return [number for item in value for number in finite_numbers(item)]


def test_quick_shapes_cover_the_full_ones():
    assert [s.name for s in run.QUICK_SHAPES] == [s.name for s in training_step.SHAPES]
    kind = ("symbols", "per_step", "readout", "classes")
    for quick, full in zip(run.QUICK_SHAPES, training_step.SHAPES, strict=True):
        assert [getattr(quick, k) for k in kind] == [getattr(full, k) for k in kind]
        assert bool(quick.embedding) == bool(full.embedding)


def assert_every_contender(shape, result):
    """What ``training_step.measure`` promises of a shape."""
    kinder = (training_step.UNBOUND,) if shape.embedding else ()
    assert tuple(result["contenders"]) == CONTENDERS + kinder
    assert result["agreement"]["largest_relative_difference"] <= training_step.TOLERANCE
    for numbers in result["contenders"].values():
        assert len(numbers["rounds"]) == 2 and numbers["seconds"] > 0 and numbers["ratio"] > 0
        assert set(numbers["ways"]) == set(ways.WAYS)
        assert (
            numbers["seconds"] == min(numbers["ways"].values()) == numbers["ways"][numbers["way"]]
        )
    assert result["contenders"][OURS]["ratio"] == 1
    assert result["bound"]["times_bound"] > 0
    assert ("paper_run_minutes" in result) == bool(shape.paper_steps)


def test_batches_are_rows_of_the_task_where_it_is_prepared(tmp_path, monkeypatch):
    monkeypatch.setattr(training_step, "PREPARED", tmp_path)
    shape = Shape("pixels", 16, 5, 1, 400, 2, filled=0.2, task="made_up")
    made = training_step.inputs_of(shape)
    assert made["source"] == "random" and made["share_not_zero"] == pytest.approx(0.2, abs=0.05)
    pixels = np.arange(500 * 5, dtype=np.uint8).reshape(500, 5, 1) * 51
    targets = np.arange(500, dtype=np.uint8) % 2
    folder = tmp_path / "made_up"
    coding = {"kind": "dense", "scale": 1 / 255, "offset": 0, "size": 1}
    card = {"input": coding, "output": {"size": 2}}
    splits.write(folder, {"train_inputs": pixels, "train_targets": targets}, card)
    inputs, answers = training_step.batch_of(shape, OURS)
    np.testing.assert_allclose(inputs, pixels[:400].astype(np.float32) / 255, rtol=1e-6)
    np.testing.assert_array_equal(answers, targets[:400])
    assert inputs.dtype == torch.float32
    assert training_step.inputs_of(shape)["source"] == "training rows of made_up"
    with pytest.raises(HadamrnnError, match=r"must have the shape \(400, 6, 1\).*'pixels'.*5, 1"):
        training_step.batch_of(dataclasses.replace(shape, steps=6), OURS)


@pytest.mark.parametrize("name", ["pmnist", "imdb"])
def test_agreement_notices_a_wrong_recurrence(name, monkeypatch):
    original = dispatch.run

    def wrong(inputs, input_weight, bias, signs, *rest):
        return original(inputs, input_weight, bias, -signs, *rest)

    monkeypatch.setattr(dispatch, "run", wrong)
    with pytest.raises(HadamrnnError, match=f"^{name}: loss and gradients must agree .*; got "):
        training_step.agreement(SHAPES[name])


@pytest.mark.parametrize("contender", CONTENDERS)
def test_every_contender_learns_in_its_steps(contender):
    """A step is a whole training step: the loss on its one batch falls."""
    shape = Shape("tiny", 16, 12, 2, 8, 2)
    model, (inputs, targets) = (
        training_step.build(contender, shape),
        training_step.batch_of(shape, contender),
    )
    step = training_step.training_step(model, inputs, targets)
    losses = []
    for _ in range(30):
        assert step() > 0
        losses.append(training_step.cross_entropy(model(inputs), targets).item())
    assert losses[-1] < losses[0]


def test_contenders_alternate():
    turns = []

    def contender(name, seconds):
        def step():
            turns.append(name)
            return seconds

        return step

    times = training_step.alternate({"a": contender("a", 1.0), "b": contender("b", 0.3)}, 2, 0.5)
    assert turns == ["a", "b", "b"] * 2
    assert times == {"a": [1.0, 1.0], "b": [0.3, 0.3]}


def test_everybody_is_measured_in_the_best_way():
    """The peer is faster one way, this project another: the ratio is that of the best."""
    times = {("fast", OURS): 1.0, ("fast", LOOP): 30.0, ("slow", OURS): 2.0, ("slow", LOOP): 20.0}
    steppers = {way: lambda shape, name, way=way: times[way, name] for way in ("fast", "slow")}
    shape = Shape("tiny", 16, 12, 2, 8, 2)
    result = training_step.measure(shape, steppers, (OURS, LOOP), 3, 0.0, quiet)["contenders"]
    assert (result[OURS]["way"], result[LOOP]["way"]) == ("fast", "slow")
    assert (result[OURS]["seconds"], result[LOOP]["seconds"], result[LOOP]["ratio"]) == (1, 20, 20)


def test_a_way_is_a_process_with_its_policy_and_threads(monkeypatch):
    monkeypatch.setenv(ways.POLICY, "ACTIVE")
    started = []
    monkeypatch.setattr(ways.subprocess, "Popen", lambda *a, **k: started.append(k["env"]))
    ways.Worker("PASSIVE"), ways.Worker(None)
    assert [environment.get(ways.POLICY) for environment in started] == ["PASSIVE", None]


def test_a_process_that_ended_is_reported():
    worker = ways.Worker(None)
    worker.process.kill()
    with pytest.raises(HadamrnnError, match=f"{OURS}: its process must answer .* status -9"):
        worker.step(Shape("tiny", 16, 12, 2, 8, 2), OURS, 1)
    worker.close()


@pytest.mark.long
def test_memory_growth_holds_what_the_step_keeps():
    """An RNN keeps its (batch, time, hidden) states, 200 x 360 x 64 float32 more: 18 MB."""
    shape = Shape("states", 64, 40, 1, 200, 2)
    (case,) = memory.measure_growth((("rnn", shape),), (40, 400), quiet)
    assert set(case) == {
        "contender",
        "case",
        "steps",
        "bytes",
        "growth_bytes",
        "input_growth_bytes",
    }
    assert case["input_growth_bytes"] == 360 * 200 * 4
    assert case["growth_bytes"] == case["bytes"][1] - case["bytes"][0]
    assert case["growth_bytes"] > 0.9 * 200 * 360 * 64 * 4


def test_bounds_of_the_benchmarks_as_shipped(capsys, tmp_path, monkeypatch):
    """Every kind of step is counted and measured: last state, every step, means, words."""
    tiny = [
        dataclasses.replace(shape, hidden_size=shape.options.get("q", 1) * 8, batch=3, steps=24)
        for shape in bounds.SHAPES
    ]
    monkeypatch.setattr(bounds, "SHAPES", tuple(tiny))
    path = tmp_path / "bounds.json"
    bounds.main(["--rounds", "2", "--seconds", "0", "--out", str(path)])
    results = json.loads(path.read_text(encoding="utf-8"))
    assert list(results["shapes"]) == [shape.name for shape in tiny]
    rates = results["peaks"]
    printed = capsys.readouterr().out
    for name, numbers in results["shapes"].items():
        assert len(finite_numbers(numbers)) >= 7 and f"\n{name} " in printed
        sums, products = numbers["additions"], numbers["multiply_adds"]
        bound = sums / rates["additions"] + products / rates["multiply_adds"]
        assert numbers["bound"] == pytest.approx(bound)
        assert numbers["times_bound"] == pytest.approx(numbers["seconds"] / bound)


@pytest.mark.parametrize(
    ("options", "inputs", "additions", "products"),
    [
        # 2 walks of 3 vectors of 8 numbers through 10 steps, zeros passed over
        ({}, torch.eye(2).repeat(3, 5, 1), 2 * 10 * 3 * 8 * 3, 2 * 240 + 2 * 30 * 8 + 3 * 3 * 16),
        # 3 walks of 3 sequences, the mean twice
        ({"readout": "mean"}, torch.ones(3, 10, 2), 240 * (9 + 2), 240 * (3 + 6) + 3 * 3 * 16),
    ],
)
def test_operations_of_a_step(options, inputs, additions, products):
    model = HadamClassifier(2, 8, 2, **options)
    assert bounds.operations(model, inputs) == bounds.Operations(additions, products)


def test_latency_counts_the_bound_in_the_width_of_the_transform():
    result = latency.measure(("tiny", 64, 6, 2, 3), 0.01, quiet)
    runtimes = result["runtimes"]
    assert set(runtimes) == {"c_12_bit", "c_8_bit", "torch_lstm", "onnxruntime_lstm"}
    assert [runtimes[f"c_{b}_bit"]["transform_bits"] for b in (12, 8)] == [32, 16]
    for b in (12, 8):
        numbers = runtimes[f"c_{b}_bit"]
        bound = 1e6 * 64 * 6 / numbers["additions_per_second"]
        assert numbers["bound_us"] == pytest.approx(bound)
        assert numbers["times_bound"] == pytest.approx(numbers["step_us"] / bound)
        assert 1e9 < numbers["additions_per_second"] < 1e13
    for numbers in runtimes.values():
        assert numbers["sequence_us"] == pytest.approx(6 * numbers["step_us"])


@pytest.mark.long
def test_quick_run_writes_everything_and_keeps_other_parts(tmp_path, capsys):
    pytest.importorskip("matplotlib", reason="the figure needs matplotlib")
    run.main(["--quick", "--out", str(tmp_path)])
    first = json.loads((tmp_path / "benchmarks.json").read_text())
    assert set(first) == {*run.PARTS, "conditions", "targets"}
    assert finite_numbers(first)
    assert list(first["speed"]) == list(SHAPES)
    for name, shape in SHAPES.items():
        assert_every_contender(shape, first["speed"][name])
    assert set(first["conditions"]) == set(run.PARTS)
    for conditions in first["conditions"].values():
        assert conditions["quick"] is True and len(conditions["load_before"]) == 3
        assert conditions["machine"]["cpu"] and conditions["machine"]["cores"] > 0
        assert set(conditions["machine"]["versions"]) == set(PACKAGES)
    assert len(first["targets"]) == len(run.TARGETS) + 1 + 1 + len(latency.ACTIVATION_BITS)
    assert all(isinstance(row["met"], bool) for row in first["targets"])
    assert (tmp_path / "benchmarks.svg").stat().st_size > 10_000
    run.main(["--quick", "--only", "latency", "--out", str(tmp_path)])
    second = json.loads((tmp_path / "benchmarks.json").read_text())
    assert second["speed"] == first["speed"] and second["latency"] != first["latency"]
    assert "written: " in capsys.readouterr().out


def test_an_interrupted_run_keeps_what_it_measured(tmp_path, monkeypatch):
    def measure(part, quick, progress, there):
        assert not there
        yield ("first",), {"seconds": 1.5}
        yield ("second", "deep"), {"seconds": 2.5}
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "measure", measure)
    with pytest.raises(KeyboardInterrupt):
        run.main(["--only", "speed", "--out", str(tmp_path)])
    kept = json.loads((tmp_path / "benchmarks.json").read_text())
    assert kept["speed"] == {"first": {"seconds": 1.5}, "second": {"deep": {"seconds": 2.5}}}
    assert not run.complete(kept, "speed")

    def rest(part, quick, progress, there):
        assert set(there) == {"first", "second"}
        yield ("third",), {"seconds": 3.5}

    monkeypatch.setattr(run, "measure", rest)
    monkeypatch.setattr(run.figure, "draw", lambda results, folder: None)
    run.main(["--only", "speed", "--out", str(tmp_path)])
    whole = json.loads((tmp_path / "benchmarks.json").read_text())
    assert list(whole["speed"]) == ["first", "second", "third"] and run.complete(whole, "speed")
    assert whole["conditions"]["speed"]["interrupted"] == kept["conditions"]["speed"]


def test_only_names_parts(capsys):
    with pytest.raises(SystemExit):
        run.main(["--only", "speed,weight"])
    assert "--only: must name parts of speed,memory,latency" in capsys.readouterr().err

"""The ONNX graphs against step loops in NumPy: the float one closely, the integer one exactly.

The float graph is also held to the torch model.
"""

from contextlib import suppress

import numpy as np
import onnx
import pytest
import torch

from hadamrnn.errors import HadamrnnError
from hadamrnn.evaluation.onnx_sessions import latency_us, run
from hadamrnn.export import from_torch
from hadamrnn.export.onnx_float import FloatWeights, float_graph
from hadamrnn.export.onnx_integer import integer_graph
from hadamrnn.hadamard import recurrent_matrix
from hadamrnn.integer.model import IntegerModel
from hadamrnn.integer.proof import smallest_sum_shift, state_limit
from hadamrnn.models.classifier import HadamClassifier
from tests.random_models import many_models
from tests.random_models import random_inputs as many_inputs

SIZES = [(4, 1), (8, 8), (32, 2), (64, 1), (128, 1), (128, 4), (256, 1)]
READOUTS = [("last", False), ("mean", False), ("log_mean", False), ("last", True)]
SHAPES = [(1, 1), (3, 7), (5, 2), (2, 200)]


def random_signs(generator, size):
    return generator.choice(np.array([-1, 1]), size)


# ---------------------------------------------------------------------------------- float graph


def random_weights(generator, hidden_size, q, input_size=3, classes=5):
    def normal(*shape):
        return generator.standard_normal(shape).astype(np.float32)

    return FloatWeights(
        random_signs(generator, hidden_size),
        hidden_size // q,
        normal(hidden_size, input_size),
        normal(hidden_size),
        normal(classes, hidden_size),
        normal(classes),
    )


def float_loop(weights, drive, readout, per_step):
    """The definition, one step after another, in float64. drive : U x_t, (batch, time, d)."""
    matrix = recurrent_matrix(weights.signs, weights.block_size)
    h, relus = np.zeros_like(drive[:, 0]), []
    for step in range(drive.shape[1]):
        h = h @ matrix.T + drive[:, step] + weights.bias
        relus.append(np.maximum(h, 0))
    every = np.stack(relus, axis=1)
    features = every if per_step else relus[-1] if readout == "last" else every.mean(1)
    if readout == "log_mean":
        features = np.log2(features + 2.0**-7)
    return features @ weights.output_weight.T.astype(np.float64) + weights.output_bias


@pytest.mark.parametrize("hidden_size, q", [*SIZES, (512, 1)])
@pytest.mark.parametrize("readout, per_step", READOUTS)
@pytest.mark.parametrize("kind", ["dense", "symbol"])
def test_float_graph_equals_step_loop(hidden_size, q, readout, per_step, kind):
    generator = np.random.default_rng(hidden_size + q)
    weights = random_weights(generator, hidden_size, q)
    model = float_graph(weights, readout, per_step, kind)
    for batch, time in SHAPES:  # one graph, several batch sizes and lengths
        if kind == "dense":
            inputs = generator.standard_normal((batch, time, 3)).astype(np.float32)
            drive = inputs.astype(np.float64) @ weights.input_weight.T
        else:
            inputs = generator.integers(3, size=(batch, time))
            drive = weights.input_weight.T[inputs].astype(np.float64)
        expected = float_loop(weights, drive, readout, per_step)
        logits = run(model, inputs)
        assert logits.shape == expected.shape and logits.dtype == np.float32
        assert np.abs(logits - expected).max() <= 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize(
    ("features", "size", "classes", "steps", "readout", "per_step"),
    [
        (9, 128, 2, 128, "mean", False),  # har2
        (1, 512, 10, 784, "last", False),  # pmnist
        (10, 128, 9, 1000, "last", True),  # copy, symbols
    ],
)
def test_float_graph_equals_torch(features, size, classes, steps, readout, per_step):
    """Within 1e-4 of the logits that the torch model itself computes, at whole lengths."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = HadamClassifier(features, size, classes, readout=readout, per_step=per_step).eval()
    generator, kind = np.random.default_rng(0), "symbol" if per_step else "dense"
    if per_step:
        inputs = generator.integers(features, size=(3, steps))
    else:
        inputs = generator.standard_normal((3, steps, features)).astype(np.float32)
    with torch.no_grad():
        wanted = model(torch.from_numpy(inputs)).numpy()
    graph = float_graph(from_torch.float_weights(model), readout, per_step, kind)
    assert np.abs(run(graph, inputs) - wanted).max() <= 1e-4


def test_float_graph_is_small():
    weights = random_weights(np.random.default_rng(0), 128, 1)
    numbers = sum(np.size(array) for array in vars(weights).values())
    assert float_graph(weights).ByteSize() < 4 * numbers + 3000  # a dense W alone takes 65,536


# -------------------------------------------------------------------------------- integer graph


def random_model(generator, hidden_size, q, readout, per_step, kind, activation_bits):
    """An integer model of the finest proven fraction whose states reach saturation."""
    limit, classes, max_steps = state_limit(activation_bits), 4, 200

    def draw(bound, *shape):
        return generator.integers(-bound, bound, shape, endpoint=True)

    arrays = {
        "signs": random_signs(generator, hidden_size),
        "input_weight": draw(127, hidden_size, 3),
        "bias": draw(32767, hidden_size),
        "output_weight": draw(7, classes, hidden_size),
        "output_bias": draw(10**5, classes),
    }
    logarithm = readout == "log_mean"
    sum_shift = smallest_sum_shift(
        arrays["output_weight"], arrays["output_bias"], readout, activation_bits, max_steps
    )
    for fraction_bits in range(20, 0, -1):
        largest = limit << fraction_bits  # the accumulator of a state at its limit
        with suppress(HadamrnnError):
            return IntegerModel(
                name="random",
                input_kind=kind,
                readout=readout,
                per_step=per_step,
                block_size=hidden_size // q,
                weight_bits=4,
                input_weight_bits=8,
                activation_bits=activation_bits,
                input_bits=8,
                fraction_bits=fraction_bits,
                bias_shift=max(0, largest.bit_length() - 18),
                input_multiplier=max(1, largest // (150 * (128 if kind == "dense" else 1))),
                sum_shift=0 if logarithm else sum_shift,
                log_floor=int(logarithm),
                max_steps=max_steps,
                input_scale=1 / 255,
                input_zero_point=-128,
                state_scale=0.01,
                logit_scale=0.001,
                **arrays,
            )
    raise AssertionError("no proven fraction_bits")


def integer_loop(model, inputs):
    """Logits of the definition, one step after another, and the share of saturated states."""
    state, every, saturated = model.initial_state(len(inputs)), [], []
    for step in range(inputs.shape[1]):
        model.step(state, inputs[:, step])
        every.append(model.logits(state))
        saturated.append(np.mean(np.abs(state.hidden) == model.state_limit))
    return np.stack(every, axis=1) if model.per_step else every[-1], np.mean(saturated)


def random_inputs(generator, kind, batch, time, input_size=3):
    if kind == "dense":
        return generator.integers(-128, 128, (batch, time, input_size)).astype(np.int8)
    return generator.integers(input_size, size=(batch, time))


@pytest.mark.parametrize("hidden_size, q", SIZES)
@pytest.mark.parametrize("readout, per_step", READOUTS)
@pytest.mark.parametrize("kind", ["dense", "symbol"])
@pytest.mark.parametrize("activation_bits", [4, 12, 16])
def test_integer_graph_equals_definition(hidden_size, q, readout, per_step, kind, activation_bits):
    generator = np.random.default_rng(1000 * hidden_size + q)
    model = random_model(generator, hidden_size, q, readout, per_step, kind, activation_bits)
    graph = integer_graph(model)
    for batch, time in SHAPES:
        inputs = random_inputs(generator, kind, batch, time)
        expected, saturated = integer_loop(model, inputs)
        logits = run(graph, inputs)
        assert logits.dtype == np.int64
        np.testing.assert_array_equal(logits, expected)
    assert 0 < saturated < 1  # both the linear range and saturation were exercised


def test_integer_graph_of_every_kind_equals_the_fast_model():
    """Every read-out, with fading states, narrow biases and row multipliers among them."""
    rng = np.random.default_rng(0)
    kinds = set()
    for model in many_models():
        x = many_inputs(rng, model)
        graph = integer_graph(model)
        ids = x.astype(np.int64) if model.input_kind == "symbol" else x
        np.testing.assert_array_equal(run(graph, ids), model.run_logits(x, workers=1))
        kinds.add((model.readout, model.fade > 0, model.row_multipliers is not None))
    assert len(kinds) == 12


def test_integer_graph_is_small():
    arguments = ("last", False, "symbol", 12)
    graph = integer_graph(random_model(np.random.default_rng(0), 128, 1, *arguments))
    assert graph.ByteSize() < 7000


def test_metadata_and_file(tmp_path):
    generator = np.random.default_rng(3)
    model = random_model(generator, 16, 1, "mean", False, "dense", 12)
    onnx.save(integer_graph(model), tmp_path / "model.onnx")
    metadata = {p.key: p.value for p in onnx.load(tmp_path / "model.onnx").metadata_props}
    assert float(metadata["logit_scale"]) == model.logit_scale
    assert int(metadata["input_zero_point"]) == -128 and metadata["readout"] == "mean"
    inputs = random_inputs(generator, "dense", 1, 20)
    expected = integer_loop(model, inputs)[0]
    np.testing.assert_array_equal(run(tmp_path / "model.onnx", inputs), expected)
    assert latency_us(tmp_path / "model.onnx", inputs[0], repeats=3) > 0


# ---------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("max", False, "dense"), "readout: must be one of last, mean, log_mean; got 'max'"),
        (("last", False, "text"), "input_kind: must be 'dense' or 'symbol'; got 'text'"),
        (
            ("mean", True, "dense"),
            "readout: must be last when every step is read out; got 'mean'",
        ),
    ],
)
def test_wrong_choice(arguments, message):
    with pytest.raises(HadamrnnError) as error:
        float_graph(random_weights(np.random.default_rng(0), 4, 1), *arguments)
    assert str(error.value) == message


def test_inputs_out_of_range():
    model = random_model(np.random.default_rng(0), 4, 1, "last", False, "dense", 12)
    with pytest.raises(HadamrnnError, match="^inputs: must be integers within int8; got values in"):
        run(integer_graph(model), np.full((1, 2, 3), 128))

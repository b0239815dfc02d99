"""Freezing: the integer model follows the float recurrence, and unprovable widths are refused."""

import dataclasses

import numpy as np
import pytest

from hadamrnn.errors import HadamrnnError
from hadamrnn.export import freeze as freezing
from hadamrnn.export.assembly import assemble
from hadamrnn.export.calibration import input_quantization, largest_state
from hadamrnn.export.spec import IntegerSpec
from hadamrnn.export.weights import FrozenWeights, round_weights
from hadamrnn.hadamard import recurrent_matrix
from hadamrnn.metrics import cross_entropy


def random_weights(rng, d=64, block_size=64, input_size=1, classes=5, bits=4, **fields):
    limit = 1 << (bits - 1)
    values = {
        "signs": rng.choice([-1, 1], d),
        "block_size": block_size,
        "input_weight_int": rng.integers(-limit, limit, (d, input_size)),
        "input_weight_scale": 0.03,
        "bias": rng.uniform(-0.1, 0.1, d),
        "output_weight_int": rng.integers(-limit, limit, (classes, d)),
        "output_weight_scale": 0.05,
        "output_bias": rng.uniform(-0.1, 0.1, classes),
        "weight_bits": bits,
    }
    return FrozenWeights(**(values | fields))


def freeze(weights, inputs, targets, input_range=None, **spec):
    return freezing.freeze(weights, inputs, targets, IntegerSpec(**spec), input_range)


def float_logits(weights, inputs, kind, readout, per_step=False):
    """The float recurrence by its definition: every state with the dense W."""
    W = recurrent_matrix(weights.signs, weights.block_size)
    U = weights.input_weight_int * weights.input_weight_scale
    V = weights.output_weight_int * weights.output_weight_scale
    h, states = np.zeros((len(inputs), len(W))), []
    for t in range(inputs.shape[1]):
        x = U.T[inputs[:, t]] if kind == "symbol" else inputs[:, t] @ U.T
        factor = 1 - 2.0**-weights.fade if weights.fade else 1
        h = factor * h @ W.T + x + weights.bias
        states.append(h)
    seen = np.maximum(np.stack(states, axis=1), 0)
    if not per_step:
        seen = seen[:, -1] if readout == "last" else seen.mean(axis=1)
        if readout == "log_mean":
            seen = np.log2(seen + 2.0**-7)
    return seen @ V.T + weights.output_bias


@pytest.mark.parametrize("fade", [None, 3, 5])
@pytest.mark.parametrize("block_size", [8, 16, 64])
@pytest.mark.parametrize(
    "kind, readout, each",
    [
        ("dense", "last", False),
        ("dense", "mean", False),
        ("dense", "log_mean", False),
        ("symbol", "log_mean", False),
        ("symbol", "last", False),
        ("symbol", "last", True),
        ("symbol", "mean", False),
    ],
)
def test_integer_model_follows_the_float_recurrence(block_size, kind, readout, each, fade):
    rng = np.random.default_rng(block_size)
    size = 6 if kind == "symbol" else 2
    weights = random_weights(rng, block_size=block_size, input_size=size, fade=fade)
    inputs = rng.integers(0, 6, (40, 20)) if kind == "symbol" else rng.normal(size=(40, 20, 2))
    expected = float_logits(weights, inputs, kind, readout, each)
    model = freeze(
        weights,
        inputs,
        expected.argmax(axis=-1),
        activation_bits=14,
        input_bits=8,
        input_kind=kind,
        readout=readout,
        per_step=each,
        max_steps=30,
    )
    got = model.real_logits(model.run_logits(model.quantize_input(inputs)), steps=20)
    # A mean near the floor of its logarithm shows the rounding of the inputs most.
    share = 0.12 if readout == "log_mean" else 0.05
    assert np.abs(got - expected).max() < share * np.abs(expected).max()
    assert (got.argmax(axis=-1) == expected.argmax(axis=-1)).mean() > 0.9
    assert model.max_steps == 30 and model.weight_bits == 4


def test_real_zeros_leave_nothing_behind():
    """B cancels the zero point with the rounded M: black pixels act as if there were no input."""
    rng = np.random.default_rng(0)
    weights = random_weights(rng, bias=np.zeros(64))
    inputs = rng.random((20, 30, 1))
    model = freeze(weights, inputs, np.zeros(20, int), activation_bits=12, input_range=(0.0, 1.0))
    state = model.initial_state()
    for x in model.quantize_input(np.zeros((1, 1000, 1)))[0]:
        model.step(state, x)
    assert not state.hidden.any()


def test_largest_state_is_that_of_the_definition():
    rng = np.random.default_rng(1)
    weights, inputs = random_weights(rng), rng.normal(size=(3, 10, 1))
    h, peak = np.zeros((3, 64)), 0.0
    W = recurrent_matrix(weights.signs, 64)
    for t in range(10):
        h = h @ W.T + inputs[:, t] @ weights.input_weight_int.T * 0.03 + weights.bias
        peak = max(peak, np.abs(h).max())
    assert largest_state(weights, inputs, "dense") == pytest.approx(peak, rel=1e-5)


def test_calibration_chooses_the_smallest_cross_entropy():
    rng = np.random.default_rng(2)
    weights, inputs = random_weights(rng), rng.normal(size=(30, 10, 1))
    targets = float_logits(weights, inputs, "dense", "last").argmax(axis=-1)
    spec = IntegerSpec(activation_bits=5, max_steps=10)
    chosen = freeze(weights, inputs, targets, activation_bits=5)

    def loss(model):
        return cross_entropy(
            model.real_logits(model.run_logits(model.quantize_input(inputs))), targets
        )

    quantization = input_quantization(inputs.min(), inputs.max(), 8)
    peak = largest_state(weights, inputs, "dense")
    losses = [
        loss(assemble(weights, peak * f / 15, quantization, spec))
        for f in (1.0, 0.85, 0.7, 0.6, 0.5, 0.4)
    ]
    assert loss(chosen) == min(losses)


def test_fraction_bits_are_the_largest_proven():
    rng = np.random.default_rng(3)
    weights, inputs = random_weights(rng, d=256, block_size=256), rng.random((4, 10, 1))
    model = freeze(weights, inputs, np.zeros(4, int), activation_bits=16)
    assert model.fraction_bits < 20
    with pytest.raises(HadamrnnError, match="accumulator of a step could overflow"):
        dataclasses.replace(
            model,
            fraction_bits=model.fraction_bits + 1,
            input_multiplier=2 * model.input_multiplier,
        )


def test_ternary_and_wide_tables():
    rng = np.random.default_rng(4)
    table, scale = round_weights(rng.normal(size=(64, 50)), 12)
    weights = random_weights(
        rng,
        bits=2,
        weight_bits=1,
        input_weight_int=table,
        input_weight_scale=scale,
        output_weight_int=rng.integers(-1, 2, (5, 64)),
        input_weight_bits=12,
    )
    model = freeze(
        weights,
        rng.integers(0, 50, (10, 8)),
        np.zeros(10, int),
        activation_bits=12,
        input_kind="symbol",
    )
    assert (model.weight_bits, model.input_weight_bits) == (2, 12)


@pytest.mark.parametrize("readout", ["last", "mean", "log_mean"])
def test_rows_of_scales_of_their_own_are_comparable(readout):
    """Rows of V with steps between 1 and 1/40 of the largest: the same real logits."""
    rng = np.random.default_rng(7)
    scales = np.array([0.05, 0.003, 0.02, 0.05, 0.00125])
    weights = random_weights(rng, output_weight_scale=scales)
    inputs = rng.normal(size=(40, 20, 1))
    plain = dataclasses.replace(weights, output_weight_scale=1.0)
    rows = float_logits(plain, inputs, "dense", readout) - weights.output_bias
    expected = rows * scales + weights.output_bias
    model = freeze(weights, inputs, expected.argmax(-1), activation_bits=14, readout=readout)
    got = model.real_logits(model.run_logits(model.quantize_input(inputs)), steps=20)
    assert model.row_multipliers.tolist() == [32767, 1966, 13107, 32767, 819]
    share = 0.12 if readout == "log_mean" else 0.05
    assert np.abs(got - expected).max() < share * np.abs(expected).max()


@pytest.mark.parametrize("bits", [4, 6, 8, 12])
def test_narrow_biases_hold_nothing_of_the_inputs(bits):
    """Inputs are 0 or above: a zero point at their end would fill the biases with weights."""
    rng = np.random.default_rng(8)
    weights, inputs = random_weights(rng), rng.random((20, 30, 1))
    targets = np.zeros(20, int)
    assert freeze(weights, inputs, targets, activation_bits=12).input_zero_point < -100
    model = freeze(weights, inputs, targets, activation_bits=12, bias_bits=bits)
    assert model.input_zero_point == 0
    assert 1 << (bits - 2) <= np.abs(model.bias).max() < 1 << (bits - 1)


@pytest.mark.parametrize("readout, per_step", [("last", False), ("mean", False), ("last", True)])
def test_the_error_of_narrow_biases_does_not_add_up(readout, per_step):
    """Without inputs and the noise of states, what is wrong after many steps is the biases'."""
    rng = np.random.default_rng(8)
    weights = random_weights(rng, d=96, block_size=32)
    inputs, spec = np.zeros((1, 500, 1)), {"activation_bits": 16, "readout": readout}
    spec |= {"per_step": per_step, "max_steps": 500}
    exact = float_logits(weights, inputs, "dense", readout, per_step)

    def error(accumulation):
        narrow = IntegerSpec(bias_bits=5, **spec)
        model = assemble(weights, 0.001, (1 / 127, 0), narrow, accumulation)
        found = model.real_logits(model.run_logits(np.zeros(inputs.shape, int)), 500)
        return np.abs(found - exact).mean()

    narrow = IntegerSpec(bias_bits=5, **spec)
    assert error(freezing.accumulation(weights, narrow)) < error(None) / 3
    assert freezing.accumulation(weights, IntegerSpec(**spec)) is None


def test_a_fading_model_stays_in_bounds_for_ever():
    rng = np.random.default_rng(9)
    weights, inputs = random_weights(rng, fade=5), rng.random((4, 50, 1))
    model = freeze(weights, inputs, np.zeros(4, int), activation_bits=12)
    state = model.initial_state()
    x = model.quantize_input(np.ones((1, 1, 1)))[0, 0]
    peaks = []
    for _ in range(20):
        for _ in range(500):
            model.step(state, x)
        peaks.append(np.abs(state.hidden).max())
    bound = (np.abs(weights.input_weight_int[:, 0]) * 0.03 + np.abs(weights.bias)).max() * 2**5
    assert max(peaks) * model.state_scale < bound * 8  # of 64 neurons that are mixed: sqrt(64)
    assert np.ptp(peaks[2:]) <= 4  # a constant input: no drift


def test_round_weights_is_within_half_a_step():
    weight = np.random.default_rng(5).normal(size=(7, 9))
    integers, scale = round_weights(weight, 12)
    assert np.abs(integers).max() == 2047
    assert np.abs(integers * scale - weight).max() <= scale / 2 * (1 + 1e-9)
    assert not round_weights(np.zeros((2, 2)), 4)[0].any()


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("low, high, bits", [(0, 1, 8), (-3.7, 9.1, 8), (-1, 1, 4), (2, 2, 8)])
def test_input_quantization_covers_the_range_and_holds_zero(low, high, bits, symmetric):
    scale, zero_point = input_quantization(low, high, bits, symmetric)
    half = 1 << (bits - 1)
    assert scale * (-half - zero_point) <= low + scale / 2 * (1 + 1e-9)
    assert scale * (half - 1 - zero_point) >= high - scale / 2 * (1 + 1e-9)
    assert isinstance(zero_point, int) and (zero_point == 0 or not symmetric)


def arguments(**changes):
    rng = np.random.default_rng(6)
    weights = random_weights(rng, **changes.pop("weights", {}))
    call = {
        "weights": weights,
        "inputs": rng.random((4, 5, 1)),
        "targets": np.zeros(4, int),
        "activation_bits": 12,
    }
    return call | changes


REFUSALS = [
    ({"activation_bits": 17}, "activation_bits: must be an integer from 2 to 16; got 17"),
    ({"input_bits": 9}, "input_bits: must be an integer from 2 to 8; got 9"),
    ({"input_range": (1.0, 0.0)}, "input_range: must be two finite numbers, low first"),
    ({"input_range": (1e6, 1e6 + 1)}, "input_range: lies too far from 0 for its width"),
    ({"inputs": np.zeros((4, 5))}, "calibration_inputs: must have 3 axes"),
    ({"targets": np.zeros(3, int)}, r"calibration_targets: must have shape \(4,\)"),
    ({"targets": np.full(4, 5)}, "must be class ids from 0 to 4; got 5 to 5"),
    ({"weights": {"bias": np.full(64, np.inf)}}, "must keep states finite"),
    ({"weights": {"input_weight_scale": 1e-30}}, "smallest input would round to nothing"),
    (
        {"weights": {"d": 512, "block_size": 512}, "activation_bits": 16},
        r"activation_bits: the product with 1/sqrt\(2\) could overflow 32 bits for block_size=512",
    ),
    (
        {"weights": {"d": 32768, "block_size": 32768}, "activation_bits": 10},
        r"activation_bits: the product with 1/sqrt\(2\) could overflow 32 bits for block_size=",
    ),
    (
        {
            "weights": {"d": 256, "block_size": 256},
            "activation_bits": 16,
            "input_range": (0.0, 1e6),
        },
        "activation_bits: the 32-bit accumulator of a step could overflow even with the fewest",
    ),
    ({"weights": {"output_weight_scale": 1e-12}}, "output_bias: must fit 32 bits in units of"),
    (
        {"readout": "mean", "max_steps": 1 << 30},
        "the 32-bit sum of states could overflow|the 32-bit logits could overflow",
    ),
    ({"weights": {"weight_bits": 3}}, "input_weight: must fit 3 bits; got values from -8 to 7"),
]


@pytest.mark.parametrize("case", range(len(REFUSALS)))
def test_refusals(case):
    changes, message = REFUSALS[case]
    with pytest.raises(HadamrnnError, match=message):
        freeze(**arguments(**changes))

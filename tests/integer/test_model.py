"""The integer model: its arithmetic against exact fractions, its fast form, its refusals."""

import dataclasses
import zlib
from fractions import Fraction
from math import floor

import numpy as np
import pytest

from hadamrnn.errors import HadamrnnError
from hadamrnn.hadamard import recurrent_matrix, sylvester
from hadamrnn.integer import fixed_point
from hadamrnn.integer.proof import (
    INT32_MAX,
    accumulator_bound,
    block_scale,
    input_bounds,
    logit_bound,
)
from tests.random_models import STEPS, many_models, random_inputs, random_model


def boundaries(bits):
    """Plus and minus 2^i + {-2..2}, and the ends of the signed range of ``bits`` bits."""
    near = {sign * (1 << i) + j for i in range(bits) for j in range(-2, 3) for sign in (-1, 1)}
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    return sorted(value for value in near | {low, high} if low <= value <= high)


@pytest.mark.parametrize("shift", range(21))
def test_round_shift_is_round_half_up(shift):
    values = boundaries(32)
    expected = [floor(Fraction(value, 1 << shift) + Fraction(1, 2)) for value in values]
    assert fixed_point.round_shift(np.array(values), shift).tolist() == expected


def test_times_inverse_sqrt2_is_exact_rounding_of_its_fraction():
    values = boundaries(24)[1:-1]
    expected = [floor(Fraction(value * 46341, 65536) + Fraction(1, 2)) for value in values]
    assert fixed_point.times_inverse_sqrt2(np.array(values)).tolist() == expected
    inside = [value for value in values if abs(value) < 1 << 23]
    exact = fixed_point.times_inverse_sqrt2(np.array(inside))
    in_32_bits = fixed_point.times_inverse_sqrt2_32(np.array(inside, dtype=np.int32))
    assert (exact == in_32_bits).all() and in_32_bits.dtype == np.int32


def step_in_fractions(model, hidden, x, step):
    """One step of one sequence, from the text of the definition, in exact fractions."""
    k, root = block_scale(model.block_size)
    mixed = (
        np.kron(
            np.eye(model.hidden_size // model.block_size, dtype=np.int64),
            sylvester(model.block_size),
        )
        @ hidden
    )
    out = []
    for i in range(model.hidden_size):
        y = Fraction(int(model.signs[i]) * int(mixed[i]))
        if root:
            y = Fraction(floor(y * Fraction(46341, 65536) + Fraction(1, 2)))
        row = model.input_weight[i].tolist()
        p = (
            row[x]
            if model.input_kind == "symbol"
            else sum(u * int(value) for u, value in zip(row, x, strict=True))
        )
        drive = p * model.input_multiplier + int(model.bias[i]) * 2**model.bias_shift
        drive += fixed_point.rounding_constant(step, model.fraction_bits, k)
        value = floor(y / 2**k + Fraction(drive, 2**model.fraction_bits))
        out.append(max(-model.state_limit, min(model.state_limit, value)))
    return np.array(out)


@pytest.mark.parametrize("block_size", [1, 2, 4, 8, 32])
@pytest.mark.parametrize("kind", ["dense", "symbol"])
def test_step_equals_fractions(block_size, kind):
    rng = np.random.default_rng(block_size)
    model = random_model(rng, block_size=block_size, kind=kind, activation_bits=9)
    state, hidden = model.initial_state(), np.zeros(model.hidden_size, dtype=np.int64)
    for step, x in enumerate(random_inputs(rng, model, sequences=1)[0]):
        hidden = step_in_fractions(model, hidden, x, step)
        assert (model.step(state, x).hidden == hidden).all()


def test_sequences_equal_steps():
    rng = np.random.default_rng(1)
    for model in many_models():
        x = random_inputs(rng, model)
        state, logits = model.initial_state(len(x)), []
        for t in range(STEPS):
            model.step(state, x[:, t])
            logits.append(model.logits(state))
        expected = np.stack(logits, axis=1) if model.per_step else logits[-1]
        assert (model.run_logits(x, workers=1) == expected).all()


def test_trace_is_one_checksum_of_every_step():
    rng = np.random.default_rng(2)
    for readout in ("last", "mean"):
        model = random_model(rng, readout=readout)
        x, state, data = random_inputs(rng, model, sequences=1), model.initial_state(), b""
        for x_t in x[0]:
            model.step(state, x_t)
            sums = state.sums.astype("<u4").tobytes() if readout == "mean" else b""
            data += state.hidden.astype("<i2").tobytes() + sums
            data += model.logits(state).astype("<i4").tobytes()
        assert model.trace(x)[1].tolist() == [zlib.crc32(data)]


def test_batches_and_threads_do_not_change_results(monkeypatch):
    rng = np.random.default_rng(3)
    model = random_model(rng)
    x = random_inputs(rng, model, sequences=50)
    expected = model.run_logits(x)
    monkeypatch.setattr("hadamrnn.integer.batch.CHUNK_ELEMENTS", 1)
    assert (model.run_logits(x, workers=3) == expected).all()


def test_accumulator_bound_is_reached_by_no_state_and_is_tight():
    """The bound exceeds the largest sum that extreme states and inputs make by rounding only."""
    rng = np.random.default_rng(4)
    for m in (2, 4, 8):
        model = random_model(rng, block_size=m, q=1, input_size=1)
        k, root = block_scale(m)
        u = model.signs[:, None] * sylvester(m).astype(np.int64) * model.state_limit
        worst = 0
        for row, i in zip(u, range(m), strict=True):  # the state that makes t_i largest
            t = int(abs(row).sum())
            y = max(-int(fixed_point.times_inverse_sqrt2(np.array(-t))) if root else t, t * 0)
            p = abs(int(model.input_weight[i, 0])) * 128
            worst = max(
                worst,
                y * 2 ** (model.fraction_bits - k)
                + p * model.input_multiplier
                + abs(int(model.bias[i])) * 2**model.bias_shift,
            )
        bound = accumulator_bound(
            m,
            model.activation_bits,
            model.fraction_bits,
            input_bounds(model.input_weight, False, 8),
            model.input_multiplier,
            model.bias,
            model.bias_shift,
        )
        assert (
            bound
            == worst + (1 << (model.fraction_bits - 1)) + (1 << (model.fraction_bits - k - 1))
            <= INT32_MAX
        )


@pytest.mark.parametrize("block_size", [4, 8, 16, 32, 64, 128, 512])
@pytest.mark.parametrize("with_bias", [False, True])
def test_rounding_does_not_drift_over_1000_steps(block_size, with_bias):
    """Without input, 1000 steps differ from the exact product as independent roundings would."""
    rng, d = np.random.default_rng(5), 512
    model = random_model(
        rng, block_size=block_size, q=d // block_size, activation_bits=12, input_size=1
    )
    nothing = np.zeros((d, 1), dtype=int)
    bias = rng.integers(-30, 31, d) * with_bias
    model = dataclasses.replace(model, input_weight=nothing, bias=bias)
    state = model.initial_state()
    state.hidden = exact = rng.integers(-400, 400, d)
    W = recurrent_matrix(model.signs, block_size)
    for _ in range(1000):
        model.step(state, np.zeros(1, dtype=int))
        exact = W @ exact + bias * 2.0**model.bias_shift / 2**model.fraction_bits
    assert np.sqrt(np.mean((state.hidden - exact) ** 2)) < 1.3 * np.sqrt(1000 / 12)


def test_quantize_input_rounds_clips_and_maps_zero_to_the_zero_point():
    model = random_model(np.random.default_rng(6), input_size=1)
    x = np.array([[-1.0, 0.0, 1 / 255, 0.5 / 255, 1.0, 7.0]])[..., None]
    assert model.quantize_input(x).ravel().tolist() == [-128, -128, -127, -128, 127, 127]
    assert model.quantize_input(x).dtype == np.int8


def test_argmax_ties_go_to_the_lowest_class():
    rng = np.random.default_rng(7)
    model = random_model(
        rng, output_weight=np.zeros((4, 16), dtype=int), output_bias=np.array([1, 5, 5, 2])
    )
    assert model.predict(np.zeros((2, 3, 3))).tolist() == [1, 1]


def test_mean_logits_do_not_depend_on_the_shift_beyond_rounding():
    model = random_model(
        np.random.default_rng(8), readout="mean", bits=8, activation_bits=16, max_steps=60000
    )
    bound = logit_bound(model.output_weight, model.output_bias, "mean", 16, 60000, model.sum_shift)
    assert model.sum_shift > 0 and bound <= INT32_MAX
    assert (
        logit_bound(model.output_weight, model.output_bias, "mean", 16, 60000, model.sum_shift - 1)
        > INT32_MAX
    )


REFUSALS = {
    "activation_bits: must be an integer from 2 to 16; got 17": {"activation_bits": 17},
    "fraction_bits: must be an integer from 1 to 20; got 21": {"fraction_bits": 21},
    "fraction_bits: must be at least 2 for block_size=8; got 1": {"fraction_bits": 1},
    "fraction_bits: the 32-bit accumulator of a step could overflow": {
        "input_multiplier": INT32_MAX
    },
    "input_scale: must be a positive finite number; got 0.0": {"input_scale": 0.0},
    "input_kind: must be dense or symbol; got 'text'": {"input_kind": "text"},
    "readout: must be one of last, mean, log_mean; got 'max'": {"readout": "max"},
    "readout: must be last when every step is read out": {"readout": "mean", "per_step": True},
    "sum_shift: must be 0 for readout last; got 3": {"sum_shift": 3},
    "block_size: must be a power of two that divides hidden_size=16; got 3": {"block_size": 3},
    r"bias: must have shape \(16,\); got \(4,\)": {"bias": np.zeros(4, dtype=int)},
    "class_names: must be empty or one for each of 4 classes; got 1": {"class_names": ("a",)},
    "class_names, name: must be one non-empty line; got ''": {"name": ""},
    "signs: must be": {"signs": np.zeros(16, dtype=int)},
    "output_weight: must fit 4 bits; got values from 8 to 8": {
        "output_weight": np.full((4, 16), 8)
    },
    "max_steps: the 32-bit sum of states could overflow with activation_bits=8": {
        "readout": "mean",
        "max_steps": (1 << 32) - 1,
    },
    "sum_shift: the 32-bit logits could overflow": {
        "readout": "mean",
        "max_steps": 1 << 24,
        "sum_shift": 0,
    },
}


@pytest.mark.parametrize("message", REFUSALS)
def test_refused_fields(message):
    model = random_model(np.random.default_rng(0))
    with pytest.raises(HadamrnnError, match=message):
        dataclasses.replace(model, **REFUSALS[message])


def test_refused_scale_for_large_blocks():
    with pytest.raises(HadamrnnError, match=r"product with 1/sqrt\(2\) could overflow 32 bits"):
        random_model(np.random.default_rng(0), block_size=512, activation_bits=16)


def test_refused_inputs():
    rng = np.random.default_rng(0)
    dense, symbol = random_model(rng), random_model(rng, kind="symbol")
    mean = random_model(rng, readout="mean", max_steps=2)
    cases = [
        (lambda: dense.step(dense.initial_state(), np.zeros(3)), "must be integers here"),
        (lambda: dense.step(dense.initial_state(), np.zeros(2, int)), "last axis must hold 3"),
        (lambda: dense.step(dense.initial_state(), np.full(3, 128)), "from -128 to 127; got 128"),
        (lambda: symbol.predict(np.full((1, 2), 3)), "integers from 0 to 2; got 3"),
        (lambda: symbol.predict(np.full((1, 2), 0.5)), "symbol ids must be integers"),
        (lambda: dense.predict(np.zeros((2, 3))), r"must have shape \(batch, time, 3 features\)"),
        (lambda: dense.predict(np.full((1, 1, 3), np.nan)), "must be numbers; got NaN"),
        (lambda: mean.predict(np.zeros((1, 3, 3))), "at most max_steps=2 steps are proven; got 3"),
    ]
    for call, message in cases:
        with pytest.raises(HadamrnnError, match=message):
            call()
    state = mean.initial_state()
    for _ in range(2):
        mean.step(state, np.zeros(3, int))
    with pytest.raises(HadamrnnError, match="proven for 2 steps; got one more"):
        mean.step(state, np.zeros(3, int))


def test_a_breached_width_is_noticed():
    model = random_model(np.random.default_rng(0), block_size=4, activation_bits=14)
    state = model.initial_state()
    state.hidden = state.hidden + 30000  # no step can produce this
    with pytest.raises(OverflowError, match="transform: proven to fit 16 bits"):
        model.step(state, np.zeros(3, int))


def test_streaming_one_sequence_equals_a_batch():
    rng = np.random.default_rng(9)
    model = random_model(rng, readout="mean")
    x = random_inputs(rng, model, sequences=2)
    state = model.initial_state()
    for x_t in x[1]:
        model.step(state, x_t)
    assert (model.logits(state) == model.run_logits(x)[1]).all() and state.steps == STEPS

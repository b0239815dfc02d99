"""The last value that is allowed and the first that is not; the first steps of a sequence."""

from dataclasses import replace

import numpy as np
import pytest

from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import batch, packed
from hadamrnn.integer.fixed_point import check_width
from hadamrnn.integer.logarithm import ilog2
from hadamrnn.integer.proof import state_limit
from tests.random_models import random_inputs, random_model


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_states_of_at_most_32768_numbers(rng):
    assert random_model(rng, q=1 << 12).hidden_size == 1 << 15
    with pytest.raises(HadamrnnError, match="hidden_size: .* from 1 to 32768; got 32776"):
        random_model(rng, q=(1 << 12) + 1)


def test_multipliers_of_rows_from_zero_to_32767(rng):
    model = random_model(rng, multiplied=True)
    for edge in (0, 32767):
        replace(model, row_multipliers=np.full(4, edge))
    for beyond in (-1, 32768):
        with pytest.raises(HadamrnnError, match=f"row_multipliers: .* 0 to 32767; .*{beyond}"):
            replace(model, row_multipliers=np.array([0, 1, 2, beyond]))


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("bits", [16, 32])
def test_widths_end_where_their_integers_do(bits, signed):
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    assert check_width(np.array([low, high]), bits, "sum", signed).tolist() == [low, high]
    for beyond in (low - 1, high + 1):
        with pytest.raises(OverflowError, match=f"{bits} bits, but reached {beyond}$"):
            check_width(np.array([0, beyond]), bits, "sum", signed)


def test_sums_of_at_most_16_bits_are_kept_in_16(rng):
    steps = 65535 // state_limit(8)
    at_most = random_model(rng, readout="mean", max_steps=steps)
    beyond = replace(at_most, max_steps=steps + 1)
    assert (random_model(rng).sum_bits, at_most.sum_bits, beyond.sum_bits) == (0, 16, 32)


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_the_logarithm_of_a_mean_from_the_first_step(rng, steps):
    model = random_model(rng, readout="log_mean")
    state = model.initial_state()
    for x in random_inputs(rng, model)[0, :steps]:
        model.step(state, x)
    count = max(steps, 1)
    seen = ilog2(state.sums + count * model.log_floor) - ilog2(count)
    expected = seen @ model.output_weight.astype(np.int64).T + model.output_bias
    assert (model.logits(state) == expected).all()


def test_names_of_at_most_65535_bytes(rng, tmp_path):
    model = random_model(rng, class_names=("a", "b", "c", "d"))
    room = 65535 - len("\n".join((model.name, *model.class_names)).encode()) + 1
    longest = replace(model, class_names=("a", "b", "c", "d" * room))
    packed.write(longest, tmp_path / "model.hrnn")
    assert packed.read(tmp_path / "model.hrnn").class_names == longest.class_names
    with pytest.raises(HadamrnnError, match="at most 65535 bytes; got 65536"):
        packed.to_bytes(replace(model, class_names=("a", "b", "c", "d" * (room + 1))))


def test_checksums_are_computed_where_they_are_wanted(rng):
    model = random_model(rng)
    x = random_inputs(rng, model)
    assert batch.run(model, x)[1] is None
    assert batch.run(model, x, trace=True)[1].shape == (len(x),)

"""Biases of few bits: what their error leaves in the states, and that rounding keeps it small."""

import numpy as np
import pytest

from hadamrnn.export import biases
from hadamrnn.hadamard import recurrent_matrix


def states_of(error, signs, block_size, steps, fade):
    """What a constant error at every step makes of the states, by the recurrence itself."""
    W = recurrent_matrix(signs, block_size) * (1 - 2.0**-fade if fade else 1)
    state, states = np.zeros(len(signs)), []
    for _ in range(steps):
        state = W @ state + error
        states.append(state)
    return np.array(states)


def cost(error, weight):
    parts = error.reshape(len(weight), -1)
    return np.einsum("ki,kij,kj->", parts, weight, parts)


@pytest.mark.parametrize("fade", [0, 1, 4])
@pytest.mark.parametrize("block_size, q", [(2, 1), (4, 3), (32, 2)])
@pytest.mark.parametrize("steps", [1, 2, 3, 7, 100])
def test_the_weight_is_the_squared_error_of_the_states(block_size, q, steps, fade):
    rng = np.random.default_rng(steps)
    signs, error = rng.choice([-1, 1], q * block_size), rng.normal(size=q * block_size)
    states = states_of(error, signs, block_size, steps, fade)
    for last, expected in ((False, states), (True, states[-1])):
        weight = biases.accumulation(signs, block_size, steps, fade, last)
        assert np.isclose(cost(error, weight), np.square(expected).sum(), rtol=1e-9)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("block_size, q", [(8, 4), (64, 1)])
def test_no_whole_step_of_one_bias_leaves_less(block_size, q, bits, last):
    rng = np.random.default_rng(bits)
    signs, d = rng.choice([-1, 1], q * block_size), q * block_size
    weight = biases.accumulation(signs, block_size, 300, last=last)
    exact = np.rint(rng.normal(0, 1000, d)).astype(np.int64)
    found, shift = biases.stored(exact, bits, weight)
    nearest, same = biases.stored(exact, bits, None)
    most = (1 << (bits - 1)) - 1
    assert shift == same and np.abs(found).max() <= most

    def left(bias):
        return cost(((bias << shift) - exact).astype(float), weight)

    assert left(found) < left(nearest) / 2
    for i in range(d):
        for change in (-1, 1):
            other = found.copy()
            other[i] += change
            assert np.abs(other).max() > most or left(other) >= left(found) * (1 - 1e-9)


@pytest.mark.parametrize("bits", [3, 4])
def test_a_few_large_biases_do_not_make_all_others_coarse(bits):
    """The squared error is less than with the finest step that holds all of them."""
    rng = np.random.default_rng(8)
    exact = np.rint(rng.normal(0, 2000, 256)).astype(np.int64)
    exact[3] = -11000
    bias, shift = biases.stored(exact, bits, None)
    most = (1 << (bits - 1)) - 1
    holding = 2 ** np.ceil(np.log2(11000 / (most + 0.5)))
    error = np.square((bias << shift) - exact).sum()
    assert error < 0.7 * np.square(np.rint(exact / holding) * holding - exact).sum()
    assert bias[3] == -most


def test_biases_that_no_shift_holds_are_none():
    assert biases.stored(np.array([1 << 50, 0]), 2, None) is None

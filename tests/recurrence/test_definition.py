"""Every form of the recurrence has the values and gradients of the step loop that defines it."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hadamrnn.hadamard import recurrent_matrix
from tests.recurrence.cases import (
    EXACT,
    MODES,
    Case,
    assert_equal_to_definition,
    away_from_zero,
    defined,
    run,
)


@pytest.mark.parametrize(("hidden", "q"), [(1, 1), (2, 1), (8, 2), (12, 3), (64, 1), (5, 5)])
@pytest.mark.parametrize("initial", [False, True])
@pytest.mark.parametrize("fade", [None, 1, 5])
def test_reference_equals_a_loop_with_the_dense_matrix(fade, hidden, q, initial):
    case = Case(hidden, q, 9, 4, 3, mode="all", initial=initial, fade=fade)
    arguments = case.arguments()
    arrays = {n: a.detach().numpy() for n, a in arguments.items() if a is not None}
    matrix = recurrent_matrix(arrays["signs"], case.block_size) * (1 - 2.0 ** -(fade or 99))
    state = arrays["initial_state"] if initial else np.zeros((case.batch, hidden))
    output, last = run(case, arguments, "reference")
    for t in range(case.steps):
        state = state @ matrix.T + arrays["inputs"][:, t] @ arrays["input_weight"].T
        state = state + arrays["bias"]
        np.testing.assert_allclose(output[:, t].detach().numpy(), state, rtol=1e-12, atol=1e-12)
    assert torch.equal(last, output[:, -1])


@pytest.mark.parametrize("symbols", [False, True])
def test_reference_readouts(symbols):
    states = defined(Case(8, 2, 9, 4, 3, mode="all", symbols=symbols))["output"]
    last, mean, logits = (
        defined(Case(8, 2, 9, 4, 3, mode=mode, symbols=symbols))["output"]
        for mode in ("last", "mean", "logits")
    )
    arguments = Case(8, 2, 9, 4, 3, mode="logits").arguments()
    assert torch.equal(last, states[:, -1])
    torch.testing.assert_close(mean, sum(states[:, t].relu() for t in range(9)) / 9)
    expected = states.relu() @ arguments["output_weight"].t() + arguments["output_bias"]
    torch.testing.assert_close(logits, expected.detach())


# ------------------------------------------------------------------------ float64: one answer

SIZES = [  # hidden, q, steps, batch, features
    (1, 1, 5, 2, 3),
    (2, 1, 1, 1, 1),
    (4, 4, 7, 3, 2),
    (6, 3, 8, 16, 4),
    (16, 2, 17, 17, 5),
    (16, 1, 45, 3, 3),
    (16, 1, 9, 33, 3),
    (32, 1, 6, 5, 60),
    (12, 3, 11, 4, 48),
    (24, 3, 10, 1, 49),
    (64, 4, 30, 16, 7),
    (128, 2, 40, 17, 9),
    (256, 8, 16, 33, 2),
    (512, 1, 20, 2, 1),
]


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
@pytest.mark.parametrize("initial", [False, True], ids=["zero", "initial"])
@pytest.mark.parametrize("symbols", [False, True], ids=["dense", "symbols"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_every_form_equals_the_definition(sizes, mode, symbols, initial, bias):
    case = away_from_zero(Case(*sizes, mode, symbols, initial, bias))
    for backend in case.forms():
        assert_equal_to_definition(case, backend)


@pytest.mark.parametrize("initial", [False, True], ids=["zero", "initial"])
@pytest.mark.parametrize("symbols", [False, True], ids=["dense", "symbols"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fade", [1, 4])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_every_form_fades_as_the_definition(sizes, fade, mode, symbols, initial):
    case = away_from_zero(Case(*sizes, mode, symbols, initial, fade=fade))
    for backend in case.forms():
        assert_equal_to_definition(case, backend)


@pytest.mark.parametrize("steps", [*range(1, 18), 24, 25, 26, 120])
@pytest.mark.parametrize("mode", MODES)
def test_segments_of_kept_states_of_any_length(mode, steps):
    assert_equal_to_definition(away_from_zero(Case(16, 2, steps, 19, 3, mode, fade=2)), "scan")


CASES = st.builds(
    lambda block_size, q, **rest: Case(block_size * q, q, **rest),
    block_size=st.sampled_from([1, 2, 4, 8, 16, 32, 64]),
    q=st.integers(1, 5),
    steps=st.integers(1, 40),
    batch=st.integers(1, 40),
    features=st.integers(1, 60),
    mode=st.sampled_from(MODES),
    symbols=st.booleans(),
    initial=st.booleans(),
    bias=st.booleans(),
    outputs=st.integers(1, 9),
    fade=st.none() | st.integers(1, 15),
)


@settings(max_examples=60)
@given(case=CASES)
def test_every_form_equals_the_definition_at_any_size(case):
    case = away_from_zero(case)
    for backend in case.forms():
        assert_equal_to_definition(case, backend)


@pytest.mark.parametrize("features", [5, 60])
@pytest.mark.parametrize("mode", MODES)
def test_gradients_when_the_inputs_need_none(mode, features):
    case = Case(16, 2, 9, 18, features, mode=mode)
    for backend in case.forms():
        arguments = case.arguments()
        arguments["inputs"].requires_grad_(False)
        output, last = run(case, arguments, backend)
        (output * output).sum().add(last.sum()).backward()
        expected = case.arguments()
        output, last = run(case, expected, "reference")
        (output * output).sum().add(last.sum()).backward()
        assert arguments["inputs"].grad is None
        for name in ("input_weight", "bias", "signs"):
            difference = arguments[name].grad - expected[name].grad
            assert difference.abs().max() < EXACT * expected[name].grad.abs().max(), name


@pytest.mark.parametrize("backend", ["krylov", "scan", "powers", "frame"])
def test_arguments_of_any_strides(backend):
    case = Case(16, 2, 9, 18, 5)
    arguments = case.arguments()
    with torch.no_grad():
        strided = {
            "inputs": arguments["inputs"].transpose(0, 1).contiguous().transpose(0, 1),
            "input_weight": arguments["input_weight"].t().contiguous().t(),
            "bias": arguments["bias"].repeat_interleave(2)[::2],
            "signs": arguments["signs"].repeat_interleave(3)[::3],
        }
    strided = {name: tensor.requires_grad_() for name, tensor in strided.items()}
    for given_ in (arguments, arguments | strided):
        run(case, given_, backend)[0].square().sum().backward()
    for name, tensor in strided.items():
        assert not tensor.is_contiguous()
        torch.testing.assert_close(tensor.grad, arguments[name].grad, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("symbols", [False, True])
def test_inputs_of_all_lanes_stay_apart(symbols):
    """A sequence's result does not depend on who shares its tile."""
    case = Case(16, 2, 9, 37, 5, mode="mean", symbols=symbols)
    arguments = case.arguments()
    together = run(case, arguments, "scan")[0]
    for row in (0, 15, 16, 36):
        alone = run(case, arguments | {"inputs": arguments["inputs"][row : row + 1]}, "scan")[0]
        assert torch.equal(alone[0], together[row])


def second_gradients(case, backend):
    """Gradients of a function of the gradients, as a gradient penalty takes them."""
    arguments = case.arguments()
    output, last = run(case, arguments, backend)
    leaves = [a for a in arguments.values() if a is not None and a.requires_grad]
    loss = output.square().sum() + last.pow(3).sum()
    first = torch.autograd.grad(loss, leaves, create_graph=True)
    penalty = sum(gradient.square().sum() for gradient in first)
    return torch.autograd.grad(penalty, leaves, materialize_grads=True)


@pytest.mark.parametrize("features", [3, 60])
@pytest.mark.parametrize("symbols", [False, True], ids=["dense", "symbols"])
@pytest.mark.parametrize("mode", MODES)
def test_second_derivatives_equal_the_definition(mode, symbols, features):
    for initial, fade in ((False, None), (True, None), (False, 2)):
        case = away_from_zero(Case(16, 2, 7, 5, features, mode, symbols, initial, fade=fade))
        expected = second_gradients(case, "reference")
        for backend in case.forms():
            found = second_gradients(case, backend)
            torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)

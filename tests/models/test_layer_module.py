"""HadamRNN as a torch module: state, types, initial parameters, and sentences on arguments."""

import copy
import math
import re

import pytest
import torch

from hadamrnn.errors import HadamrnnError
from hadamrnn.models.layer import HadamRNN
from tests.models.layers import inputs_of, make

# -------------------------------------------------------------------------------- a torch module


@pytest.mark.parametrize("bias", [True, False])
def test_state_dict_round_trip(bias):
    layer, other = make(3, 16, bias=bias), make(3, 16, bias=bias, seed=1)
    names = ["sign_weight", "input_weight", "bias"][: 2 + bias]
    assert list(layer.state_dict()) == [*names, "_extra_state"]
    assert [name for name, _ in layer.named_parameters()] == names
    x = inputs_of(layer)
    assert not torch.equal(layer(x)[0], other(x)[0])
    other.load_state_dict(layer.state_dict())
    assert torch.equal(layer(x)[0], other(x)[0])


def test_deepcopy_is_independent():
    layer = make(3, 16)
    x = inputs_of(layer)
    before = layer(x)[0]
    clone = copy.deepcopy(layer)
    assert torch.equal(clone(x)[0], before)
    with torch.no_grad():
        for parameter in clone.parameters():
            parameter.neg_()
    assert not torch.equal(clone(x)[0], before)
    assert torch.equal(layer(x)[0], before)


@pytest.mark.parametrize("method", ["last_state", "mean_state"])
def test_single_and_double_precision_agree(method):
    single = make(3, 16, dtype=torch.float32)
    double = copy.deepcopy(single).double()
    x = inputs_of(single)
    result, exact = getattr(single, method)(x), getattr(double, method)(x.double())
    assert result.dtype == torch.float32
    assert exact.dtype == torch.float64
    assert double.recurrent_weight().dtype == torch.float64
    torch.testing.assert_close(result.double(), exact, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("method", ["last_state", "mean_state"])
def test_half_precision_runs(method, dtype):
    half = make(3, 16, dtype=dtype)
    x = inputs_of(half)
    result = getattr(half, method)(x)
    result.sum().backward()
    assert result.dtype == half.input_weight.grad.dtype == dtype
    exact = getattr(copy.deepcopy(half).double(), method)(x.double())
    assert (result - exact).norm() < 0.05 * exact.norm()


def test_training_and_evaluation_are_the_same():
    layer = make(3, 16)
    x = inputs_of(layer)
    assert torch.equal(layer.train()(x)[0], layer.eval()(x)[0])


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_without_gradients(context):
    layer = make(3, 16)
    x = inputs_of(layer)
    expected = layer(x)[0]
    with context():
        output, _ = layer(x)
        last = layer.last_state(x)
    assert not output.requires_grad
    torch.testing.assert_close(output, expected.detach())
    torch.testing.assert_close(last, expected[:, -1].detach())


def test_initial_parameters_depend_on_torchs_seed_alone():
    first, second, other = make(3, 16), make(3, 16), make(3, 16, seed=1)
    assert all(
        torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True)
    )
    assert not torch.equal(first.input_weight, other.input_weight)
    other.load_state_dict(first.state_dict())
    torch.manual_seed(0)
    other.to(torch.float32).reset_parameters()
    torch.testing.assert_close(other.input_weight.double(), first.input_weight)


def test_initial_parameters_fill_the_papers_ranges():
    layer = make(50, 400, q=25)
    bounds = {"sign_weight": math.sqrt(6 / 401), "input_weight": math.sqrt(6 / 450), "bias": 1 / 20}
    for name, bound in bounds.items():
        highest = getattr(layer, name).abs().max().item()
        assert 0.95 * bound < highest <= bound, name


def test_repr():
    assert repr(HadamRNN(3, 8, q=2)) == "HadamRNN(3, 8, q=2, weight_bits=4, bias=True)"
    layer = HadamRNN(3, 8, weight_bits=None, bias=False)
    assert repr(layer) == "HadamRNN(3, 8, q=1, weight_bits=None, bias=False)"
    assert repr(HadamRNN(3, 8, fade=5)) == "HadamRNN(3, 8, q=1, weight_bits=4, bias=True, fade=5)"


# ---------------------------------------------------------------------------------------- errors

BITS = "weight_bits: must be an integer from 1 (ternary) to 8, or null for full precision; got"
BLOCKS = "blocks whose size is a power of two"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0, 8), "input_size: must be at least 1; got 0"),
        ((3, 100), f"q: must divide hidden_size=100 into {BLOCKS}; got q=1"),
        ((3, 8, 3), f"q: must divide hidden_size=8 into {BLOCKS}; got q=3"),
        ((3, 8, 1, -1), f"{BITS} -1"),
        ((3, 8, 1, 9), f"{BITS} 9"),
    ],
)
def test_constructor_errors(arguments, words):
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        HadamRNN(*arguments)


SHAPES = (
    "must have shape (batch, time, 3) or (time, 3) if float, (batch, time) or (time,) if integer "
    "ids"
)
IDS = torch.zeros(2, 4, dtype=torch.int64)
DENSE = torch.zeros(2, 4, 3, dtype=torch.float64)


@pytest.mark.parametrize(
    ("backend", "words"),
    [
        ("krylov", "backend: krylov makes the last state from dense inputs and a zero initial"),
        ("fft", "backend: must be one of auto, krylov, scan, powers, frame, reference; got 'fft'"),
    ],
)
def test_backend_errors(backend, words):
    layer = make(3, 8, backend=backend)
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}"):
        layer(DENSE)


@pytest.mark.parametrize(
    ("x", "h_0", "words"),
    [
        (
            torch.zeros(4),
            None,
            f"x: {SHAPES}; got (4,) of torch.float32",
        ),
        (
            torch.zeros(2, 4, 5),
            None,
            f"x: {SHAPES}; got (2, 4, 5) of torch.float32",
        ),
        (DENSE[:, :0], None, "x: must have at least one time step; got 0"),
        (IDS[:, :0], None, "x: must have at least one time step; got 0"),
        (DENSE[:, :, 0], None, f"x: {SHAPES}; got (2, 4) of torch.float64"),
        (IDS.to(torch.complex64), None, f"x: {SHAPES}; got (2, 4) of torch.complex64"),
        (IDS + 3, None, "x: ids must lie in 0..2; got 3..3"),
        (IDS - 1, None, "x: ids must lie in 0..2; got -1..-1"),
        (DENSE, DENSE[0], "h_0: must have shape (2, 8) or (1, 2, 8); got (4, 3)"),
        (
            DENSE.float(),
            None,
            "x: must have the parameters' type torch.float64; got torch.float32",
        ),
        (DENSE.long(), None, f"x: {SHAPES}; got (2, 4, 3) of torch.int64"),
        (
            DENSE,
            torch.zeros(2, 8),
            "h_0: must have the parameters' type torch.float64; got torch.float32",
        ),
    ],
)
@pytest.mark.parametrize("method", ["forward", "last_state", "mean_state"])
def test_argument_errors(method, x, h_0, words):
    layer = make(3, 8)
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        getattr(layer, method)(x, h_0)

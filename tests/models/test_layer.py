"""HadamRNN as a torch module: what torch.nn.RNN promises, and an orthogonal binary W."""

import copy
import math
import re

import pytest
import torch

from hadamrnn.errors import HadamrnnError
from hadamrnn.hadamard import recurrent_matrix
from hadamrnn.models.layer import HadamRNN
from hadamrnn.models.quantization import quantize

SIZES = [(2**k, 2**j) for k in range(1, 10) for j in range(k + 1)] + [(12, 3), (96, 3), (5, 5)]


def make(*arguments, seed=0, dtype=torch.float64, **options):
    """A layer whose signs have gradients, unless said otherwise."""
    torch.manual_seed(seed)
    return HadamRNN(*arguments, **{"hold_signs": False} | options).to(dtype)


def inputs_of(layer, batch=4, steps=11, seed=1, symbols=False):
    generator = torch.Generator().manual_seed(seed)
    if symbols:
        return torch.randint(layer.input_size, (batch, steps), generator=generator)
    shape = (batch, steps, layer.input_size)
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(layer.input_weight)


def straight_through(weight, value):
    """``value`` with the gradient of ``weight``."""
    return weight + (value - weight).detach()


def plain_states(layer, x, h_0=None):
    """h_1 .. h_T by a dense step loop, written from the definition alone."""
    signs = torch.where(layer.sign_weight[0] < 0, -1.0, 1.0).to(layer.sign_weight)
    u = straight_through(layer.sign_weight[0], signs)
    weight = layer.input_weight
    if layer.weight_bits is not None:
        weight = straight_through(weight, quantize(weight.detach(), layer.weight_bits))
    blocks = recurrent_matrix([1] * layer.hidden_size, layer.block_size)
    blocks *= 1 if layer.fade is None else 1 - 2.0**-layer.fade
    matrix = u[:, None] * torch.from_numpy(blocks).to(u)
    state = torch.zeros(len(x), layer.hidden_size).to(u) if h_0 is None else h_0
    if x.dim() == 2:
        x = torch.nn.functional.one_hot(x, layer.input_size).to(u)
    states = []
    for t in range(x.shape[1]):
        state = state @ matrix.t() + x[:, t] @ weight.t()
        state = state if layer.bias is None else state + layer.bias
        states.append(state)
    return torch.stack(states, 1)


def weighted_sum(tensor):
    generator = torch.Generator().manual_seed(5)
    return (torch.randn(tensor.shape, generator=generator, dtype=torch.float64) * tensor).sum()


# ------------------------------------------------------------------------------------ orthogonal


@pytest.mark.parametrize(("hidden_size", "q"), SIZES)
def test_recurrent_weight_stays_orthogonal_while_the_signs_train(hidden_size, q):
    layer = make(3, hidden_size, q=q, dtype=torch.float32)
    with torch.no_grad():
        layer.sign_weight[0, 0] = 0
    before = layer.signs().detach().clone()
    optimizer = torch.optim.Adam(layer.parameters(), lr=1.0)
    for step in range(3):
        optimizer.zero_grad()
        weighted_sum(layer.last_state(inputs_of(layer, steps=6, seed=step))).backward()
        optimizer.step()
    signs, block_size = layer.signs().detach(), hidden_size // q
    if hidden_size >= 8:
        assert (signs != before).any()
    assert set(signs.tolist()) <= {-1.0, 1.0}
    weight = layer.recurrent_weight()
    inside = torch.block_diag(*[torch.ones(block_size, block_size)] * q) == 1
    assert (weight[~inside] == 0).all()
    magnitudes = weight[inside].abs()
    assert (magnitudes == magnitudes[0]).all()
    assert magnitudes[0].item() == pytest.approx(1 / math.sqrt(block_size), rel=1e-7)
    ternary = weight.sign().double()
    gram = ternary @ ternary.t()
    assert torch.equal(gram, block_size * torch.eye(hidden_size, dtype=torch.float64))


def test_a_zero_weight_is_a_positive_sign():
    layer = make(3, 8, q=2)
    with torch.no_grad():
        layer.sign_weight.zero_()
    assert layer.signs().tolist() == [1] * 8
    assert (layer.recurrent_weight().abs().sum(1) > 0).all()


def test_recurrent_weight_is_the_dense_matrix():
    layer = make(3, 24, q=3)
    expected = torch.from_numpy(recurrent_matrix(layer.signs().detach().numpy(), 8))
    torch.testing.assert_close(layer.recurrent_weight(), expected)
    assert not layer.recurrent_weight().requires_grad


# ------------------------------------------------------------------------------ values, gradients

OPTIONS = [
    {},
    {"q": 4},
    {"bias": False},
    {"weight_bits": 1},
    {"weight_bits": 8, "q": 2},
    {"weight_bits": None},
    {"fade": 3},
    {"backend": "scan"},
    {"backend": "doubling"},
    {"backend": "reference"},
]


@pytest.mark.parametrize("symbols", [False, True], ids=["dense", "symbols"])
@pytest.mark.parametrize("initial", [False, True], ids=["zero", "initial"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_values_and_gradients_equal_a_dense_step_loop(options, initial, symbols):
    layer = make(3, 16, **options)
    x = inputs_of(layer, symbols=symbols)
    h_0 = inputs_of(make(16, 16), seed=2)[:, 0] if initial else None
    leaves = list(layer.parameters())
    if not symbols:
        leaves.append(x.requires_grad_())
    if initial:
        leaves.append(h_0.requires_grad_())
    states = plain_states(layer, x, h_0)
    output, h_n = layer(x, h_0)
    pairs = [
        (output, states),
        (h_n, states[:, -1]),
        (layer.last_state(x, h_0), states[:, -1]),
        (layer.mean_state(x, h_0), states.relu().mean(1)),
    ]
    for result, expected in pairs:
        torch.testing.assert_close(result, expected, rtol=1e-10, atol=1e-12)
        gradients = torch.autograd.grad(weighted_sum(result), leaves, retain_graph=True)
        wanted = torch.autograd.grad(weighted_sum(expected), leaves, retain_graph=True)
        torch.testing.assert_close(gradients, wanted, rtol=1e-10, atol=1e-12)


class Calls(torch.nn.Module):
    """One method of a layer as the forward pass, for torch.func.functional_call."""

    def __init__(self, layer, method):
        super().__init__()
        self.layer, self.method = layer, method

    def forward(self, x, h_0):
        return getattr(self.layer, self.method)(x, h_0)


@pytest.mark.parametrize("method", ["forward", "last_state", "mean_state"])
def test_gradcheck_of_every_smooth_argument(method):
    layer = make(2, 8, q=2, weight_bits=None)
    module = Calls(layer, method)

    def function(x, h_0, weight, bias):
        parameters = {"layer.input_weight": weight, "layer.bias": bias}
        return torch.func.functional_call(module, parameters, (x, h_0))

    h_0 = inputs_of(make(8, 8), batch=3, seed=2)[:, 0]
    arguments = (inputs_of(layer, 3, 5), h_0, layer.input_weight, layer.bias)
    arguments = tuple(argument.detach().clone().requires_grad_() for argument in arguments)
    assert torch.autograd.gradcheck(function, arguments)


@pytest.mark.parametrize("method", ["forward", "last_state", "mean_state"])
@pytest.mark.parametrize("integer", [torch.int32, torch.int64, torch.uint8])
def test_ids_are_one_hot_inputs(method, integer):
    layer = make(60, 16, q=2)
    ids = inputs_of(layer, symbols=True)
    one_hot = torch.nn.functional.one_hot(ids, 60).double()
    function = getattr(layer, method)
    torch.testing.assert_close(function(ids.to(integer)), function(one_hot), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("cut", [1, 4, 10])
@pytest.mark.parametrize("symbols", [False, True])
def test_a_sequence_in_two_calls(symbols, cut):
    layer = make(3, 16)
    x = inputs_of(layer, symbols=symbols)
    whole, h_n = layer(x)
    first, middle = layer(x[:, :cut])
    second, last = layer(x[:, cut:], middle)
    torch.testing.assert_close(torch.cat((first, second), 1), whole, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(last, h_n, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(layer.last_state(x[:, cut:], middle), h_n, rtol=1e-12, atol=1e-12)


def test_held_signs_receive_no_gradient_and_change_no_other():
    free, held = make(3, 16), make(3, 16, hold_signs=True)
    for layer in (free, held):
        weighted_sum(layer.last_state(inputs_of(layer))).backward()
    assert held.sign_weight.grad is None
    assert torch.equal(free.input_weight.grad, held.input_weight.grad)
    assert torch.equal(free.bias.grad, held.bias.grad)


def test_full_precision_weights_are_used_as_they_are():
    layer = make(3, 16, weight_bits=None)
    assert layer.quantized_input_weight() is layer.input_weight


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_the_forward_pass_sees_few_different_weights(bits):
    layer = make(40, 64, weight_bits=bits)
    assert len(layer.quantized_input_weight().unique()) <= (3 if bits == 1 else 2**bits)


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
        ("fft", "backend: must be one of auto, krylov, scan, doubling, reference; got 'fft'"),
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

"""HadamRNN as a torch module: what torch.nn.RNN promises, and an orthogonal binary W."""

import math

import pytest
import torch

from hadamrnn.hadamard import recurrent_matrix
from hadamrnn.models.quantization import quantize
from tests.models.layers import inputs_of, make, weighted_sum

SIZES = [(2**k, 2**j) for k in range(1, 10) for j in range(k + 1)] + [(12, 3), (96, 3), (5, 5)]


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
    {"backend": "frame"},
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

"""The layer in other people's code: what torch.nn.RNN allows around itself holds here, too."""

import re

import numpy as np
import pytest
import torch
from torch.nn.utils import rnn

from hadamrnn.errors import HadamrnnError
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.models.layer import HadamRNN
from tests.models.layers import assert_near, numbers, outputs, small, symbols

METHODS = ["forward", "last_state", "mean_state"]
FADE = "fade: must be an integer from 1 to 15, or null for states that do not fade; got"
FORMS = ["auto", "krylov", "scan", "powers", "frame", "reference"]


# ---------------------------------------------------------------------------------------- signs


def test_signs_are_held_by_default():
    layer = small(weight_bits=None)
    before = layer.sign_weight.detach().clone()
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.1)
    for seed in range(3):
        optimizer.zero_grad()
        layer.last_state(numbers(seed=seed)).square().sum().backward()
        optimizer.step()
    assert torch.equal(layer.sign_weight, before)
    assert layer.input_weight.grad.any()
    assert not HadamClassifier(3, 8, 2).rnn.sign_weight.requires_grad


def test_moving_the_signs_is_a_choice():
    assert small(hold_signs=False).sign_weight.requires_grad
    assert HadamClassifier(3, 8, 2, hold_signs=False).rnn.sign_weight.requires_grad
    assert torch.equal(small(hold_signs=False).sign_weight, small().sign_weight)


# ------------------------------------------------------------------------------------- autocast


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast_around_the_layer(dtype, method):
    """A linear layer in front hands on half precision; the recurrence keeps its own type."""
    layer, front = small(), torch.nn.Linear(3, 3)
    with torch.autocast("cpu", dtype=dtype):
        half = front(numbers())
        results = getattr(layer, method)(half, torch.zeros(4, 8, dtype=dtype))
    assert half.dtype == dtype
    assert all(result.dtype == torch.float32 for result in outputs(results))
    assert_near(results, getattr(layer, method)(half.float()))
    sum(result.sum() for result in outputs(results)).backward()
    assert front.weight.grad.any()


def test_autocast_around_an_embedding():
    torch.manual_seed(0)
    model = HadamClassifier(50, 8, 2, embedding_size=4).eval()
    ids = torch.randint(50, (5, 200))
    plain = model.states(ids)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(model.states(ids), plain)


def test_other_types_are_refused_as_by_torch():
    words = "x: must have the parameters' type torch.float32; got"
    with pytest.raises(HadamrnnError, match=f"^{words} torch.bfloat16$"):
        small()(numbers().bfloat16())
    with (
        torch.autocast("cpu", dtype=torch.bfloat16),
        pytest.raises(HadamrnnError, match=f"^{words} torch.float64$"),
    ):
        small()(numbers().double())


# ----------------------------------------------------------------------------- in place, twice


@pytest.mark.parametrize("x", [numbers(), symbols()], ids=["numbers", "symbols"])
@pytest.mark.parametrize("backend", FORMS)
@pytest.mark.parametrize("method", METHODS)
def test_results_may_be_changed_in_place(method, backend, x):
    last = method == "last_state"
    if (backend == "powers" and not last) or (backend == "krylov" and (not last or x.dim() == 2)):
        return
    layer = small(backend=backend, hold_signs=False)
    results = outputs(getattr(layer, method)(x))
    expected = [result.detach().clone() for result in results]
    for index, result in enumerate(results):
        result.relu_()
        for other in range(index + 1, len(results)):
            assert torch.equal(results[other], expected[other])
    sum(result.sum() for result in results).backward()
    found = [parameter.grad.clone() for parameter in layer.parameters()]
    layer.zero_grad()
    sum(result.relu().sum() for result in outputs(getattr(layer, method)(x))).backward()
    for gradient, parameter in zip(found, layer.parameters(), strict=True):
        assert torch.equal(gradient, parameter.grad)


@pytest.mark.parametrize("method", METHODS)
def test_second_derivatives(method):
    layer, x = small(weight_bits=None).double(), numbers(2, 4).double().requires_grad_()
    assert torch.autograd.gradgradcheck(getattr(layer, method), (x,))


# ------------------------------------------------------------------------------ as was given


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("x", [numbers(), symbols()], ids=["numbers", "symbols"])
def test_state_with_the_axis_of_layers(x, method):
    layer, h_0 = small(), torch.randn(4, 8)
    plain = outputs(getattr(layer, method)(x, h_0))
    layered = outputs(getattr(layer, method)(x, h_0[None]))
    assert torch.equal(layered[-1], plain[-1][None])
    assert torch.equal(layered[0].reshape(plain[0].shape), plain[0])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("x", [numbers(1), symbols(1)], ids=["numbers", "symbols"])
def test_one_sequence_without_a_batch(x, method):
    layer, h_0 = small(), torch.randn(1, 8)
    expected = [result[0] for result in outputs(getattr(layer, method)(x, h_0))]
    for state in (h_0[0], h_0):
        results = outputs(getattr(layer, method)(x[0], state))
        assert torch.equal(results[-1], expected[-1].reshape(state.shape))
        assert torch.equal(results[0].reshape(expected[0].shape), expected[0])
    assert outputs(getattr(layer, method)(x[0]))[-1].shape == (8,)


@pytest.mark.parametrize("enforce_sorted", [True, False])
@pytest.mark.parametrize("x", [numbers(), symbols()], ids=["numbers", "symbols"])
def test_packed_sequences(x, enforce_sorted):
    lengths = torch.tensor([7, 5, 3, 1] if enforce_sorted else [3, 7, 1, 5])
    layer, h_0 = small(), torch.randn(4, 8)
    given = rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=enforce_sorted)
    output, h_n = layer(given, h_0)
    peer = rnn.PackedSequence(torch.zeros(len(given.data), 3), *given[1:])
    theirs, _ = torch.nn.RNN(3, 8)(peer)
    assert output.data.shape == theirs.data.shape
    for own, other in zip(output[1:], theirs[1:], strict=True):
        assert (own is None and other is None) or torch.equal(own, other)
    padded, found = rnn.pad_packed_sequence(output, batch_first=True)
    assert torch.equal(found, lengths)
    expected, last = layer(x, h_0, lengths)
    assert torch.equal(padded, expected)
    assert torch.equal(h_n, last)
    for method in ("last_state", "mean_state"):
        function = getattr(layer, method)
        assert torch.equal(function(given, h_0), function(x, h_0, lengths))


def test_numpy_integers_as_sizes():
    layer = HadamRNN(np.int32(3), np.int64(8), np.int8(2), weight_bits=np.int64(4), fade=np.int8(5))
    assert repr(layer) == repr(small(fade=5))
    sizes = (
        layer.input_size,
        layer.hidden_size,
        layer.q,
        layer.weight_bits,
        layer.block_size,
        layer.fade,
    )
    assert all(type(size) is int for size in sizes)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"weight_bits": True}, "weight_bits: must be an integer from 1 .*; got True"),
        ({"weight_bits": 4.0}, "weight_bits: must be an integer from 1 .*; got 4.0"),
        ({"q": 2.0}, "q: must be an integer; got 2.0"),
        ({"fade": 0}, f"{FADE} 0"),
        ({"fade": 16}, f"{FADE} 16"),
        ({"fade": 2.5}, f"{FADE} 2.5"),
        ({"fade": True}, f"{FADE} True"),
    ],
)
def test_what_is_no_integer(options, words):
    with pytest.raises(HadamrnnError, match=f"^{words}$"):
        small(**options)


def test_device_and_type_of_the_parameters():
    layer = small(device="meta", dtype=torch.float64)
    assert {(p.device.type, p.dtype) for p in layer.parameters()} == {("meta", torch.float64)}


# ----------------------------------------------------------------------------------- sentences


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: HadamRNN(1, 8)(torch.zeros(100, 784)),
            "x: must have shape (batch, time, 1) or (time, 1) if float, (batch, time) or (time,) "
            "if integer ids; x[..., None] adds the axis of one feature; got (100, 784) of "
            "torch.float32",
        ),
        (
            lambda: HadamClassifier(1, 8, 2)(torch.zeros(100, 784)),
            "x: must have shape (batch, time, 1) if float, (batch, time) if integer ids; got "
            "(100, 784) of torch.float32",
        ),
        (
            lambda: HadamClassifier(3, 8, 2)(torch.zeros(7, 3)),
            "x: must have shape (batch, time, 3) if float, (batch, time) if integer ids; got "
            "(7, 3) of torch.float32",
        ),
        (lambda: small()(numbers().numpy()), "x: must be a torch tensor; got ndarray"),
        (lambda: small()(numbers(), [0] * 8), "h_0: must be a torch tensor; got list"),
        (
            lambda: small()(numbers()[0], torch.zeros(2, 8)),
            "h_0: must have shape (8,) or (1, 8); got (2, 8)",
        ),
    ],
)
def test_sentences(call, words):
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        call()

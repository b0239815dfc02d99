"""The layer in other people's code: what torch.nn.RNN allows around itself holds here, too."""

import copy
import io
import pickle
import re

import numpy as np
import pytest
import torch
from torch.autograd import forward_ad
from torch.nn.utils import rnn

from hadamrnn.errors import HadamrnnError
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.models.layer import HadamRNN

METHODS = ["forward", "last_state", "mean_state"]
FADE = "fade: must be an integer from 1 to 15, or null for states that do not fade; got"
FORMS = ["auto", "krylov", "scan", "doubling", "reference"]


def make(seed=0, **options):
    torch.manual_seed(seed)
    return HadamRNN(3, 8, **{"q": 2} | options)


def numbers(batch=4, steps=7, seed=1):
    return torch.randn(batch, steps, 3, generator=torch.Generator().manual_seed(seed))


def symbols(batch=4, steps=7):
    return torch.randint(3, (batch, steps), generator=torch.Generator().manual_seed(1))


def outputs(result):
    return result if isinstance(result, tuple) else (result,)


def assert_near(results, expected):
    for own, other in zip(outputs(results), outputs(expected), strict=True):
        torch.testing.assert_close(own, other, rtol=1e-5, atol=1e-5)


# ---------------------------------------------------------------------------------------- signs


def test_signs_are_held_by_default():
    layer = make(weight_bits=None)
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
    assert make(hold_signs=False).sign_weight.requires_grad
    assert HadamClassifier(3, 8, 2, hold_signs=False).rnn.sign_weight.requires_grad
    assert torch.equal(make(hold_signs=False).sign_weight, make().sign_weight)


# ------------------------------------------------------------------------------------- autocast


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast_around_the_layer(dtype, method):
    """A linear layer in front hands on half precision; the recurrence keeps its own type."""
    layer, front = make(), torch.nn.Linear(3, 3)
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
        make()(numbers().bfloat16())
    with (
        torch.autocast("cpu", dtype=torch.bfloat16),
        pytest.raises(HadamrnnError, match=f"^{words} torch.float64$"),
    ):
        make()(numbers().double())


# ----------------------------------------------------------------------------- in place, twice


@pytest.mark.parametrize("x", [numbers(), symbols()], ids=["numbers", "symbols"])
@pytest.mark.parametrize("backend", FORMS)
@pytest.mark.parametrize("method", METHODS)
def test_results_may_be_changed_in_place(method, backend, x):
    if backend == "krylov" and (method != "last_state" or x.dim() == 2):
        return
    layer = make(backend=backend, hold_signs=False)
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
    layer, x = make(weight_bits=None).double(), numbers(2, 4).double().requires_grad_()
    assert torch.autograd.gradgradcheck(getattr(layer, method), (x,))


# ------------------------------------------------------------------------------ as was given


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("x", [numbers(), symbols()], ids=["numbers", "symbols"])
def test_state_with_the_axis_of_layers(x, method):
    layer, h_0 = make(), torch.randn(4, 8)
    plain = outputs(getattr(layer, method)(x, h_0))
    layered = outputs(getattr(layer, method)(x, h_0[None]))
    assert torch.equal(layered[-1], plain[-1][None])
    assert torch.equal(layered[0].reshape(plain[0].shape), plain[0])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("x", [numbers(1), symbols(1)], ids=["numbers", "symbols"])
def test_one_sequence_without_a_batch(x, method):
    layer, h_0 = make(), torch.randn(1, 8)
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
    layer, h_0 = make(), torch.randn(4, 8)
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
    assert repr(layer) == repr(make(fade=5))
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
        make(**options)


def test_device_and_type_of_the_parameters():
    layer = make(device="meta", dtype=torch.float64)
    assert {(p.device.type, p.dtype) for p in layer.parameters()} == {("meta", torch.float64)}


# ----------------------------------------------------------------- transforms, graphs, compilers


def loss(layer, parameters, x):
    return torch.func.functional_call(layer, parameters, (x[None],))[0].square().sum()


@pytest.mark.parametrize("x", [numbers(), symbols()], ids=["numbers", "symbols"])
def test_gradients_of_every_sample(x):
    layer = make()
    parameters = dict(layer.named_parameters())
    per_sample = torch.func.grad(lambda *arguments: loss(layer, *arguments))
    found = torch.func.vmap(per_sample, (None, 0))(parameters, x)
    for index in range(len(x)):
        layer.zero_grad()
        loss(layer, parameters, x[index]).backward()
        for name in ("input_weight", "bias"):
            assert_near(found[name][index], parameters[name].grad)


def test_gradients_of_every_sample_through_an_embedding():
    torch.manual_seed(0)
    model, ids = HadamClassifier(20, 8, 2, embedding_size=4), torch.randint(20, (3, 9))
    parameters = dict(model.named_parameters())
    per_sample = torch.func.grad(lambda *arguments: loss(model, *arguments))
    found = torch.func.vmap(per_sample, (None, 0))(parameters, ids)
    for index in range(len(ids)):
        model.zero_grad()
        loss(model, parameters, ids[index]).backward()
        assert_near(found["embedding.weight"][index], parameters["embedding.weight"].grad)


def test_an_ensemble_of_layers():
    layers, x = [make(seed) for seed in range(3)], numbers()
    stacked, buffers = torch.func.stack_module_state(layers)

    def one(parameters, others, values):
        return torch.func.functional_call(layers[0], (parameters, others), (values,))[0]

    found = torch.func.vmap(one, (0, 0, None))(stacked, buffers, x)
    assert_near(found, torch.stack([layer(x)[0] for layer in layers]))


def test_jacobians_and_hessians():
    layer, x = make().double(), numbers(1, 4).double()
    backward = torch.autograd.functional.jacobian(layer.last_state, x)
    assert_near(torch.func.jacrev(layer.last_state)(x), backward)
    assert_near(torch.func.jacfwd(layer.last_state)(x), backward)
    hessian = torch.func.hessian(lambda values: layer.mean_state(values).pow(2).sum())(x)
    assert hessian.shape == (*x.shape, *x.shape) and hessian.any()
    with forward_ad.dual_level():
        result = layer.last_state(forward_ad.make_dual(x, torch.ones_like(x)))
        tangent = forward_ad.unpack_dual(result).tangent
    assert_near(tangent, backward.sum((2, 3, 4)))


def test_functional_call_takes_a_state_dict():
    layer, other, x = make(), make(1), numbers()
    assert_near(torch.func.functional_call(layer, other.state_dict(), (x,)), other(x))
    assert "_extra_state" not in vars(layer)


@pytest.mark.parametrize("x", [numbers(), symbols()], ids=["numbers", "symbols"])
def test_export_for_any_batch(x):
    layer = make()
    dynamic = {"x": {0: torch.export.Dim("batch")}}
    program = torch.export.export(layer, (x,), dynamic_shapes=dynamic).module()
    other = x.flip(1).repeat(3, *[1] * (x.dim() - 1))
    assert_near(program(other), layer(other))


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
@pytest.mark.parametrize("embedding_size", [None, 4])
def test_torch_compile_leaves_the_layer_as_it_is(embedding_size):
    torch.manual_seed(0)
    torch._dynamo.reset()
    model = HadamClassifier(3, 8, 2, embedding_size=embedding_size)
    compiled = torch.compile(copy.deepcopy(model), backend="aot_eager")
    for x in [symbols()] if embedding_size else [symbols(), numbers(), numbers(5, 9)]:
        for function in (model, compiled):
            function.zero_grad()
            function(x).square().sum().backward()
        assert torch.equal(compiled(x), model(x))
        for own, other in zip(compiled.parameters(), model.parameters(), strict=True):
            assert own.grad is None or torch.equal(own.grad, other.grad)
    layer, compiled = model.rnn, torch.compile(model.rnn.mean_state, backend="aot_eager")
    if not embedding_size:
        assert torch.equal(compiled(numbers()), layer.mean_state(numbers()))


# ------------------------------------------------------------------------------ copies and files


def test_pickle_and_deepcopy():
    layer, x, file = make(), numbers(), io.BytesIO()
    torch.save(layer, file)
    file.seek(0)
    for other in (
        copy.deepcopy(layer),
        pickle.loads(pickle.dumps(layer)),
        torch.load(file, weights_only=False),
    ):
        assert torch.equal(other(x)[0], layer(x)[0])
        assert not other.sign_weight.requires_grad


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"q": 1}, "got one with q=2, weight_bits=4, fade=None"),
        ({"weight_bits": 2}, "got one with q=2, weight_bits=4, fade=None"),
        ({"weight_bits": None}, "got one with q=2, weight_bits=4, fade=None"),
        ({"fade": 5}, "got one with q=2, weight_bits=4, fade=None"),
    ],
)
def test_a_state_dict_of_another_layer_is_refused(other, words, tmp_path):
    torch.save(make().state_dict(), tmp_path / "state.pt")
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    layer = make(**other)
    own = f"q={layer.q}, weight_bits={layer.weight_bits}, fade={layer.fade}"
    with pytest.raises(
        HadamrnnError, match=f"^{re.escape(f'state_dict: must be of a layer with {own}; {words}')}$"
    ):
        layer.load_state_dict(state)
    make(1).load_state_dict(state)


def test_a_state_dict_of_parameters_alone_is_taken():
    """As earlier versions wrote it, and as those pass it on who know what they do."""
    first, second = make(), make(1)
    state = {name: value for name, value in first.state_dict().items() if name[0] != "_"}
    second.load_state_dict(state)
    assert torch.equal(second(numbers())[0], first(numbers())[0])
    model, other = HadamClassifier(3, 8, 2), HadamClassifier(3, 8, 2)
    other.load_state_dict(dict(model.named_parameters()))
    with pytest.raises(RuntimeError, match="Missing key.*rnn.bias"):
        other.load_state_dict({n: p for n, p in model.named_parameters() if n != "rnn.bias"})


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
        (
            lambda: make()(numbers()[0], torch.zeros(2, 8)),
            "h_0: must have shape (8,) or (1, 8); got (2, 8)",
        ),
    ],
)
def test_sentences(call, words):
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        call()

"""What is done to whole modules: torch.func, export, compilers, copies and files."""

import copy
import io
import pickle
import re

import pytest
import torch
from torch.autograd import forward_ad

from hadamrnn.errors import HadamrnnError
from hadamrnn.models.classifier import HadamClassifier
from tests.models.layers import assert_near, numbers, small, symbols

# ----------------------------------------------------------------- transforms, graphs, compilers


def loss(layer, parameters, x):
    return torch.func.functional_call(layer, parameters, (x[None],))[0].square().sum()


@pytest.mark.parametrize("x", [numbers(), symbols()], ids=["numbers", "symbols"])
def test_gradients_of_every_sample(x):
    layer = small()
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
    layers, x = [small(seed) for seed in range(3)], numbers()
    stacked, buffers = torch.func.stack_module_state(layers)

    def one(parameters, others, values):
        return torch.func.functional_call(layers[0], (parameters, others), (values,))[0]

    found = torch.func.vmap(one, (0, 0, None))(stacked, buffers, x)
    assert_near(found, torch.stack([layer(x)[0] for layer in layers]))


def test_jacobians_and_hessians():
    layer, x = small().double(), numbers(1, 4).double()
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
    layer, other, x = small(), small(1), numbers()
    assert_near(torch.func.functional_call(layer, other.state_dict(), (x,)), other(x))
    assert "_extra_state" not in vars(layer)


@pytest.mark.parametrize("x", [numbers(), symbols()], ids=["numbers", "symbols"])
def test_export_for_any_batch(x):
    layer = small()
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
    layer, x, file = small(), numbers(), io.BytesIO()
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
    torch.save(small().state_dict(), tmp_path / "state.pt")
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    layer = small(**other)
    own = f"q={layer.q}, weight_bits={layer.weight_bits}, fade={layer.fade}"
    with pytest.raises(
        HadamrnnError, match=f"^{re.escape(f'state_dict: must be of a layer with {own}; {words}')}$"
    ):
        layer.load_state_dict(state)
    small(1).load_state_dict(state)


def test_a_state_dict_of_parameters_alone_is_taken():
    """As earlier versions wrote it, and as those pass it on who know what they do."""
    first, second = small(), small(1)
    state = {name: value for name, value in first.state_dict().items() if name[0] != "_"}
    second.load_state_dict(state)
    assert torch.equal(second(numbers())[0], first(numbers())[0])
    model, other = HadamClassifier(3, 8, 2), HadamClassifier(3, 8, 2)
    other.load_state_dict(dict(model.named_parameters()))
    with pytest.raises(RuntimeError, match="Missing key.*rnn.bias"):
        other.load_state_dict({n: p for n, p in model.named_parameters() if n != "rnn.bias"})

"""The classifier equals its plain definition: V relu(read-out) + c."""

import copy
import re

import pytest
import torch

from hadamrnn.errors import HadamrnnError
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.models.quantization import quantize


def make(*arguments, seed=0, **options):
    torch.manual_seed(seed)
    return HadamClassifier(*arguments, hold_signs=False, **options).double()


def inputs_of(features, symbols=False, batch=5, steps=9):
    generator = torch.Generator().manual_seed(1)
    if symbols:
        return torch.randint(features, (batch, steps), generator=generator)
    return torch.randn(batch, steps, features, generator=generator, dtype=torch.float64)


def plain_logits(model, x):
    states, _ = model.rnn(x)
    weight, bias = model.quantized_output_weight(), model.output_bias
    if model.per_step:
        steps = range(states.shape[1])
        return torch.stack([states[:, t].relu() @ weight.t() + bias for t in steps], 1)
    if model.readout != "last":
        mean = sum(state.relu() for state in states.unbind(1)) / states.shape[1]
        seen = torch.log2(mean + 2.0**-7) if model.readout == "log_mean" else mean
        return seen @ weight.t() + bias
    return states[:, -1].relu() @ weight.t() + bias


@pytest.mark.parametrize("symbols", [False, True], ids=["dense", "symbols"])
@pytest.mark.parametrize("bits", [1, 4, None])
@pytest.mark.parametrize(
    ("readout", "per_step"), [("last", False), ("mean", False), ("log_mean", False), ("last", True)]
)
@pytest.mark.parametrize("features", [3, 60])
def test_logits_and_gradients_equal_the_definition(features, readout, per_step, bits, symbols):
    options = {"q": 2, "weight_bits": bits, "readout": readout, "per_step": per_step}
    model = make(features, 16, 4, **options)
    x = inputs_of(features, symbols)
    logits, expected = model(x), plain_logits(model, x)
    assert logits.shape == ((5, 9, 4) if per_step else (5, 4))
    torch.testing.assert_close(logits, expected, rtol=1e-10, atol=1e-12)
    parameters = list(model.parameters())
    weights = torch.randn_like(logits)
    gradients = torch.autograd.grad((weights * logits).sum(), parameters)
    wanted = torch.autograd.grad((weights * expected).sum(), parameters)
    torch.testing.assert_close(gradients, wanted, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_output_weights_are_on_the_grid(bits):
    model = make(3, 64, 10, weight_bits=bits)
    assert len(model.quantized_output_weight().unique()) <= (3 if bits == 1 else 2**bits)
    assert torch.equal(model.quantized_output_weight(), quantize(model.output_weight, bits))


def test_bits_of_the_parts_and_a_step_for_every_class():
    model = make(3, 64, 10, input_weight_bits=3, output_weight_bits=2, quantizer="lsq")
    assert (model.rnn.weight_bits, model.output_weight_bits) == (3, 2)
    assert model.rnn.input_log_step.shape == (1, 1)
    assert model.output_log_step.shape == (10, 1)
    for row in model.quantized_output_weight() / model.output_log_step.exp():
        assert {-1, 0, 1} <= set(row.round().tolist()) <= {-2, -1, 0, 1}
    assert 4 < len(model.rnn.quantized_input_weight().unique()) <= 8
    logits = model(inputs_of(3)).square().sum()
    logits.backward()
    assert (model.output_log_step.grad != 0).all() and model.rnn.input_log_step.grad.all()
    full = make(3, 64, 10, input_weight_bits=None, output_weight_bits=2, quantizer="lsq")
    assert full.rnn.input_log_step is None and full.output_log_step is not None


def test_parameters_and_state_dict():
    model, other = make(3, 16, 4), make(3, 16, 4, seed=1)
    names = ["output_weight", "output_bias", "rnn.sign_weight", "rnn.input_weight", "rnn.bias"]
    assert list(model.state_dict()) == [*names, "rnn._extra_state"]
    x = inputs_of(3)
    other.load_state_dict(model.state_dict())
    assert torch.equal(model(x), other(x))
    assert torch.equal(copy.deepcopy(model)(x), model(x))
    torch.testing.assert_close(model.float()(x.float()).double(), other(x), rtol=1e-5, atol=1e-5)


def test_readout_error():
    words = "readout: must be one of last, mean, log_mean; got 'max'"
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        make(3, 16, 4, readout="max")


@pytest.mark.parametrize("embedding_size", [None, 4])
def test_fading_states(embedding_size):
    model = make(20, 16, 4, fade=3, readout="mean", embedding_size=embedding_size)
    x = inputs_of(20, symbols=True)
    vectors = x if embedding_size is None else model.embedding(x)
    logits = model.rnn.mean_state(vectors) @ model.quantized_output_weight().t() + model.output_bias
    torch.testing.assert_close(model(x), logits, rtol=1e-10, atol=1e-12)
    model.rnn.fade = None
    assert not torch.allclose(model(x), logits)

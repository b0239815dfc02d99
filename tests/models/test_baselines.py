"""The baselines: one interface, their defining equations, and sizes that add up."""

import math
import re

import numpy as np
import pytest
import torch

from hadamrnn import params
from hadamrnn.errors import HadamrnnError
from hadamrnn.hadamard import fast_transform
from hadamrnn.models import storage
from hadamrnn.models.baselines import dense
from hadamrnn.models.baselines.fastgrnn import FastGRNN
from hadamrnn.models.baselines.ornn import ORNN
from hadamrnn.models.baselines.qornn import QORNN, bjorck
from hadamrnn.models.quantization import quantize
from tests.models.baselines import (
    BASELINES,
    READINGS,
    arrays,
    ids,
    make,
    numbers,
    sigmoid,
)

# ----------------------------------------------------------------------------- the one interface


def test_params_and_storage_have_the_same_names():
    assert tuple(storage.MODELS) == params.MODELS


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize(("readout", "per_step"), READINGS)
@pytest.mark.parametrize("embedding", [None, 5])
def test_shapes_and_gradients(name, readout, per_step, embedding):
    options = {"readout": readout, "per_step": per_step}
    cases = [(make(name, **options), numbers())]
    if embedding:
        cases = [(make(name, input_size=6, embedding_size=embedding, **options), ids())]
    for model, x in cases:
        logits = model(x)
        assert logits.shape == ((5, 9, 4) if per_step else (5, 4))
        assert logits.dtype == torch.float32
        (logits * torch.randn_like(logits)).sum().backward()
        for key, parameter in model.named_parameters():
            gradient = parameter.grad
            assert gradient is not None and gradient.isfinite().all(), key
            assert gradient.abs().sum() > 0, key


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize(("readout", "per_step"), READINGS)
def test_the_three_readings_are_of_one_sequence_of_states(name, readout, per_step):
    model = make(name, readout=readout, per_step=per_step).double()
    x = numbers().double()
    read = model.activation(model.states(model.inputs(x)))
    if not per_step:
        read = read.mean(1) if model.readout == "mean" else read[:, -1]
    expected = read @ quantize(model.output_weight, model.weight_bits).t() + model.output_bias
    torch.testing.assert_close(model(x), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", BASELINES)
def test_ids_are_one_hot_without_an_embedding(name):
    model = make(name, input_size=6)
    one_hot = torch.nn.functional.one_hot(ids(), 6).float()
    torch.testing.assert_close(model(ids()), model(one_hot))


@pytest.mark.parametrize("name", BASELINES)
def test_the_padding_id_is_zero_and_stays_so(name):
    model = make(name, input_size=6, embedding_size=5)
    assert not model.inputs(torch.zeros(1, 2, dtype=torch.long)).any()
    model(ids()).sum().backward()
    assert not model.embedding.weight.grad[0].any() and model.embedding.weight.grad[1:].any()


@pytest.mark.parametrize("name", BASELINES)
def test_round_trip_through_files(name, tmp_path):
    arguments = {"input_size": 3, "hidden_size": 8, "output_size": 2, "q": 1, "weight_bits": 4}
    config = {"model": name, "arguments": arguments}
    model = storage.build(config, 3)
    storage.save(model, config, tmp_path)
    loaded, _ = storage.load(tmp_path)
    assert torch.equal(loaded(numbers()), model.eval()(numbers()))


@pytest.mark.parametrize("name", BASELINES)
def test_same_seed_same_model(name):
    first, second = make(name, 5).state_dict(), make(name, 5).state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)


@pytest.mark.parametrize(
    ("change", "x", "words"),
    [
        ({"readout": "max"}, None, "readout: must be one of last, mean; got 'max'"),
        ({"input_size": 0}, None, "input_size: must be at least 1; got 0"),
        ({"hidden_size": 0}, None, "hidden_size: must be at least 1; got 0"),
        (
            {"weight_bits": 9},
            None,
            "weight_bits: must be an integer from 1 (ternary) to 8, or null for full precision; "
            "got 9",
        ),
        (
            {},
            torch.zeros(2, 5, 4),
            "x: must have shape (batch, time, 3), or (batch, time) for integer ids; got (2, 5, 4)",
        ),
        (
            {"embedding_size": 2},
            torch.zeros(2, 5, 3),
            "x: must have shape (batch, time) for integer ids; got (2, 5, 3)",
        ),
        (
            {},
            torch.zeros(2, 0, 3),
            "x: must have at least one time step, and integers where it is (batch, time); "
            "got (2, 0, 3) torch.float32",
        ),
        (
            {},
            torch.zeros(2, 5),
            "x: must have at least one time step, and integers where it is (batch, time); "
            "got (2, 5) torch.float32",
        ),
        ({}, torch.tensor([[0, 3]]), "x: ids must lie in 0..2; got 0..3"),
    ],
)
@pytest.mark.parametrize("name", BASELINES)
def test_messages(name, change, x, words):
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        make(name, **change)(x)


# --------------------------------------------------------------- the equations, in plain NumPy


@pytest.mark.parametrize("ranks", [{}, {"recurrent_rank": 2, "input_rank": 1}])
def test_fastgrnn_equals_its_equations(ranks):
    torch.manual_seed(0)
    model = FastGRNN(input_size=3, hidden_size=6, output_size=4, **ranks).double()
    with torch.no_grad():  # away from the initial values, which are all alike
        for parameter in (model.gate_bias, model.state_bias, model.zeta, model.nu):
            parameter.add_(torch.randn(parameter.shape))
    p = arrays(model)
    recurrent, entering = (
        np.linalg.multi_dot([f.detach().numpy() for f in factors] + [np.eye(size)])
        for factors, size in ((model.recurrent_factors, 6), (model.input_factors, 3))
    )
    x, h = numbers().double().numpy(), np.zeros((5, 6))
    for t in range(9):
        joint = h @ recurrent.T + x[:, t] @ entering.T
        z, candidate = sigmoid(joint + p["gate_bias"]), np.tanh(joint + p["state_bias"])
        h = (sigmoid(p["zeta"]) * (1 - z) + sigmoid(p["nu"])) * candidate + z * h
    logits = h @ p["output_weight"].T + p["output_bias"]
    np.testing.assert_allclose(model(torch.tensor(x)).detach(), logits, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("ranks", [{"recurrent_rank": 0}, {"input_rank": 0}])
def test_rank_message(ranks):
    name = next(iter(ranks))
    with pytest.raises(HadamrnnError, match=f"^{name}: must be at least 1, or None .*; got 0$"):
        FastGRNN(input_size=3, hidden_size=6, output_size=4, **ranks)


@pytest.mark.parametrize("q", [1, 2, 16])
@pytest.mark.parametrize("bits", [1, 4, None])
def test_hadamrelu_equals_a_loop_with_the_fast_transform(q, bits):
    model = make("hadamrelu", q=q, weight_bits=bits).double()
    p, m = arrays(model), 16 // q
    signs = np.where(p["sign_weight"][0] < 0, -1, 1)
    entering, leaving = (
        quantize(weight, bits).detach().numpy()
        for weight in (model.input_weight, model.output_weight)
    )
    x, h = numbers().double().numpy(), np.zeros((5, 16))
    for t in range(9):
        turned = signs * fast_transform(h, m) / math.sqrt(m)
        h = np.maximum(turned + x[:, t] @ entering.T + p["bias"], 0)
    logits = h @ leaving.T + p["output_bias"]
    np.testing.assert_allclose(model(torch.tensor(x)).detach(), logits, rtol=1e-10, atol=1e-12)


def test_hadamrelu_needs_hadamard_blocks():
    with pytest.raises(HadamrnnError, match="^q: must divide hidden_size=12 into blocks"):
        make("hadamrelu", hidden_size=12)


# ------------------------------------------------------------------- dense linear recurrences


@pytest.mark.parametrize("steps", [2, 3, 7, 8, 13])
def test_doubling_equals_the_loop(steps):
    torch.manual_seed(0)
    values = torch.randn(4, steps, 6, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(6, 6, dtype=torch.float64, requires_grad=True)
    found, wanted = dense.last_by_doubling(values, weight), dense.loop(values, weight)[:, -1]
    torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-10)
    upstream = torch.randn_like(found)
    pair = [torch.autograd.grad(y, (values, weight), upstream) for y in (found, wanted)]
    torch.testing.assert_close(*pair, rtol=1e-9, atol=1e-9)


def test_doubling_of_one_step_is_that_step():
    values = torch.randn(4, 1, 6)
    assert torch.equal(dense.last_by_doubling(values, torch.randn(6, 6)), values[:, 0])


def adam_steps(model, count=20, rate=0.02):
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    targets = torch.tensor([0, 1, 2, 3, 0])
    for _ in range(count):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(numbers()), targets).backward()
        optimizer.step()


def away_from_orthogonal(weight):
    return (weight @ weight.t() - torch.eye(len(weight))).abs().max().item()


@pytest.mark.parametrize("size", [2, 16, 33])
def test_ornn_stays_orthogonal(size):
    torch.manual_seed(0)
    model = ORNN(input_size=3, hidden_size=size, output_size=4)
    before = model.recurrent_weight().detach().clone()
    adam_steps(model)
    after = model.recurrent_weight().detach()
    assert away_from_orthogonal(before) < 1e-5 and away_from_orthogonal(after) < 1e-5
    assert (after - before).abs().max() > 0.01  # it learned


@pytest.mark.parametrize("size", [2, 16, 33])
@pytest.mark.parametrize("bits", [1, 3, 8])
def test_qornn_is_a_quantized_orthogonal_matrix(size, bits):
    torch.manual_seed(0)
    model = QORNN(input_size=3, hidden_size=size, output_size=4, weight_bits=bits)
    before = model.orthogonal_weight().detach().clone()
    adam_steps(model)
    orthogonal, weight = model.orthogonal_weight().detach(), model.recurrent_weight().detach()
    assert away_from_orthogonal(orthogonal) < 1e-5
    assert (orthogonal - before).abs().max() > 0.01  # it learned
    steps = 2 ** (bits - 1)
    levels = weight / (orthogonal.abs().max() / steps)
    torch.testing.assert_close(levels, levels.round(), rtol=0, atol=1e-3)
    highest = 1 if bits == 1 else steps - 1
    assert levels.round().min() >= -steps and levels.round().max() <= highest
    assert torch.equal(weight, quantize(orthogonal, bits))


def test_qornn_in_full_precision_is_orthogonal():
    torch.manual_seed(0)
    model = QORNN(input_size=3, hidden_size=16, output_size=4, weight_bits=None)
    adam_steps(model)
    assert away_from_orthogonal(model.recurrent_weight()) < 1e-5


def test_quantized_gradient_is_that_of_the_orthogonal_matrix():
    """Straight through: the same upstream gradient reaches M through bjorck alone."""
    torch.manual_seed(0)
    model = QORNN(input_size=3, hidden_size=8, output_size=4, weight_bits=2)
    upstream = torch.randn(8, 8)
    (found,) = torch.autograd.grad(model.recurrent_weight(), model.recurrent, upstream)
    (wanted,) = torch.autograd.grad(model.orthogonal_weight(), model.recurrent, upstream)
    assert torch.equal(found, wanted) and found.abs().max() > 0


@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
def test_bjorck_is_the_polar_factor(scale):
    torch.manual_seed(0)
    left, right = (torch.linalg.qr(torch.randn(12, 12, dtype=torch.float64))[0] for _ in range(2))
    singular = torch.linspace(0.05, 1, 12, dtype=torch.float64)
    matrix = scale * left @ torch.diag(singular) @ right
    torch.testing.assert_close(bjorck(matrix), left @ right, rtol=0, atol=1e-6)

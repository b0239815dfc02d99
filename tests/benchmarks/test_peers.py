"""The peers of the speed comparisons compute what their docstrings say."""

import numpy as np
import pytest
import torch

from benchmarks.speed.peers import DenseStepLoop, DiagonalRecurrence, TorchRecurrent, quantize
from hadamrnn.errors import HadamrnnError
from hadamrnn.hadamard import recurrent_matrix

PEERS = {
    "dense_step_loop": lambda **k: DenseStepLoop(3, 8, 5, q=2, **k),
    "lstm": lambda **k: TorchRecurrent("lstm", 3, 8, 5, **k),
    "rnn": lambda **k: TorchRecurrent("rnn", 3, 8, 5, **k),
    "diagonal": lambda **k: DiagonalRecurrence(3, 8, 5, states=4, **k),
}


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.mark.parametrize("name", PEERS)
def test_shapes_gradients_and_last_step(name):
    x = torch.randn(2, 6, 3)
    last, every = PEERS[name](), PEERS[name](per_step=True)
    every.load_state_dict(last.state_dict())
    assert last(x).shape == (2, 5) and every(x).shape == (2, 6, 5)
    torch.testing.assert_close(every(x)[:, -1], last(x))
    last(x).square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in last.parameters())


def test_wrong_kind():
    with pytest.raises(HadamrnnError, match="^kind: must be 'lstm' or 'rnn'; got 'gru'$"):
        TorchRecurrent("gru", 3, 8, 5)


@pytest.mark.parametrize(
    "bits, expected",
    [
        (None, [1.0, -1.0, 0.3]),
        (1, [1.0, -1.0, 0.0]),
        (4, [0.875, -1.0, 0.25]),
    ],
)
def test_quantize(bits, expected):
    weight = torch.tensor([1.0, -1.0, 0.3], requires_grad=True)
    quantized = quantize(weight, bits)
    torch.testing.assert_close(quantized, torch.tensor(expected))
    quantized.sum().backward()
    assert weight.grad.tolist() == [1.0, 1.0, 1.0]


def test_dense_step_loop_equals_manual_loop():
    peer = DenseStepLoop(3, 16, 5, q=2, weight_bits=4).double()
    with torch.no_grad():
        peer.hadamard.copy_(torch.sign(peer.hadamard) / 8**0.5)  # in float64 from the start
        peer.signs[0, 0] = 0.0
    x = torch.randn(2, 40, 3, dtype=torch.float64)
    W = recurrent_matrix(np.where(peer.signs.detach().numpy()[0] < 0, -1, 1), 8)
    U, V = (quantize(w.detach(), 4).numpy() for w in (peer.input_weight, peer.output_weight))
    h = np.zeros((2, 16))
    for step in range(40):
        h = h @ W.T + x[:, step].numpy() @ U.T + peer.bias.detach().numpy()
    logits = np.maximum(h, 0) @ V.T + peer.output_bias.detach().numpy()
    np.testing.assert_allclose(peer(x).detach().numpy(), logits, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("per_step", [False, True])
def test_unbound_inputs_change_nothing(per_step):
    x, results = torch.randn(2, 30, 3, requires_grad=True), []
    for unbound in (False, True):
        torch.manual_seed(0)
        peer = DenseStepLoop(3, 8, 5, per_step=per_step, unbound=unbound)
        out = peer(x)
        results.append((out, *torch.autograd.grad(out.square().sum(), (x, peer.signs))))
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other)


def test_diagonal_recurrence_equals_its_steps():
    peer = DiagonalRecurrence(3, 8, 5, states=4, per_step=True).double()
    x = torch.randn(2, 30, 3, dtype=torch.float64)
    exponent, mix = peer.exponents_and_mix()
    state = torch.zeros(2, 8, 4, dtype=torch.complex128)
    expected = []
    for step in range(30):
        v = peer.encoder(x[:, step])
        state = exponent.exp() * state + v[..., None]
        y = 2 * (mix * state).sum(-1).real + peer.skip * v
        expected.append(peer.readout(torch.relu(y)))
    torch.testing.assert_close(peer(x), torch.stack(expected, 1), rtol=1e-10, atol=1e-10)

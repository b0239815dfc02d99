"""Training with the noise of integer states: its size, its repeatability, and that off is off."""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from hadamrnn import params
from hadamrnn.errors import HadamrnnError
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.models.state_noise import StateNoise
from hadamrnn.prepared.coding import Coding
from hadamrnn.recurrence import reference
from hadamrnn.training.batches import Batches
from hadamrnn.training.fit import fit
from tests.train_settings import train_settings


def fitted(bits=8, largest=1.0, steps=300, seed=1):
    noise = StateNoise(bits)
    noise.fit(largest, steps, torch.Generator().manual_seed(seed))
    return noise


@pytest.mark.parametrize("block_size", [4, 16])
def test_one_draw_is_worth_all_roundings(block_size):
    """States rounded at every step err by as much as the noise of one draw, within 5 %."""
    torch.manual_seed(3)
    d, steps, batch, bits = 16, 400, 64, 10
    signs = torch.randint(0, 2, (d,)) * 2.0 - 1
    inputs = torch.randn(batch, steps, 2, dtype=torch.float64)
    weight = 0.1 * torch.randn(d, 2, dtype=torch.float64)
    states = reference.run(inputs, weight, None, signs.double(), block_size, None, "all")[0]
    largest = float(states.abs().max())
    unit = largest / (2 ** (bits - 1) - 1)
    rounded = torch.zeros(batch, d, dtype=torch.float64)
    for t in range(steps):
        one = inputs[:, t : t + 1]
        after, _ = reference.run(one, weight, None, signs.double(), block_size, rounded)
        rounded = torch.round(after / unit) * unit
    measured = float((rounded - states[:, -1]).std())
    noise = fitted(bits, largest, steps)
    assert noise.deviation == pytest.approx(measured, rel=0.05)
    assert float(noise.draw(2000, states).std()) == pytest.approx(noise.deviation, rel=0.05)


@pytest.mark.parametrize("options", [{"readout": "last"}, {"readout": "mean"}, {"per_step": True}])
def test_noise_is_for_training_only_and_repeats(options):
    model = HadamClassifier(3, 16, 4, state_noise=fitted(), **options)
    x = torch.randn(5, 30, 3)
    quiet = model.eval()(x)
    model.state_noise = fitted()
    torch.testing.assert_close(model(x), quiet, rtol=0, atol=0)
    model.train()
    first = model(x)
    assert not torch.equal(first, quiet)
    model.state_noise = fitted()
    torch.testing.assert_close(model(x), first, rtol=0, atol=0)


@pytest.mark.parametrize("readout", ["last", "mean"])
def test_training_with_noise_repeats_exactly(readout):
    generator = np.random.default_rng(0)
    inputs = generator.standard_normal((60, 12, 2)).astype(np.float32)
    targets = (inputs[:, :, 0].sum(1) > 0).astype(np.uint8)

    def trained(bits):
        torch.manual_seed(0)
        noise = None if bits is None else StateNoise(bits)
        model = HadamClassifier(2, 16, 2, readout=readout, state_noise=noise)
        settings = train_settings(epochs=2, batch_size=20, state_noise_bits=bits)
        batches = [
            Batches(inputs, targets, coding=Coding("dense"), batch_size=20, seed=s)
            for s in (1, None)
        ]
        return fit(model, *batches, settings).history[-1]["train_cross_entropy"]

    assert trained(4) == trained(4) != trained(None)


def test_wrong_width():
    with pytest.raises(HadamrnnError, match="state_noise_bits: must be an integer from 2 to 16; g"):
        StateNoise(1)


def test_a_baseline_has_no_integer_states():
    document = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    document.update(model="lstm", benchmarks=["har2"])
    document["benchmark"]["har2"]["state_noise_bits"] = 9
    with pytest.raises(HadamrnnError) as caught:
        params.check(document)
    assert str(caught.value) == (
        "benchmark.har2.state_noise_bits: must be null for model lstm, which has no integer "
        "states; got 9"
    )

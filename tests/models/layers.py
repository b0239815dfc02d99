"""Layers and inputs that the tests of models share."""

import torch

from hadamrnn.models.layer import HadamRNN


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


def weighted_sum(tensor):
    generator = torch.Generator().manual_seed(5)
    return (torch.randn(tensor.shape, generator=generator, dtype=torch.float64) * tensor).sum()


def small(seed=0, **options):
    """A float32 layer of 8 numbers for 3 inputs, signs held."""
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

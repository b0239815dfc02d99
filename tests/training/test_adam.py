"""Adam of short calls: parameters, state and resumed steps are torch's, bit for bit."""

import copy

import pytest
import torch

from hadamrnn.training.adam import Adam


def parameters(dtype):
    generator = torch.Generator().manual_seed(0)
    shapes = (7, 5), (300,), (1, 1)
    return [torch.nn.Parameter(torch.randn(*s, generator=generator).to(dtype)) for s in shapes]


def groups_of(given):
    """The second is never given a gradient, as held signs are not."""
    return [{"params": given}, {"params": [torch.nn.Parameter(torch.ones(3))]}]


def take_steps(optimizer, count, first=0):
    given = optimizer.param_groups[0]["params"]
    for number in range(first, first + count):
        optimizer.zero_grad()
        assert all(p.grad is None for p in given)
        generator = torch.Generator().manual_seed(number)
        for p in given if number % 3 else given[:2]:
            p.grad = torch.randn(p.shape, generator=generator).to(p.dtype)
        optimizer.param_groups[0]["lr"] = 0.1 / (number + 1)
        optimizer.step()


def assert_same(first, second):
    for left, right in zip(first, second, strict=True):
        assert torch.equal(left, right)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_steps_are_those_of_torch(dtype):
    ours, theirs = parameters(dtype), parameters(dtype)
    own = Adam(groups_of(ours), lr=0.1)
    reference = torch.optim.Adam(groups_of(theirs), lr=0.1, fused=True)
    for optimizer in (own, reference):
        take_steps(optimizer, 7)
    assert_same(ours, theirs)
    left, right = own.state_dict(), reference.state_dict()
    assert left["param_groups"] == right["param_groups"]
    assert left["state"].keys() == right["state"].keys()
    for key, state in left["state"].items():
        assert_same(state.values(), right["state"][key].values())


@pytest.mark.parametrize("kind", [Adam, torch.optim.Adam])
def test_steps_go_on_from_the_state_of_either(kind):
    whole, halves = parameters(torch.float32), parameters(torch.float32)
    take_steps(Adam(groups_of(whole), lr=0.1), 8)
    options = {} if kind is Adam else {"fused": True}
    first = kind(groups_of(halves), lr=0.1, **options)
    take_steps(first, 4)
    second = Adam(groups_of(halves), lr=0.1)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    take_steps(second, 4, first=4)
    assert_same(whole, halves)


def test_a_closure_and_gradients_of_zero_are_torchs_own():
    (weight, *_) = parameters(torch.float32)
    optimizer = Adam([weight], lr=0.1)

    def loss():
        value = weight.square().sum()
        value.backward()
        return value

    before = weight.square().sum().item()
    assert optimizer.step(loss).item() == pytest.approx(before)
    assert weight.square().sum() < before
    optimizer.zero_grad(set_to_none=False)
    assert not weight.grad.any()

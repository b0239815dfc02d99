"""What the Krylov form alone does: chunks of powers, zeros passed over, what it keeps."""

import numpy as np
import pytest
import torch

from hadamrnn.recurrence import krylov
from tests.recurrence.cases import (
    EXACT,
    Case,
    assert_equal_to_definition,
    run,
)


@pytest.mark.parametrize("numbers", [1, 100, 1000])
@pytest.mark.parametrize(
    "sizes", [(1, 1, 5, 2, 3), (24, 3, 10, 1, 49), (64, 4, 45, 16, 7)], ids=str
)
@pytest.mark.parametrize("fade", [None, 1, 4])
def test_krylov_in_chunks_equals_the_definition(fade, sizes, numbers, monkeypatch):
    monkeypatch.setattr(krylov, "CHUNK", numbers)
    assert_equal_to_definition(Case(*sizes, fade=fade), "krylov")


@pytest.mark.parametrize("wanted", [(), ("inputs",), ("signs",)], ids=str)
@pytest.mark.parametrize("fade", [None, 3])
def test_krylov_in_chunks_for_some_gradients(fade, wanted, monkeypatch):
    monkeypatch.setattr(krylov, "CHUNK", 500)
    case, found = Case(24, 3, 45, 5, 2, fade=fade), []
    for backend in ("krylov", "reference"):
        arguments = case.arguments()
        for name in {"inputs", "signs"} - set(wanted):
            arguments[name].requires_grad_(False)
        leaves = [arguments[name] for name in ("input_weight", "bias", *wanted)]
        loss = run(case, arguments, backend)[0].pow(3).sum()
        found.append(torch.autograd.grad(loss, leaves))
    torch.testing.assert_close(*found, rtol=EXACT, atol=EXACT)


def test_krylov_leaves_out_what_has_faded(monkeypatch):
    """Beyond ``reach`` powers are no normal numbers any more: slow to compute with, and nothing."""
    case = Case(8, 1, 1500, 2, 3, fade=1)
    assert krylov.reach(1, torch.float64) == 1022
    assert_equal_to_definition(case, "krylov")
    arguments = case.arguments()
    run(case, arguments, "krylov")[0].sum().backward()
    assert not arguments["inputs"].grad[:, : 1500 - 1022].any()


@pytest.mark.parametrize("numbers", [100, 2**19])
def test_krylov_of_no_sequences(numbers, monkeypatch):
    """A process's share of a small last batch may be empty; it still takes part in the step."""
    monkeypatch.setattr(krylov, "CHUNK", numbers)
    arguments = list(Case(24, 3, 45, 1, 2).arguments().values())[:4]
    leaves = [arguments[0].detach()[:0].requires_grad_(), *arguments[1:]]
    state = krylov.run(*leaves, 8)[0]
    assert state.shape == (0, 24)
    gradients = torch.autograd.grad(state.sum(), leaves)
    assert [g.shape for g in gradients] == [leaf.shape for leaf in leaves]
    assert all(not g.any() for g in gradients)


@pytest.mark.parametrize("wants_inputs", [True, False])
@pytest.mark.parametrize("numbers", [100, 2**19])
@pytest.mark.parametrize("filled", [0.0, 0.2, 0.9])
def test_krylov_passes_over_zeros(filled, numbers, wants_inputs, monkeypatch):
    """Inputs that are mostly zero are multiplied by other code than dense ones."""
    monkeypatch.setattr(krylov, "CHUNK", numbers)
    case, results = Case(24, 3, 45, 17, 2), []
    zero = torch.from_numpy(np.random.default_rng(0).random((17, 45, 2)) >= filled)
    for backend in ("krylov", "reference"):
        arguments = case.arguments()
        inputs = arguments["inputs"].detach().masked_fill(zero, 0).requires_grad_(wants_inputs)
        leaves = [inputs, *(arguments[n] for n in ("input_weight", "bias", "signs"))]
        state, _ = run(case, arguments | {"inputs": inputs}, backend)
        wanted = leaves if wants_inputs else leaves[1:]
        results.append([state, *torch.autograd.grad(state.square().sum(), wanted)])
    for own, expected in zip(*results, strict=True):
        torch.testing.assert_close(own, expected, rtol=EXACT, atol=EXACT)


def test_krylov_keeps_nothing_that_grows_with_time(monkeypatch):
    """What waits for the backward pass beside the inputs: at most one chunk, twice."""
    monkeypatch.setattr(krylov, "CHUNK", 4_000)
    kept = []
    for steps in (10, 50, 1_000):
        arguments = Case(16, 1, steps, 3, 2).arguments()
        state = krylov.run(*list(arguments.values())[:4], 16)[0]  # which keeps what its node saved
        node = state.grad_fn
        assert node.saved_tensors[0].data_ptr() == arguments["inputs"].data_ptr()
        arrays = [value for value in vars(node).values() if isinstance(value, np.ndarray)]
        arrays += node.kept or ()
        kept.append(
            sum(array.size for array in arrays) + sum(t.numel() for t in node.saved_tensors[1:])
        )
    small, whole, several = kept
    assert small < whole < 2 * krylov.CHUNK
    assert several < small


def test_krylov_notices_what_was_changed_before_its_backward_pass():
    for place in (0, 3):
        arguments = [
            tensor.clone() for tensor in list(Case(16, 1, 10, 3, 2).arguments().values())[:4]
        ]
        state = krylov.run(*arguments, 16)[0]
        with torch.no_grad():
            arguments[place].mul_(-1)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            state.sum().backward()

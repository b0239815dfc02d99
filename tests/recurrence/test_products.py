"""What the forms of matrix products alone do: powers of W, chunks and segments of time, memory."""

import pytest
import torch

from hadamrnn.recurrence import frame, matrices, plan
from tests.recurrence.cases import (
    CUDA,
    DEVICES,
    EXACT,
    MODES,
    Case,
    assert_equal_to_definition,
    away_from_zero,
    defined,
    relative_errors,
    run,
    values_and_gradients,
)

# ------------------------------------------------------------------------------ powers of W


@pytest.mark.parametrize("block_size", [1, 2, 8, 32])
def test_matrices_are_powers_of_w_and_orthogonal(block_size):
    signs = Case(3 * block_size, 3, 1, 1, 1).arguments()["signs"]
    made = matrices.powers(matrices.step(signs, block_size), 13)
    single, power = made[0], torch.eye(block_size, dtype=torch.float64).expand(3, -1, -1)
    for count in range(13):
        power = power @ single
        torch.testing.assert_close(made[count], power, rtol=0, atol=1e-13)
    torch.testing.assert_close(made @ made.mT, torch.eye(block_size).to(made).expand_as(made))


def test_even_powers_do_not_drift():
    """1/sqrt(32) is no float32; what is made from M^2 does not multiply its rounding."""
    signs = Case(32, 1, 1, 1, 1).arguments(torch.float32)["signs"].detach()
    power = list(zip(range(14), matrices.squares(matrices.step(signs, 32)), strict=False))[-1][1]
    norms = power.double().norm(dim=-1)
    assert (norms - 1).abs().max() < 8192 * 2.0**-27


# ------------------------------------------------------------------------- chunks, segments


@pytest.mark.parametrize("length", [1, 2, 8, 64])
@pytest.mark.parametrize("steps", [1, 7, 8, 45, 100])
@pytest.mark.parametrize("fade", [None, 1, 6])
def test_powers_in_chunks_of_any_length(fade, steps, length, monkeypatch):
    if length > steps:
        return
    monkeypatch.setattr(plan, "powers_chunk", lambda work: length)
    for symbols, initial in ((False, False), (False, True), (True, True)):
        case = Case(24, 3, steps, 5, 3, symbols=symbols, initial=initial, fade=fade)
        assert_equal_to_definition(case, "powers")


@pytest.mark.parametrize("length", [1, 3, 8, 45])
@pytest.mark.parametrize("numbers", [1, 1000, 2**26])
@pytest.mark.parametrize("mode", MODES)
def test_frame_in_chunks_and_segments_of_any_length(mode, numbers, length, monkeypatch):
    case = away_from_zero(Case(24, 3, 45, 5, 3, mode, initial=True, fade=6))
    monkeypatch.setattr(frame, "SEGMENT", numbers)
    monkeypatch.setattr(plan, "frame_chunk", lambda *given: length)
    assert_equal_to_definition(case, "frame")


@pytest.mark.parametrize("fade", [None, 2])
@pytest.mark.parametrize("symbols", [False, True])
def test_inputs_wider_than_a_chunk_can_share(symbols, fade):
    """Of many features or symbols and few steps, U x_t + b is formed first."""
    for mode in ("last", "all"):
        case = Case(16, 2, 3, 2, 100, mode, symbols, initial=True, fade=fade)
        for form in ("frame", *(("powers",) if mode == "last" else ())):
            assert_equal_to_definition(case, form)


def test_second_derivatives_across_segments(monkeypatch):
    monkeypatch.setattr(frame, "SEGMENT", 64)
    arguments = Case(4, 1, 9, 2, 2).arguments()
    leaves = [arguments[name] for name in ("inputs", "input_weight", "bias", "signs")]

    def mean(x, weight, bias, signs):
        return frame.run(x, weight, bias, signs, 4, mode="mean")[0]

    assert torch.autograd.gradgradcheck(mean, leaves)


def saved_numbers(form, **options):
    """Numbers that wait for the backward pass beside the inputs, each storage once."""
    storages = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        storages[storage._cdata] = storage, storage.nbytes() // 4
        return tensor

    case = Case(q=1, features=2, **options)
    arguments = case.arguments(torch.float32)
    arguments["signs"].requires_grad_(False)
    arguments["inputs"].requires_grad_(False)
    arguments = {n: a if a is None else a.to("meta") for n, a in arguments.items()}
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        output, _ = run(case, arguments, form)
    assert output.requires_grad
    return sum(numbers for _, numbers in storages.values()) - 2 * arguments["inputs"].numel()


def test_powers_keep_the_root_of_time():
    few, many = (saved_numbers("powers", hidden=128, steps=s, batch=20) for s in (5000, 80_000))
    assert few < many < 6 * few


@pytest.mark.parametrize("mode", ["mean", "logits"])
def test_frame_keeps_one_state_a_segment(mode, monkeypatch):
    sizes = {"hidden": 64, "batch": 8, "mode": mode}
    states = 4000 * 8 * 64
    assert saved_numbers("frame", steps=4000, **sizes) > states
    monkeypatch.setattr(frame, "SEGMENT", states // 8)
    few, many = (saved_numbers("frame", steps=steps, **sizes) for steps in (4000, 8000))
    assert many - few < 0.1 * states


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("mode", MODES)
def test_no_sequences(mode, device):
    case = Case(16, 2, 9, 4, 3, mode, initial=True)
    for form in {"powers" if mode == "last" else "frame", "frame"}:
        arguments = case.arguments(device=device)
        for name in ("inputs", "initial_state"):
            arguments[name] = arguments[name].detach()[:0].requires_grad_()
        output, last = run(case, arguments, form)
        assert len(output) == 0 and last.shape == (0, 16)
        (output.sum() + last.sum()).backward()
        assert not arguments["input_weight"].grad.any()


@CUDA
@pytest.mark.parametrize("symbols", [False, True])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sizes", [(16, 1, 9, 4, 3), (24, 3, 33, 5, 2), (64, 1, 100, 8, 2)])
def test_cuda_equals_the_definition(sizes, mode, symbols):
    case = away_from_zero(Case(*sizes, mode, symbols, initial=True))
    found = values_and_gradients(case, "auto", device="cuda")
    assert all(value.device.type == "cuda" for value in found.values())
    found = {name: value.cpu() for name, value in found.items()}
    assert max(relative_errors(found, defined(case)).values()) < EXACT

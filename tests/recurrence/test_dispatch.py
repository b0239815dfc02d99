"""Which form runs, on which device, and what is refused."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.speed import dispatch_grid
from hadamrnn.errors import HadamrnnError
from hadamrnn.recurrence import cost, dispatch
from tests.recurrence.cases import (
    MODES,
    Case,
    defined,
    run,
    values_and_gradients,
)


@pytest.mark.parametrize("symbols", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_other_devices_run_without_a_cpu_function(mode, symbols):
    """The meta device has no numbers: whatever leaves torch for NumPy fails on it."""
    case = Case(8, 2, 9, 4, 3, mode=mode, symbols=symbols, initial=True)
    arguments = case.arguments(device="meta")
    output, last = run(case, arguments, "auto")
    expected = defined(case)
    assert output.device.type == "meta"
    assert output.shape == expected["output"].shape
    assert last.shape == expected["last state"].shape
    output.sum().add(last.sum()).backward()
    for name, tensor in arguments.items():
        if tensor is not None and tensor.requires_grad:
            assert tensor.grad.shape == expected[f"gradient of {name}"].shape


@pytest.mark.parametrize(
    ("shape", "mode", "initial", "expected"),
    [
        ((100, 784, 1), "last", False, "krylov"),
        ((100, 784, 1), "last", True, "scan"),
        ((100, 784), "last", False, "scan"),
        ((100, 784, 1), "mean", False, "scan"),
        ((100, 784, 1), "all", False, "scan"),
        ((100, 784, 1), "logits", False, "scan"),
        ((1, 784, 90), "last", False, "scan"),
    ],
)
def test_choice_of_the_form(shape, mode, initial, expected, monkeypatch):
    def form(dtype, device="cpu"):
        inputs = torch.zeros(shape, device=device)
        features = shape[2] if len(shape) == 3 else 10
        weight = torch.zeros(128, features, dtype=dtype, device=device)
        state = torch.zeros(shape[0], 128) if initial else None
        return dispatch.choose(inputs, weight, 128, mode, state)

    plain = "powers" if mode == "last" else "frame"
    for dtype in (torch.float32, torch.float64):
        assert form(dtype) == expected
        assert form(dtype, "meta") == plain
    monkeypatch.setattr(dispatch, "available", lambda: False)
    assert form(torch.float32) == plain


@pytest.mark.parametrize("path", dispatch_grid.PATHS.values(), ids=lambda path: path.stem)
def test_choice_is_near_the_best_of_the_measured_grid(path):
    rows = dispatch_grid.read(path)
    assert [point for point, _ in rows] == list(dispatch_grid.grid())
    far = {}
    for point, times in rows:
        form, over_best = dispatch_grid.ratio(point, times)
        if over_best > 1.5:
            far[tuple(point.values())] = form, times
    assert far == {}


@pytest.mark.parametrize("form", ["krylov", "scan", "reference"])
def test_constants_are_found_again_from_exact_times(form):
    points = [point for point, _ in dispatch_grid.read()]
    rows = [(p, {form: cost.seconds(form, dispatch_grid.work_of(p))}) for p in points]
    found = dispatch_grid.fitted(rows, (form,))[form]
    np.testing.assert_allclose(found, cost.NANOSECONDS[form], rtol=0.02, atol=1e-3)


def test_threads_make_large_work_cheaper_and_never_dearer():
    few = cost.Work(64, 64, 1, 100, 8)
    for form in ("krylov", "scan"):
        for work in (few, replace(few, batch=200, hidden_size=512, block_size=512)):
            assert cost.seconds(form, replace(work, threads=4)) <= cost.seconds(form, work)


@pytest.mark.parametrize("symbols", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_auto_is_the_chosen_form(mode, symbols):
    case = Case(8, 2, 9, 4, 3, mode=mode, symbols=symbols)
    arguments = case.arguments()
    form = dispatch.choose(arguments["inputs"], arguments["input_weight"], case.block_size, mode)
    automatic, named = (values_and_gradients(case, backend) for backend in ("auto", form))
    assert all(torch.equal(automatic[name], named[name]) for name in named)


def test_unknown_backend_error():
    words = "backend: must be one of auto, krylov, scan, powers, frame, reference; got 'fft'"
    case = Case(8, 2, 9, 4, 3)
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        run(case, case.arguments(), "fft")


@pytest.mark.parametrize(
    "case",
    [
        Case(8, 2, 9, 4, 3, mode="mean"),
        Case(8, 2, 9, 4, 3, initial=True),
        Case(8, 2, 9, 4, 3, symbols=True),
    ],
    ids=["mean", "initial", "symbols"],
)
def test_krylov_refuses_what_it_cannot_do(case):
    words = "backend: krylov makes the last state from dense inputs and a zero initial state; got"
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}"):
        run(case, case.arguments(), "krylov")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("value", [float("inf"), float("nan")])
@pytest.mark.parametrize("fade", [None, 3])
def test_numbers_that_are_not_finite_are_not_hidden(fade, value, mode):
    """A training that diverges must show in the loss, whatever is read out."""
    case = Case(8, 1, 9, 4, 3, mode=mode, fade=fade)
    for backend in case.forms():
        arguments = case.arguments(torch.float32)
        with torch.no_grad():
            arguments["inputs"][2, 3, 1] = value
        output, _ = run(case, arguments, backend)
        finite = output.detach().isfinite().flatten(1).all(1)
        assert finite.tolist() == [True, True, False, True], backend


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast_changes_no_bit(mode, dtype):
    """W is applied at every step: in half precision it would not stay orthogonal."""
    case = Case(64, 1, 300, 4, 3, mode=mode)
    for backend in (*case.forms(), "reference"):
        plain = run(case, case.arguments(torch.float32), backend)
        with torch.autocast("cpu", dtype=dtype):
            mixed = run(case, case.arguments(torch.float32), backend)
            assert torch.is_autocast_enabled("cpu")
        for own, expected in zip(mixed, plain, strict=True):
            assert own.dtype == torch.float32
            assert torch.equal(own, expected), backend


@pytest.mark.parametrize("backend", ["krylov", "scan"])
def test_kernels_run_backwards_within_autocast(backend):
    """torch advises against it; its own operations would then take half precision."""
    case, found = Case(16, 2, 9, 4, 3), []
    for enabled in (False, True):
        arguments = case.arguments(torch.float32)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            run(case, arguments, backend)[0].sum().backward()
        found.append(arguments["input_weight"].grad)
    assert torch.equal(*found)

"""The forms of matrix products are exact over long times, fading, under any setting of torch."""

import threading

import pytest
import torch

from tests.recurrence.cases import (
    DEVICES,
    EXACT,
    MODES,
    Case,
    away_from_zero,
    defined,
    relative_errors,
    run,
    values_and_gradients,
)

FLOAT32 = 3e-6
"""Largest relative error of float32 results here; with factors of 11 bits (TF32) it is 1e-3."""


def compared(case, form, dtype=torch.float64, device="cpu"):
    """{name: relative error} of values and gradients against the definition in float64."""
    found = values_and_gradients(case, form, dtype, device)
    return relative_errors({n: v.double().cpu() for n, v in found.items()}, defined(case))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("fade", [None, 1, 5, 12])
@pytest.mark.parametrize(("hidden", "q"), [(64, 2), (48, 3)])
def test_ten_thousand_steps(hidden, q, fade, device):
    for mode in ("last", "all"):
        case = Case(hidden, q, 10_000, 2, 2, mode, initial=True, fade=fade)
        exact = values_and_gradients(case, "auto")
        for form in ("frame", *(("powers",) if mode == "last" else ())):
            found = values_and_gradients(case, form, device=device)
            errors = relative_errors({n: v.cpu() for n, v in found.items()}, exact)
            assert max(errors.values()) < EXACT, (form, errors)
            found = values_and_gradients(case, form, torch.float32, device)
            errors = relative_errors({n: v.cpu() for n, v in found.items()}, exact)
            assert max(errors.values()) < 1e-4, (form, errors)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("scale", [1e-30, 1e30])
@pytest.mark.parametrize("fade", [1, 3])
@pytest.mark.parametrize("mode", ["last", "all"])
def test_fading_neither_overflows_nor_underflows(mode, fade, scale, device):
    """f^-t would leave float32 within a hundred steps; the linear recurrence scales exactly."""
    case = Case(16, 1, 700, 3, 2, mode, fade=fade, bias=False, initial=True)
    for form in {"powers" if mode == "last" else "frame", "frame"}:
        found = []
        for factor in (1.0, scale):
            arguments = case.arguments(torch.float32, device)
            for name in ("inputs", "initial_state"):
                arguments[name] = arguments[name].detach() * factor
            found.append(run(case, arguments, form)[0].detach().double() / factor)
        torch.testing.assert_close(*found, rtol=2e-4, atol=1e-5)


@pytest.fixture(params=["tf32", "highest"])
def precision(request):
    """torch's setting of float32 products, put back afterwards."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium" if request.param == "tf32" else "highest")
    yield request.param
    torch.set_float32_matmul_precision(before)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("mode", MODES)
def test_float32_is_float32_whatever_products_may_be(precision, mode, device):
    """TF32 on CUDA, bfloat16 on CPUs that have it: a thousandth of each product, T times."""
    case = away_from_zero(Case(64, 1, 60, 5, 7, mode), margin=3e-5)
    for form in (*(("powers",) if mode == "last" else ("frame",)), "auto", "reference"):
        errors = compared(case, form, torch.float32, device)
        assert max(errors.values()) < FLOAT32, (form, errors)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("mode", ["last", "logits"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_float32_is_float32_under_autocast(dtype, mode, device):
    case = away_from_zero(Case(64, 1, 60, 5, 7, mode), margin=3e-5)
    with torch.autocast(device, dtype=dtype):
        arguments = case.arguments(torch.float32, device)
        output, _ = run(case, arguments, "powers" if mode == "last" else "frame")
    output.square().sum().backward()
    expected = case.arguments()
    run(case, expected, "reference")[0].square().sum().backward()
    for name in ("inputs", "input_weight", "bias", "signs"):
        gradient, exact = arguments[name].grad, expected[name].grad
        assert gradient.dtype == torch.float32
        assert (gradient.cpu() - exact).norm() < 3 * FLOAT32 * exact.norm(), name


def test_settings_of_precision_are_not_touched(precision):
    """Nor in another thread, while a form runs here."""
    seen, stop = set(), threading.Event()

    def watch():
        while not stop.is_set():
            seen.add(torch.get_float32_matmul_precision())

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(20):
        values_and_gradients(Case(16, 1, 50, 3, 2), "powers", torch.float32)
    stop.set()
    watcher.join()
    assert len(seen) == 1


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_computes_in_float32(dtype):
    case = Case(32, 1, 300, 3, 2)
    arguments = case.arguments(dtype)
    output, last = run(case, arguments, "auto")
    exact, _ = run(case, {n: a if a is None else a.double() for n, a in arguments.items()}, "auto")
    assert output.dtype == last.dtype == dtype
    assert (output.double() - exact).norm() < torch.finfo(dtype).eps * exact.norm()

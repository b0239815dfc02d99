"""How far float32 results on a device are from float64, whatever torch's settings say."""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from hadamrnn.recurrence import dispatch
from hadamrnn.recurrence.reference import Mode

LIMIT = 1e-4
"""Largest relative error (2-norm) of a result or gradient; with TF32's factors it is 1e-3 and more
after a thousand steps."""

LOOPED = 1000
"""Most steps for which the step loop in float64 is the measure; longer ones have their own form."""

CASES: tuple[tuple[str, Mode, tuple[int, int, int, int, int], int | None], ...] = (
    ("pmnist", "last", (512, 1, 784, 20, 1), None),
    ("copy", "all", (128, 1, 1000, 20, 10), None),
    ("har2", "mean", (384, 6, 128, 64, 9), 5),
    ("long", "all", (64, 2, 10_000, 4, 3), None),
)
"""Name, mode, (d, q, time, batch, features), fade."""
QUICK = tuple((name, mode, (8, 2, 20, 3, 2), fade) for name, mode, _, fade in CASES)


@contextlib.contextmanager
def settings(name: str, device: str) -> Iterator[None]:
    """torch's settings of lower precision: "plain", "tf32" or "autocast"."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if name == "tf32" else "highest")
    try:
        with torch.autocast(device, dtype=torch.bfloat16, enabled=name == "autocast"):
            yield
    finally:
        torch.set_float32_matmul_precision(before)


def _results(
    mode: Mode, sizes: tuple[int, ...], fade: int | None, dtype: torch.dtype, device: str, name: str
) -> list[Tensor]:
    hidden, q, steps, batch, features = sizes
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).to(device, dtype).requires_grad_()

    signs = torch.where(torch.rand(hidden, generator=generator) < 0.5, -1.0, 1.0)
    leaves = [normal(batch, steps, features), normal(hidden, features), normal(hidden)]
    leaves.append(signs.to(device, dtype).requires_grad_())
    loop = dtype == torch.float64 and steps <= LOOPED
    backend = "reference" if loop else "auto"
    with settings(name, device):
        output, last = dispatch.run(*leaves, hidden // q, mode=mode, fade=fade, backend=backend)
    weights = torch.randn(output.shape, generator=generator).to(output)
    with settings("tf32" if name == "tf32" else "plain", device):
        grads = torch.autograd.grad((output * weights).sum(), leaves)
    return [value.detach().double() for value in (output, last, *grads)]


def accuracy(device: str, quick: bool = False) -> dict[str, Any]:
    """{case: {settings: largest relative error}} against float64."""
    found: dict[str, Any] = {}
    for case, mode, sizes, fade in QUICK if quick else CASES:
        exact = _results(mode, sizes, fade, torch.float64, device, "plain")
        row = found.setdefault(case, {})
        for name in ("plain", "tf32", "autocast"):
            values = _results(mode, sizes, fade, torch.float32, device, name)
            errors = [float((a - b).norm() / b.norm()) for a, b in zip(values, exact, strict=True)]
            row[name] = max(errors)
        line = ", ".join(f"{name} {error:.1e}" for name, error in row.items())
        print(f"accuracy, {case}: {line}{'' if max(row.values()) < LIMIT else '  TOO FAR'}")
    return found

"""Recurrences of many sizes, their values and gradients, and how far two answers differ."""

import functools
import itertools
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from hadamrnn.recurrence import dispatch

MODES = ("last", "mean", "all", "logits")

CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
DEVICES = ["cpu", pytest.param("cuda", marks=CUDA)]

EXACT = 1e-10
"""Largest relative difference between two forms in float64."""


@dataclass(frozen=True)
class Case:
    """Sizes of one recurrence and what it is given; its numbers are drawn from the sizes."""

    hidden: int
    q: int
    steps: int
    batch: int
    features: int
    mode: str = "last"
    symbols: bool = False
    initial: bool = False
    bias: bool = True
    outputs: int = 3
    fade: int | None = None
    draw: int = 0

    @property
    def block_size(self):
        return self.hidden // self.q

    def arguments(self, dtype=torch.float64, device="cpu"):
        """Leaf tensors by name; what the case does not have is None."""
        sizes = (self.hidden, self.q, self.steps, self.batch, self.features, self.draw)
        generator = np.random.default_rng(sizes)

        def normal(*shape, wanted=True):
            values = torch.from_numpy(generator.standard_normal(shape)).to(dtype).to(device)
            return values.requires_grad_() if wanted else None

        hidden, shape = self.hidden, (self.batch, self.steps)
        signs = torch.from_numpy(generator.choice([-1.0, 1.0], hidden)).to(dtype).to(device)
        ids = torch.from_numpy(generator.integers(0, self.features, shape)).to(device)
        dense, logits = normal(*shape, self.features), self.mode == "logits"
        return {
            "inputs": ids if self.symbols else dense,
            "input_weight": normal(hidden, self.features),
            "bias": normal(hidden, wanted=self.bias),
            "signs": signs.requires_grad_(),
            "initial_state": normal(self.batch, hidden, wanted=self.initial),
            "output_weight": normal(self.outputs, hidden, wanted=logits),
            "output_bias": normal(self.outputs, wanted=logits),
        }

    def forms(self):
        last = self.mode == "last"
        krylov = last and not self.symbols and not self.initial
        return (*(["krylov"] if krylov else []), "scan", *(["powers"] if last else []), "frame")


def run(case, arguments, backend):
    """(output, last state)."""
    values = dict(arguments)
    readout = values.pop("output_weight"), values.pop("output_bias")
    readout = readout if case.mode == "logits" else None
    return dispatch.run(
        **values,
        block_size=case.block_size,
        mode=case.mode,
        readout=readout,
        fade=case.fade,
        backend=backend,
    )


def values_and_gradients(case, backend, dtype=torch.float64, device="cpu"):
    """{name: tensor}: the output, the last state, and the gradient of every argument.

    The loss weighs every number of both results differently.
    """
    arguments = case.arguments(dtype, device)
    output, last = run(case, arguments, backend)
    generator = np.random.default_rng(0)
    weights = [torch.from_numpy(generator.standard_normal(r.shape)).to(r) for r in (output, last)]
    loss = (weights[0] * output).sum() + (weights[1] * last).sum()
    leaves = {n: a for n, a in arguments.items() if a is not None and a.requires_grad}
    gradients = torch.autograd.grad(loss, tuple(leaves.values()), materialize_grads=True)
    names = [f"gradient of {name}" for name in leaves]
    results = {"output": output.detach(), "last state": last.detach()}
    return results | dict(zip(names, gradients, strict=True))


@functools.cache
def defined(case):
    """What the step loop says, in float64."""
    return values_and_gradients(case, "reference")


def relative_errors(results, exact):
    """{name: norm of the difference over the norm}; plain where the exact value is next to zero."""
    assert results.keys() == exact.keys()
    norms = {name: value.norm().item() for name, value in exact.items()}
    return {
        name: (results[name] - value).norm().item() / (norms[name] if norms[name] > 1e-30 else 1)
        for name, value in exact.items()
    }


def away_from_zero(case, margin=1e-9):
    """The case, redrawn until no state is so near zero that rounding decides relu's gradient.

    Symbols may return to zero from zero whatever is drawn: then from another initial state.
    """
    if case.mode in ("last", "all"):
        return case
    for start, draw in itertools.product((case.initial, True), range(50)):
        drawn = replace(case, initial=start, draw=draw)
        states = values_and_gradients(replace(drawn, mode="all"), "auto")["output"]
        if states.abs().min() > margin * states.square().mean().sqrt():
            return drawn
    raise AssertionError(f"every draw of {case} has a state near zero")


def assert_equal_to_definition(case, backend):
    results, exact = values_and_gradients(case, backend), defined(case)
    for name, value in exact.items():
        assert results[name].shape == value.shape, name
        assert results[name].dtype == torch.float64, name
    assert max(relative_errors(results, exact).values()) < EXACT, relative_errors(results, exact)

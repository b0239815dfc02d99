"""How much the forms of matrix products multiply, and which of them is chosen."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from hadamrnn.errors import HadamrnnError
from hadamrnn.recurrence import dispatch, frame, powers
from tests.recurrence.cases import Case, run


def multiply_adds(form, mode, hidden, steps, batch, features, held=True):
    arguments = Case(hidden, 1, steps, batch, features, mode).arguments(torch.float32, "meta")
    arguments["signs"].requires_grad_(not held)
    arguments["inputs"].requires_grad_(False)
    values = [arguments[name] for name in ("inputs", "input_weight", "bias", "signs")]
    counts = []
    with FlopCounterMode(display=False) as counter:
        output, _ = form.run(*values, hidden, mode=mode)
        counts.append(counter.get_total_flops() // 2)
        output.sum().backward()
        counts.append(counter.get_total_flops() // 2)
    return counts


PMNIST = {"hidden": 512, "steps": 784, "batch": 100, "features": 1}
COPY = {"hidden": 128, "steps": 1000, "batch": 128, "features": 10}


def test_multiply_adds_of_the_last_state():
    """Combining neighbours takes 2 T d^2 a sequence for all states, 41 G at pmnist's shape."""
    forward, both = multiply_adds(powers, "last", **PMNIST)
    by_doubling = 2 * 100 * 784 * 512**2
    assert forward < by_doubling / 20
    assert both < 2 * by_doubling / 20
    forward, both = multiply_adds(powers, "last", **PMNIST, held=False)
    assert forward < by_doubling / 20
    assert both < 3 * by_doubling / 20


def test_multiply_adds_of_all_states():
    forward, both = multiply_adds(frame, "all", **COPY)
    by_doubling = 2 * 128 * 1000 * 128**2
    assert forward < 0.6 * by_doubling
    assert both < 0.6 * 2 * by_doubling


def test_blocks_are_multiplied_as_blocks():
    whole, blocks = (
        multiply_adds(form, mode, 64, 200, 10, 2)[0]
        for form, mode in ((powers, "last"), (frame, "all"))
        for _ in (0,)
    )
    for form, mode, one in ((powers, "last", whole), (frame, "all", blocks)):
        values = Case(64, 8, 200, 10, 2).arguments(torch.float32, "meta")
        given = [values[name] for name in ("inputs", "input_weight", "bias", "signs")]
        with FlopCounterMode(display=False) as counter:
            form.run(*given, 8, mode=mode)
        assert counter.get_total_flops() / 2 < 0.4 * one, form


def test_plain_forms_are_chosen_by_cost():
    def choice(batch, steps, hidden, mode):
        inputs = torch.empty(batch, steps, 1, device="meta")
        return dispatch.choose(inputs, torch.empty(hidden, 1, device="meta"), hidden, mode)

    assert choice(100, 784, 512, "last") == "powers"
    assert choice(100, 784, 512, "mean") == "frame"
    assert choice(1, 1, 16_384, "last") == choice(1, 1, 16_384, "all") == "reference"


def test_powers_refuse_other_modes():
    words = "^backend: powers makes the last state alone; got mode 'mean'$"
    case = Case(8, 2, 9, 4, 3, "mean")
    with pytest.raises(HadamrnnError, match=words):
        run(case, case.arguments(), "powers")

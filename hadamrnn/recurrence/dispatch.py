"""Which form of the recurrence runs, decided in one place.

On a CPU the form with the least estimated time (cost.py), in float32 and float64. On other
devices, in other types, or where numba is missing: doubling. A form can also be asked for by name.
"""

import torch

from hadamrnn.errors import HadamrnnError
from hadamrnn.kernels import KERNEL_TYPES, available
from hadamrnn.recurrence import cost, doubling, reference

BACKENDS = ("auto", "krylov", "scan", "doubling", "reference")


def cheapest(work, krylov_able):
    """The form with the least estimated time for ``work`` (cost.Work) on a CPU.

    krylov_able : whether the last state is asked for, from dense inputs and h_0 = 0.
    """
    forms = [form for form in cost.NANOSECONDS if krylov_able or form != "krylov"]
    return min(forms, key=lambda form: cost.seconds(form, work))


def choose(inputs, input_weight, block_size, mode, initial_state=None):
    """The name of the form for these arguments of ``run``."""
    if inputs.device.type != "cpu" or str(input_weight.dtype) not in KERNEL_TYPES:
        return "doubling"
    if not available():
        return "doubling"
    (hidden, features), (batch, steps) = input_weight.shape, inputs.shape[:2]
    work = cost.Work(
        hidden, block_size, features, steps, batch, inputs.dim() == 2,
        torch.get_num_threads(),
    )  # fmt: skip
    return cheapest(work, mode == "last" and initial_state is None and inputs.dim() == 3)


def run(
    inputs, input_weight, bias, signs, block_size, initial_state=None,
    mode="last", readout=None, backend="auto",
):  # fmt: skip
    """The linear recurrence h_t = W h_{t-1} + U x_t + b with its read-out.

    inputs : (batch, time, d_in) float, or (batch, time) integer ids in 0..d_in-1.
    input_weight : (d, d_in); bias : (d,) or None; signs : (d,) of +1 and -1; block_size : m.
    initial_state : (batch, d), zeros when None.
    mode : "last" h_T, "mean" over time of relu(h_t), "all" states, or "logits" with
        readout = (V (outputs, d), c (outputs,)): V relu(h_t) + c at every step.
    backend : "auto", or a form's name: "krylov" (CPU, mode "last", dense inputs, no initial
        state), "scan" (CPU), "doubling", "reference".
    Returns (output, last state).

    >>> x, U, u = torch.ones(1, 3, 1), torch.ones(2, 1), torch.tensor([1.0, -1.0])
    >>> run(x, U, None, u, 1)[0].tolist()
    [[3.0, 1.0]]
    """
    if backend not in BACKENDS:
        raise HadamrnnError(f"backend: must be one of {', '.join(BACKENDS)}; got {backend!r}")
    form = backend
    if backend == "auto":
        form = choose(inputs, input_weight, block_size, mode, initial_state)
    if form in ("krylov", "scan") and not available():
        raise HadamrnnError(f"backend: {form} needs a numba that works; got none")
    if form == "krylov":
        return _krylov(inputs, input_weight, bias, signs, block_size, initial_state, mode)
    if form == "scan":
        from hadamrnn.recurrence import scan  # compiles kernels: only where they are used

        return scan.run(inputs, input_weight, bias, signs, block_size, initial_state, mode, readout)
    module = doubling if form == "doubling" else reference
    states = module.states(inputs, input_weight, bias, signs, block_size, initial_state)
    return _read(states, mode, readout), states[:, -1]


def _krylov(inputs, input_weight, bias, signs, block_size, initial_state, mode):
    from hadamrnn.recurrence import krylov

    if mode != "last" or initial_state is not None or inputs.dim() != 3:
        raise HadamrnnError(
            "backend: krylov makes the last state from dense inputs and a zero initial state; "
            f"got mode {mode!r}, inputs of shape {tuple(inputs.shape)}"
        )
    last = krylov.last_state(inputs, input_weight, bias, signs, block_size)
    return last, last


def _read(states, mode, readout):
    if mode == "last":
        return states[:, -1]
    if mode == "mean":
        return states.relu().mean(1)
    if mode == "all":
        return states
    weight, bias = readout
    return torch.nn.functional.linear(states.relu(), weight, bias)

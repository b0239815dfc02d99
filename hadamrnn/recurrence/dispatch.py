"""Which form of the recurrence runs, decided in one place.

On a CPU the form with the least estimated time (cost.py). On other devices, without compiled
kernels, or where torch must see plain operations, the cheapest of the forms of those (plan.py):
powers for the last state, frame for the others. A form can also be asked for by name.
"""

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from hadamrnn.errors import HadamrnnError
from hadamrnn.kernels import KERNEL_TYPES, available
from hadamrnn.recurrence import cost, frame, plan, powers, reference
from hadamrnn.recurrence.reference import Mode, Readout
from hadamrnn.recurrence.tracing import (
    autocast_enabled,
    compiling,
    computing_type,
    symbolic,
    traced,
)

FORMS = ("krylov", "scan", "powers", "frame", "reference")
"""Modules of this folder, each with a function ``run`` of the same arguments."""

BACKENDS = ("auto", *FORMS)

Run = Callable[..., tuple[Tensor, Tensor]]


@functools.lru_cache(maxsize=64)  # asked at every step
def cheapest(work: cost.Work, krylov_able: bool) -> str:
    """The form with the least estimated time on a CPU.

    Parameters
    ----------
    work : cost.Work
        What is asked of the recurrence.
    krylov_able : bool
        Whether that is the last state, from dense inputs and h_0 = 0.

    Returns
    -------
    str
        One of FORMS.
    """
    forms = [form for form in cost.NANOSECONDS if krylov_able or form != "krylov"]
    return min(forms, key=lambda form: cost.seconds(form, work))


def choose(
    inputs: Tensor,
    input_weight: Tensor,
    block_size: int,
    mode: Mode,
    initial_state: Tensor | None = None,
) -> str:
    """The name of the form for these arguments of ``run``."""
    kernels = kernels_run(input_weight)
    work = cost.Work(
        hidden_size=input_weight.shape[0],
        block_size=block_size,
        input_size=input_weight.shape[1],
        steps=inputs.shape[1],
        batch=plan.TRACED_BATCH if symbolic() else inputs.shape[0],
        symbols=inputs.dim() == 2,
        threads=torch.get_num_threads() if kernels else 1,
    )
    if not kernels:
        return plan.cheapest(work, mode == "last")
    return cheapest(work, mode == "last" and initial_state is None and inputs.dim() == 3)


def kernels_run(input_weight: Tensor) -> bool:
    """Whether "auto" may choose forms with kernels for a U like this."""
    if input_weight.device.type != "cpu" or str(input_weight.dtype) not in KERNEL_TYPES:
        return False
    return not traced() and _there()


def _there() -> bool:
    return available()


_there._dynamo_marked_constant = True  # type: ignore[attr-defined]  # not looked into, see tracing


def outside_of_graphs(input_weight: Tensor, inputs: object, lengths: object) -> bool:
    """Whether torch.compile must leave the recurrence out: kernels, or lengths to look at."""
    if not compiling():
        return False
    return kernels_run(input_weight) or lengths is not None or not isinstance(inputs, Tensor)


def run(
    inputs: Tensor,
    input_weight: Tensor,
    bias: Tensor | None,
    signs: Tensor,
    block_size: int,
    initial_state: Tensor | None = None,
    mode: Mode = "last",
    readout: Readout | None = None,
    fade: int | None = None,
    backend: str = "auto",
) -> tuple[Tensor, Tensor]:
    """The linear recurrence h_t = f W h_{t-1} + U x_t + b with its read-out.

    Results have the type of the arguments, and float32 is float32 in every product of every form,
    whatever torch.autocast and torch's settings of lower precision (TF32) say: W, which is applied
    T times, would not stay orthogonal (``tracing.computing_type``).

    Parameters
    ----------
    inputs, input_weight, bias, signs, block_size, initial_state, mode, readout, fade
        As ``reference.run``.
    backend : str
        "auto", or a form's name: "krylov" (CPU, mode "last", dense inputs, no initial state),
        "scan" (CPU), "powers" (mode "last"), "frame", "reference".

    Returns
    -------
    output, last
        As ``reference.run``.

    Raises
    ------
    HadamrnnError
        If the form is unknown or cannot do what is asked.

    Examples
    --------
    >>> x, U, u = torch.ones(1, 3, 1), torch.ones(2, 1), torch.tensor([1.0, -1.0])
    >>> run(x, U, None, u, 1)[0].tolist()
    [[3.0, 1.0]]
    """
    if backend not in BACKENDS:
        raise HadamrnnError(f"backend: must be one of {', '.join(BACKENDS)}; got {backend!r}")
    dtype = input_weight.dtype
    computing = computing_type(dtype, inputs.device.type)
    given = inputs, input_weight, bias, signs, initial_state, *(readout or ())
    x, weight, b, u, state, *read_by = (_in_type(value, dtype, computing) for value in given)
    form = backend
    if backend == "auto":
        form = choose(x, weight, block_size, mode, state)
    read_out = (read_by[0], read_by[1]) if readout is not None else None
    arguments = (x, weight, b, u, block_size, state, mode, read_out, fade)
    function = _function(form)
    if not autocast_enabled(inputs.device.type):
        output, last = function(*arguments)
    else:
        with torch.autocast(inputs.device.type, enabled=False):
            output, last = function(*arguments)
    return (output, last) if computing == dtype else (output.to(dtype), last.to(dtype))


def _in_type(value: Tensor | None, dtype: torch.dtype, computing: torch.dtype) -> Any:
    """``value`` in the type ``computing`` if it is a tensor of type ``dtype``."""
    return value.to(computing) if value is not None and value.dtype == dtype else value


def _function(form: str) -> Run:
    """``run`` of a form; modules with kernels are loaded when they are needed."""
    if form in ("krylov", "scan") and not available():
        raise HadamrnnError(f"backend: {form} needs compiled CPU kernels; got none")
    if form == "krylov":
        from hadamrnn.recurrence import krylov

        return krylov.run
    if form == "scan":
        from hadamrnn.recurrence import scan

        return scan.run
    plain: dict[str, Run] = {"powers": powers.run, "frame": frame.run, "reference": reference.run}
    return plain[form]

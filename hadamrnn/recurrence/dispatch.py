"""Which form of the recurrence runs, decided in one place.

On a CPU the form with the least estimated time (cost.py), in float32 and float64. On other
devices, in other types, where numba is missing, or where torch must see plain operations: doubling.
A form can also be asked for by name.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.autograd import forward_ad

from hadamrnn.errors import HadamrnnError
from hadamrnn.kernels import KERNEL_TYPES, available
from hadamrnn.recurrence import cost, doubling, reference
from hadamrnn.recurrence.reference import Mode, Readout

FORMS = ("krylov", "scan", "doubling", "reference")
"""Modules of this folder, each with a function ``run`` of the same arguments."""

BACKENDS = ("auto", *FORMS)

Run = Callable[..., tuple[Tensor, Tensor]]


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
    if inputs.device.type != "cpu" or str(input_weight.dtype) not in KERNEL_TYPES:
        return "doubling"
    if traced() or not available():
        return "doubling"
    work = cost.Work(
        hidden_size=input_weight.shape[0],
        block_size=block_size,
        input_size=input_weight.shape[1],
        steps=inputs.shape[1],
        batch=inputs.shape[0],
        symbols=inputs.dim() == 2,
        threads=torch.get_num_threads(),
    )
    return cheapest(work, mode == "last" and initial_state is None and inputs.dim() == 3)


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

    It runs in the type of its arguments, whatever torch.autocast says: in half precision W, which
    is applied T times, would not stay orthogonal.

    Parameters
    ----------
    inputs, input_weight, bias, signs, block_size, initial_state, mode, readout, fade
        As ``reference.run``.
    backend : str
        "auto", or a form's name: "krylov" (CPU, mode "last", dense inputs, no initial state),
        "scan" (CPU), "doubling", "reference".

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
    form = backend
    if backend == "auto":
        form = choose(inputs, input_weight, block_size, mode, initial_state)
    function = _function(form)
    arguments = (inputs, input_weight, bias, signs, block_size, initial_state, mode, readout, fade)
    if not autocast_enabled(inputs.device.type):
        return function(*arguments)
    with torch.autocast(inputs.device.type, enabled=False):
        return function(*arguments)


def _function(form: str) -> Run:
    """``run`` of a form; modules with kernels are loaded when they are needed."""
    if form in ("krylov", "scan") and not available():
        raise HadamrnnError(f"backend: {form} needs a numba that works; got none")
    if form == "krylov":
        from hadamrnn.recurrence import krylov

        return krylov.run
    if form == "scan":
        from hadamrnn.recurrence import scan

        return scan.run
    return doubling.run if form == "doubling" else reference.run


def compiling() -> bool:
    """Whether torch.compile looks at what runs; it then leaves a call to ``models.eager`` out."""
    return torch.compiler.is_compiling() and not torch.compiler.is_exporting()


def traced() -> bool:
    """Whether torch looks at every operation: torch.func, forward-mode derivatives, torch.export.

    Numbers are then not there to be looked at, and kernels cannot be looked into.
    """
    return (
        torch.compiler.is_exporting()
        or torch._C._are_functorch_transforms_active()
        or forward_ad._current_level >= 0
    )


def autocast_enabled(device_type: str) -> bool:
    """Whether torch.autocast is on for a type of devices; False where there is no autocast."""
    return torch.amp.is_autocast_available(device_type) and torch.is_autocast_enabled(device_type)

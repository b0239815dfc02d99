"""Where a model runs: the ``device`` parameter, resolved once, and the machine it is on."""

import os
import platform
from pathlib import Path
from typing import Any

import torch

from hadamrnn.compiler import compiler_version
from hadamrnn.errors import HadamrnnError


def resolve(name: str) -> torch.device:
    """The device that the parameter ``device`` names.

    Parameters
    ----------
    name : str
        "auto" (CUDA if there is one, else the CPU), "cpu", "cuda", "cuda:0", ...

    Returns
    -------
    torch.device
        Present on this machine.

    Raises
    ------
    HadamrnnError
        A CUDA device is asked for that is not there, or a name is none.

    Examples
    --------
    >>> resolve("cpu")
    device(type='cpu')
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise HadamrnnError(f"device: must be auto, cpu or cuda:<index>; got {name!r}") from None
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise HadamrnnError(
            f"device: must be present on this machine ({torch.cuda.device_count()} CUDA devices); "
            f"got {name!r}"
        )
    return device


def processor() -> str:
    """Name of the processor, as its maker calls it where the system says so.

    Returns
    -------
    str
        As "AMD EPYC 7763"; the architecture where nothing else is known.
    """
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def machine(where: torch.device) -> dict[str, Any]:
    """The machine of a training run, for its record.

    Parameters
    ----------
    where : torch.device
        What the model runs on.

    Returns
    -------
    dict
        ``processor``, ``cores`` (those this process may use), ``device`` (cpu, or the GPU's name),
        ``python``, ``torch`` and ``compiler`` (versions; the C compiler makes the CPU kernels, null
        where there is none).

    Examples
    --------
    >>> machine(torch.device("cpu"))["device"]
    'cpu'
    """
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    return {
        "processor": processor(),
        "cores": available or os.cpu_count(),
        "device": torch.cuda.get_device_name(where) if where.type == "cuda" else where.type,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "compiler": compiler_version(),
    }

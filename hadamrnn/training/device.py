"""Where a model runs: the ``device`` parameter, resolved once."""

import torch

from hadamrnn.errors import HadamrnnError


def resolve(name):
    """torch.device for "auto" (CUDA if there is one, else the CPU), "cpu", "cuda", "cuda:0", ...

    Raises HadamrnnError if a CUDA device is asked for that is not there.

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

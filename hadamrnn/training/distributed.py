"""One training run in several processes, as torchrun starts them, with the result of one process.

Every process takes its share of every batch; gradients are averaged over the batch's samples, so
that all optimizers make the step that one process would have made. Metrics of ignite add up over
the processes by themselves.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import ignite.distributed as idist
import torch

from hadamrnn.errors import HadamrnnError
from hadamrnn.training import device, launch


@contextmanager
def joined(device_name: str) -> Iterator[torch.device]:
    """Join the other processes, if torchrun started any.

    Parameters
    ----------
    device_name : str
        As ``device.resolve``; with several processes on GPUs each takes its own, by its number on
        this machine. Communication is by nccl there, by gloo on CPUs.

    Yields
    ------
    torch.device
        This process's.

    Raises
    ------
    HadamrnnError
        The device is not there, or cannot be one of several; or another process ended.
    """
    where = device.resolve(device_name)
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield where
        return
    if where.type == "cuda":
        if device_name not in ("auto", "cuda"):
            raise HadamrnnError(
                f"device: must be auto, cpu or cuda in several processes; got {device_name!r}"
            )
        where = device.resolve(f"cuda:{os.environ['LOCAL_RANK']}")
        torch.cuda.set_device(where)
    idist.initialize("nccl" if where.type == "cuda" else "gloo")
    try:
        yield where
    except RuntimeError as error:
        if not (isinstance(error, torch.distributed.DistError) or "gloo" in str(error)):
            raise
        if launch.ASKED in os.environ:  # the launcher says which
            sys.exit(1)
        raise HadamrnnError(
            f"training: must keep all its processes; got one that ended, {launch.RESUMES}"
        ) from None
    finally:
        idist.finalize()


def share() -> tuple[int, int]:
    """(number of this process, processes): (0, 1) when it is alone."""
    return idist.get_rank(), idist.get_world_size()


def metric_device() -> torch.device:
    """Where metrics accumulate: on the CPU, unless the processes talk from GPU to GPU."""
    return idist.device() if idist.get_world_size() > 1 else torch.device("cpu")


def total(sums: torch.Tensor) -> torch.Tensor:
    """Sums over this process's share as sums over those of all."""
    return sums if idist.get_world_size() == 1 else torch.as_tensor(idist.all_reduce(sums))


def average(model: torch.nn.Module, loss: torch.Tensor, samples: int) -> tuple[float, int]:
    """Make the gradients of a model those of the whole batch.

    Weighted by samples, because a last batch may not divide evenly. In one process: as they are.

    Parameters
    ----------
    model : torch.nn.Module
        Whose gradients are of this process's share.
    loss : torch.Tensor
        Mean over this process's share.
    samples : int
        Sequences, or steps, in it, perhaps 0.

    Returns
    -------
    loss : float
        Mean over the whole batch.
    samples : int
        The same in it.
    """
    if idist.get_world_size() == 1:
        return loss.item(), samples
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    own = torch.cat([*(g.flatten() for g in gradients), loss.detach()[None]])
    weighted = torch.cat((own * samples, own.new_tensor([samples])))
    total = torch.as_tensor(idist.all_reduce(weighted))
    *averages, loss, count = total.split([*(g.numel() for g in gradients), 1, 1])
    for gradient, values in zip(gradients, averages, strict=True):
        gradient.copy_(values.view_as(gradient) / count)
    return (loss / count).item(), int(count)

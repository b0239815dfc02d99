"""Cross-entropy; on a CPU by a kernel where samples are many and classes few (the copy task).

Targets that are numbers are met in the least squares: half a squared error is the cross-entropy of
a normal distribution of deviation 1, up to a constant.
"""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch
from torch.autograd.function import once_differentiable

from hadamrnn.errors import HadamrnnError
from hadamrnn.kernels import KERNEL_TYPES, available
from hadamrnn.metrics import merge
from hadamrnn.models.storage import Model

FEW_CLASSES = 32
"""Up to this many classes the kernel is used; above, torch's own."""

MANY_SAMPLES = 1000
"""From this many samples on: below, its calls take longer than torch's whole loss."""

NONE_IGNORED = -(2**63)
"""A target that nobody gives; by default torch takes -100 for one that does not count."""

BLOCK = 512
"""Samples whose losses are summed together, as in ``kernels/csrc/cross_entropy.h``."""


class _ManySamples(torch.autograd.Function):
    """Mean cross-entropy of (n, classes) logits on the CPU; see kernels/csrc/cross_entropy.h."""

    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        from hadamrnn.kernels import library

        count, wanted = len(logits), ctx.needs_input_grad[0]
        rows = logits.detach().contiguous().numpy()
        losses = np.empty(-(-count // BLOCK))
        grads = library.empty(rows.shape if wanted else (0,), rows.dtype)
        library.run(
            "cross_entropy",
            len(losses),
            rows.dtype,
            count=count,
            classes=rows.shape[1],
            share=1 / count,
            logits=rows,
            targets=targets.contiguous().numpy(),
            losses=losses,
            grads=grads if wanted else None,
        )
        ctx.save_for_backward(torch.from_numpy(grads))
        return logits.new_tensor(losses.sum() / count)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        (grads,) = ctx.saved_tensors
        return grads * gradient, None


_many_samples = cast(Callable[[torch.Tensor, torch.Tensor], torch.Tensor], _ManySamples.apply)


def flatten(logits: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(batch, time, classes) and (batch, time) as (batch time, classes) and (batch time,)."""
    return logits.reshape(-1, logits.shape[-1]), targets.reshape(-1)


def _of_torch(rows: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """The same by torch, which looks at the targets itself: one of no class is an IndexError."""
    reduction = "mean" if len(classes) else "sum"
    try:
        return torch.nn.functional.cross_entropy(
            rows, classes, reduction=reduction, ignore_index=NONE_IGNORED
        )
    except IndexError:
        raise _no_class(rows, classes) from None


def _no_class(rows: torch.Tensor, classes: torch.Tensor) -> HadamrnnError:
    return HadamrnnError(
        f"targets: must lie in 0..{rows.shape[1] - 1}; got "
        f"{int(classes.min())}..{int(classes.max())}"
    )


def cross_entropy(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy over all samples (and steps).

    Parameters
    ----------
    logits : torch.Tensor
        (..., classes), floats.
    targets : torch.Tensor
        (...), int64 class ids.

    Returns
    -------
    torch.Tensor
        One number in nats; 0 for no samples.

    Raises
    ------
    HadamrnnError
        On a CPU, for targets that are no class.

    Examples
    --------
    >>> cross_entropy(torch.zeros(2, 3, 4), torch.zeros(2, 3, dtype=torch.long)).item()
    1.3862943649291992
    """
    rows, classes = flatten(logits, targets)
    on_cpu = rows.device.type == "cpu"  # other devices check by themselves, without waiting
    few = len(rows) < MANY_SAMPLES or rows.shape[1] > FEW_CLASSES
    if few or not on_cpu or str(rows.dtype) not in KERNEL_TYPES or not available():
        return _of_torch(rows, classes)
    if not 0 <= int(classes.min()) <= int(classes.max()) < rows.shape[1]:
        raise _no_class(rows, classes)
    return _many_samples(rows, classes)


def of_classes(
    model: Model, logits: torch.Tensor, targets: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """What a model says of the classes, and which are right.

    Parameters
    ----------
    model : Model
        Its outputs may be finer classes, of which ``class_of`` makes classes (metrics.merge).
    logits : torch.Tensor
        Its outputs, (..., finer classes).
    targets : torch.Tensor
        (...), ids of finer classes.

    Returns
    -------
    logits : torch.Tensor
        (..., classes); the same tensor where the outputs are classes themselves.
    targets : torch.Tensor
        (...), ids of classes.
    """
    if model.class_of is None:
        return logits, targets
    groups = torch.tensor(model.class_of, device=targets.device)
    return merge(logits, model.class_of, torch), groups[targets]


def outputs_of(
    model: Model, inputs: torch.Tensor, lengths: torch.Tensor | None = None
) -> torch.Tensor:
    """What a model makes of a batch; only a HadamClassifier takes lengths.

    Parameters
    ----------
    model : Model
        In the mode that it is to run in.
    inputs, lengths : torch.Tensor
        As Batches yield them.

    Returns
    -------
    torch.Tensor
        (batch, outputs), or (batch, time, outputs).
    """
    if lengths is None:
        outputs: torch.Tensor = model(inputs)
    else:
        outputs = model(inputs, lengths)
    return outputs


Stepwise = tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]
"""(outputs, targets, weights or None)."""


def existing(
    outputs: torch.Tensor,
    targets: torch.Tensor,
    lengths: torch.Tensor | None = None,
    weights: torch.Tensor | None = None,
) -> Stepwise:
    """Outputs, targets and weights of the steps that sequences have, where each has a target.

    Parameters
    ----------
    outputs : torch.Tensor
        (batch, time, classes), or anything else, which is left as it is.
    targets : torch.Tensor
        (batch, time), or anything else.
    lengths : torch.Tensor, optional
        (batch,) steps of each sequence; None: all.
    weights : torch.Tensor, optional
        (batch, time) of the steps, or anything else.

    Returns
    -------
    outputs : torch.Tensor
        (steps, classes).
    targets : torch.Tensor
        (steps,).
    weights : torch.Tensor or None
        (steps,).

    Examples
    --------
    >>> outputs, targets = torch.zeros(2, 3, 5), torch.ones(2, 3)
    >>> [one.shape for one in existing(outputs, targets, torch.tensor([1, 3]))[:2]]
    [torch.Size([4, 5]), torch.Size([4])]
    """
    if lengths is None or targets.dim() != 2 or outputs.dim() != 3:
        return outputs, targets, weights
    there = torch.arange(targets.shape[1], device=targets.device) < lengths[:, None]
    if weights is not None and weights.dim() == 2:
        weights = weights[there]
    return outputs[there], targets[there], weights


def half_squared_error(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Half the squared distance of outputs from targets, mean over the samples.

    Parameters
    ----------
    outputs, targets : torch.Tensor
        (n, outputs) floats.

    Returns
    -------
    torch.Tensor
        One number; 0 for no samples.

    Examples
    --------
    >>> half_squared_error(torch.zeros(2, 1), torch.tensor([[1.0], [3.0]])).item()
    2.5
    """
    distances = (outputs - targets).square().sum(-1)
    return distances.sum() / (2 * max(1, distances.numel()))


def loss_of(
    model: Model,
    logits: torch.Tensor,
    targets: torch.Tensor,
    weights: torch.Tensor | None = None,
) -> torch.Tensor:
    """What a training step lowers.

    Parameters
    ----------
    model, logits, targets
        As of ``of_classes``; or numbers as targets, in the shape of ``logits``.
    weights : torch.Tensor, optional
        (batch,) factor of each sequence, or as many as targets: of each step.

    Returns
    -------
    torch.Tensor
        The mean cross-entropy in nats, with finer classes the mean of theirs and of the classes
        they form; of numbers ``half_squared_error``.
    """
    if targets.is_floating_point():
        factors = 1 if weights is None else weights[:, None].sqrt()
        return half_squared_error(logits * factors, targets * factors)
    if weights is not None:
        each = torch.nn.functional.cross_entropy(*flatten(logits, targets), reduction="none")
        factors = weights.reshape(-1)
        steps = len(each) // max(1, len(factors))
        return (each * factors.repeat_interleave(steps)).sum() / max(1, len(each))
    loss = cross_entropy(logits, targets)
    if model.class_of is None:
        return loss
    return (loss + cross_entropy(*of_classes(model, logits, targets))) / 2

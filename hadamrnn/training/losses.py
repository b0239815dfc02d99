"""Cross-entropy; on a CPU by a kernel where samples are many and classes few (the copy task)."""

import numpy as np
import torch
from torch.autograd.function import once_differentiable

from hadamrnn.errors import HadamrnnError
from hadamrnn.kernels import KERNEL_TYPES, available

FEW_CLASSES = 32
"""Up to this many classes the kernel is used; above, torch's own."""

MANY_SAMPLES = 1000
"""From this many samples on: below, its calls take longer than torch's whole loss."""


class _ManySamples(torch.autograd.Function):
    """Mean cross-entropy of (n, classes) logits on the CPU; see cross_entropy_kernel."""

    @staticmethod
    def forward(ctx, logits, targets):
        from hadamrnn.kernels.threads import in_threads
        from hadamrnn.training import cross_entropy_kernel as kernels

        count, wanted = len(logits), ctx.needs_input_grad[0]
        rows = logits.detach().contiguous().numpy()
        losses = np.empty(-(-count // kernels.BLOCK))
        grads = np.empty_like(rows) if wanted else rows[:0].copy()
        in_threads(
            kernels.softmax_cross_entropy, len(losses), rows, targets.contiguous().numpy(),
            rows.dtype.type(1 / count), losses, grads,
        )  # fmt: skip
        ctx.save_for_backward(torch.from_numpy(grads))
        return logits.new_tensor(losses.sum() / count)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        (grads,) = ctx.saved_tensors
        return grads * gradient, None


def flatten(logits, targets):
    """(batch, time, classes) and (batch, time) as (batch time, classes) and (batch time,)."""
    return logits.reshape(-1, logits.shape[-1]), targets.reshape(-1)


def cross_entropy(logits, targets):
    """Mean cross-entropy in nats over all samples (and steps); 0 for no samples.

    logits : (..., classes) float; targets : (...) int64 class ids.
    Raises HadamrnnError for targets that are no class.

    >>> cross_entropy(torch.zeros(2, 3, 4), torch.zeros(2, 3, dtype=torch.long)).item()
    1.3862943649291992
    """
    rows, classes = flatten(logits, targets)
    on_cpu = rows.device.type == "cpu"  # other devices check by themselves, without waiting
    if (
        on_cpu
        and len(classes)
        and not 0 <= int(classes.min()) <= int(classes.max()) < rows.shape[1]
    ):
        raise HadamrnnError(
            f"targets: must lie in 0..{rows.shape[1] - 1}; got "
            f"{int(classes.min())}..{int(classes.max())}"
        )
    known = on_cpu and str(rows.dtype) in KERNEL_TYPES and available()
    if not known or rows.shape[1] > FEW_CLASSES or len(rows) < MANY_SAMPLES:
        total = torch.nn.functional.cross_entropy(rows, classes, reduction="sum")
        return total / max(1, len(classes))
    return _ManySamples.apply(rows, classes)

"""Cross-entropy for many samples of few classes: the copy task has 128,000 rows of 9 a batch.

torch's softmax works along the last axis, which is too short to fill a vector here. Classes come
first instead, so that every operation runs along the samples; value and gradient are the same.
"""

import torch

FEW_CLASSES = 32
"""Up to this many classes the class-first form is used; above, torch's own."""

MANY_SAMPLES = 1000
"""From this many samples on: below, its calls take longer than torch's whole loss."""


class _ClassFirst(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits, targets):
        rows = logits.detach().t().contiguous()
        peak = rows.amax(0)
        weights = (rows - peak).exp_()
        total = weights.sum(0)
        chosen = rows.gather(0, targets[None])[0]
        if ctx.needs_input_grad[0]:
            weights /= total
            weights.scatter_add_(0, targets[None], weights.new_full((1, len(targets)), -1.0))
            ctx.save_for_backward(weights)
        return (total.log_() + peak - chosen).sum() / max(1, len(targets))

    @staticmethod
    def backward(ctx, gradient):
        (weights,) = ctx.saved_tensors
        return (weights * (gradient / max(1, weights.shape[1]))).t(), None


def flatten(logits, targets):
    """(batch, time, classes) and (batch, time) as (batch time, classes) and (batch time,)."""
    return logits.reshape(-1, logits.shape[-1]), targets.reshape(-1)


def cross_entropy(logits, targets):
    """Mean cross-entropy in nats over all samples (and steps); 0 for no samples.

    logits : (..., classes) float; targets : (...) int64 class ids.

    >>> cross_entropy(torch.zeros(2, 3, 4), torch.zeros(2, 3, dtype=torch.long)).item()
    1.3862943649291992
    """
    rows, classes = flatten(logits, targets)
    if rows.shape[1] > FEW_CLASSES or len(rows) < MANY_SAMPLES:
        total = torch.nn.functional.cross_entropy(rows, classes, reduction="sum")
        return total / max(1, len(classes))
    return _ClassFirst.apply(rows, classes)

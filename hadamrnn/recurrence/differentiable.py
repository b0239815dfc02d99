"""Gradients that can be differentiated again, for forms whose own backward pass cannot.

A kernel's backward pass is numbers to torch. Where a caller asks for derivatives of gradients
(create_graph=True), a form runs one of plain torch operations on the arguments it has saved, and
autograd differentiates that.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


def gradients(
    results: Sequence[Tensor], arguments: Sequence[Tensor | None], grads: Sequence[Tensor]
) -> tuple[Tensor | None, ...]:
    """Gradients of ``arguments``, with a graph of their own.

    Parameters
    ----------
    results : sequence of Tensor
        Made from ``arguments`` by operations that torch can differentiate twice.
    arguments : sequence of Tensor or None
        As saved by the form; those that need no gradient get None.
    grads : sequence of Tensor
        Gradients of ``results``, of the same shapes.

    Returns
    -------
    tuple of Tensor or None
        One for each argument.
    """
    leaves = [a for a in arguments if a is not None and a.requires_grad]
    found = iter(torch.autograd.grad(results, leaves, grads, create_graph=True, allow_unused=True))
    return tuple(None if a is None or not a.requires_grad else next(found) for a in arguments)

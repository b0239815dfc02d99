"""The fused scan as torch functions: every step in one compiled loop, any read-out.

Memory: what goes in and what comes out, plus a few tiles; the backward pass rebuilds the states
(see scan_kernels). float32 and float64, CPU.
"""

import numpy as np
import torch
from torch.autograd.function import once_differentiable

from hadamrnn.kernels import scan as kernels
from hadamrnn.kernels.setup import LANES
from hadamrnn.kernels.threads import in_threads
from hadamrnn.recurrence.cost import IN_SCAN
from hadamrnn.recurrence.reference import project

MODES = {
    "last": kernels.LAST,
    "mean": kernels.MEAN,
    "logits": kernels.LOGITS,
    "all": kernels.ALL,
}


def _empty(dtype, *shape):
    return np.empty(shape, dtype)


class _Scan(torch.autograd.Function):
    """Tensor arguments as ``run``; ``kind`` and ``mode`` are codes of scan_kernels."""

    @staticmethod
    def forward(ctx, dense, ids, weight, bias, signs, initial, output_weight, output_bias, codes):
        kind, mode, block_size = codes
        batch, steps = (ids if dense is None else dense).shape[:2]
        scale = (signs / block_size**0.5).numpy()
        dtype, hidden = scale.dtype, len(scale)
        width = {kernels.LOGITS: len(output_bias), kernels.ALL: hidden}.get(mode, 0)
        steps_out = _empty(dtype, batch, steps if width else 0, width)
        result = _empty(dtype, batch if mode == kernels.MEAN else 0, 1, hidden)
        last = _empty(dtype, batch, 1, hidden)
        in_threads(
            kernels.forward, -(-batch // LANES), *_inputs(dtype, kind, dense, ids, weight, bias),
            scale, block_size, initial[:, None].numpy(), mode,
            output_weight.t().contiguous().numpy(), output_bias.numpy(), steps_out, result, last,
        )  # fmt: skip
        last, result = torch.from_numpy(last)[:, 0], torch.from_numpy(result)[:, 0] / steps
        ctx.save_for_backward(dense, ids, weight, bias, signs, output_weight, last)
        ctx.codes, ctx.shape = codes, (batch, steps)
        return last, torch.from_numpy(steps_out), result

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_last, grad_steps, grad_result):
        dense, ids, weight, bias, signs, output_weight, last = ctx.saved_tensors
        (kind, mode, block_size), (batch, steps) = ctx.codes, ctx.shape
        scale = (signs / block_size**0.5).numpy()
        dtype, hidden, tiles = scale.dtype, len(scale), -(-batch // LANES)
        product = kind in (kernels.DENSE, kernels.ONE_HOT)
        wants_inputs = ctx.needs_input_grad[0] or kind in (kernels.ROWS, kernels.PROJECTED)
        features = weight.shape[1] if product else 0
        width = (weight.shape[1] if kind == kernels.DENSE else hidden) if wants_inputs else 0
        grad_weight = _empty(dtype, tiles, features, hidden)
        grad_bias, sign_sums = _empty(dtype, 2, tiles, hidden)
        grad_output = _empty(dtype, tiles, len(output_weight), hidden)
        grad_inputs = _empty(dtype, batch, steps if wants_inputs else 0, width)
        grad_initial = _empty(dtype, batch, 1, hidden)
        weight_back = _empty(dtype, 0, 0) if weight is None else weight.numpy()
        in_threads(
            kernels.backward, tiles, *_inputs(dtype, kind, dense, ids, weight, bias), scale,
            block_size, last[:, None].numpy(), mode, weight_back,
            output_weight.t().contiguous().numpy(), grad_steps.contiguous().numpy(),
            (grad_result / steps)[:, None].numpy(), grad_last.contiguous()[:, None].numpy(),
            grad_weight, grad_bias, sign_sums, grad_output, grad_inputs, grad_initial,
            wants_inputs,
        )  # fmt: skip
        if kind == kernels.ROWS:
            table_grad = torch.zeros_like(weight)
            in_threads(
                kernels.add_lookups, -(-hidden // LANES), table_grad.numpy(), ids.numpy().ravel(),
                grad_inputs.reshape(-1, hidden),
            )  # fmt: skip
            grads = (None, None, table_grad, None)
        else:
            columns, sums = (torch.from_numpy(g.sum(0)) for g in (grad_weight, grad_bias))
            if kind == kernels.ONE_HOT:  # every step adds to exactly one column
                sums = columns.sum(0)
            product_grads = [columns.t(), sums]
            returned = torch.from_numpy(grad_inputs) if wants_inputs else None
            grads = (returned, None, *(product_grads if product else (None, None)))
        logits = mode == kernels.LOGITS
        return (
            *grads,
            signs * torch.from_numpy(sign_sums.sum(0)),
            torch.from_numpy(grad_initial)[:, 0],
            torch.from_numpy(grad_output.sum(0)) if logits else None,
            grad_steps.sum((0, 1)) if logits else None,
            None,
        )


def _inputs(dtype, kind, dense, ids, weight, bias):
    """The kernels' input arguments; those that ``kind`` does not use are empty arrays."""
    if kind in (kernels.DENSE, kernels.ONE_HOT):
        weight = weight.t().contiguous()
    return (
        kind,
        _empty(dtype, 0, 0, 0) if dense is None else dense.detach().numpy(),
        _empty(np.int32, 0, 0) if ids is None else ids.numpy(),
        _empty(dtype, 0, 0) if weight is None else weight.detach().numpy(),
        _empty(dtype, 0) if bias is None else bias.detach().numpy(),
    )


def run(
    inputs, input_weight, bias, signs, block_size, initial_state=None, mode="last", readout=None
):
    """The recurrence with its read-out on the CPU, with gradients for every float argument.

    inputs : (batch, time, d_in) float, or (batch, time) integer ids in 0..d_in-1.
    input_weight : (d, d_in); bias : (d,) or None; signs : (d,) of +1 and -1; block_size : m.
    initial_state : (batch, d), zeros when None.
    mode : "last", "mean" (over time of relu(h_t)), "all", or "logits" with
        readout = (V (outputs, d), c (outputs,)): V relu(h_t) + c at every step.
    Returns (output, last state): output is (batch, d), (batch, time, d) or (batch, time, outputs).
    """
    hidden, features = input_weight.shape
    if bias is None:
        bias = input_weight.new_zeros(hidden)
    if initial_state is None:
        initial_state = input_weight.new_zeros(len(inputs), hidden)
    output_weight, output_bias = readout or (
        input_weight.new_zeros(0, hidden),
        input_weight.new_zeros(0),
    )
    symbols, many = inputs.dim() == 2, features > IN_SCAN
    dense = ids = None
    weight: torch.Tensor | None = input_weight
    if symbols:
        ids = inputs.to(torch.int32).contiguous()
        kind = kernels.ROWS if many else kernels.ONE_HOT
        if many:
            weight, bias = (input_weight.t() + bias).contiguous(), None
    elif many:
        kind, dense = kernels.PROJECTED, project(inputs, input_weight, bias)
        weight = bias = None
    else:
        kind, dense = kernels.DENSE, inputs.contiguous()
    tensors = (dense, ids, weight, bias, signs, initial_state, output_weight, output_bias)
    contiguous = [tensor if tensor is None else tensor.contiguous() for tensor in tensors]
    last, steps_out, result = _Scan.apply(*contiguous, (kind, MODES[mode], block_size))
    return {"last": last, "mean": result}.get(mode, steps_out), last

"""The fused scan as torch functions: every step in one compiled loop, any read-out.

Memory: what goes in and what comes out, plus a few tiles; the backward pass rebuilds the states
(see kernels.scan). States that fade cannot be rebuilt backwards: about sqrt(T) of a sequence's T
states are kept for the backward pass, and each thread makes sqrt(T) of a tile again at a time.
float32 and float64, CPU.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hadamrnn.kernels import scan as kernels
from hadamrnn.kernels import scan_inputs
from hadamrnn.kernels.scan_inputs import DENSE, ONE_HOT, PROJECTED, ROWS
from hadamrnn.kernels.setup import LANES
from hadamrnn.kernels.threads import in_threads
from hadamrnn.recurrence import frame
from hadamrnn.recurrence.cost import IN_SCAN
from hadamrnn.recurrence.differentiable import gradients
from hadamrnn.recurrence.reference import Mode, Readout, project, read, scale_of

Array = np.ndarray[Any, np.dtype[Any]]

MODES: dict[Mode, int] = {
    "last": kernels.LAST,
    "mean": kernels.MEAN,
    "logits": kernels.LOGITS,
    "all": kernels.ALL,
}


def _empty(dtype: Any, *shape: int) -> Array:
    return np.empty(shape, dtype)


def _least(dtype: Any) -> Any:
    """Numbers below are on their way to those that processors are slow with."""
    return dtype.type(np.finfo(dtype).tiny * 2**24)


class _Scan(torch.autograd.Function):
    """(last state, output of every step, mean) of tensors as in ``run``, see ``_arguments``.

    Outputs that the mode does not ask for are empty.
    """

    @staticmethod
    def forward(
        ctx: Any,
        dense: Tensor | None,
        ids: Tensor | None,
        weight: Tensor | None,
        bias: Tensor | None,
        signs: Tensor,
        initial: Tensor,
        output_weight: Tensor,
        output_bias: Tensor,
        kind: int,
        mode: Mode,
        block_size: int,
        fade: int | None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        tensors = (dense, ids, weight, bias, signs, initial, output_weight, output_bias)
        ctx.save_for_backward(*tensors)
        ctx.kind, ctx.mode, ctx.block_size, ctx.fade = kind, mode, block_size, fade
        inputs = ids if dense is None else dense
        assert inputs is not None
        batch, steps = inputs.shape[:2]
        scale = scale_of(signs, block_size, fade).numpy()
        dtype, hidden = scale.dtype, len(scale)
        width = {"logits": len(output_bias), "all": hidden}.get(mode, 0)
        steps_out = _empty(dtype, batch, steps if width else 0, width)
        result = _empty(dtype, batch if mode == "mean" else 0, 1, hidden)
        last = _empty(dtype, batch, 1, hidden)
        ctx.segment = 0 if fade is None else max(1, math.isqrt(steps))
        keeps = fade is not None and any(ctx.needs_input_grad)
        ctx.kept = _empty(dtype, batch, -(-steps // ctx.segment) if keeps else 0, hidden)
        in_threads(
            kernels.forward,
            -(-batch // LANES),
            _inputs(dtype, kind, dense, ids, weight, bias),
            scale,
            block_size,
            initial[:, None].numpy(),
            MODES[mode],
            output_weight.t().contiguous().numpy(),
            output_bias.numpy(),
            (steps_out, result, last),
            ctx.kept,
            ctx.segment,
            _least(dtype),
        )
        ctx.last = last.copy()  # what is returned is the caller's, to change in place
        last_state, mean = torch.from_numpy(last[:, 0]), torch.from_numpy(result[:, 0]) / steps
        return last_state, torch.from_numpy(steps_out), mean

    @staticmethod
    def backward(
        ctx: Any, grad_last: Tensor, grad_steps: Tensor, grad_result: Tensor
    ) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():  # to be differentiated again
            return _differentiable(ctx, grad_last, grad_steps, grad_result)
        dense, ids, weight, bias, signs, _, output_weight, _ = ctx.saved_tensors
        kind, mode, last = ctx.kind, ctx.mode, ctx.last
        batch, steps = (ids if dense is None else dense).shape[:2]
        scale = scale_of(signs, ctx.block_size, ctx.fade).numpy()
        dtype, hidden, tiles = scale.dtype, len(scale), -(-batch // LANES)
        product = kind in (DENSE, ONE_HOT)
        wants_inputs = ctx.needs_input_grad[0] or kind in (ROWS, PROJECTED)
        features = weight.shape[1] if product else 0
        width = (weight.shape[1] if kind == DENSE else hidden) if wants_inputs else 0
        grad_weight = _empty(dtype, tiles, features, hidden)
        grad_bias, sign_sums = _empty(dtype, 2, tiles, hidden)
        grad_output = _empty(dtype, tiles, len(output_weight), hidden)
        grad_inputs = _empty(dtype, batch, steps if wants_inputs else 0, width)
        grad_initial = _empty(dtype, batch, 1, hidden)
        in_threads(
            kernels.backward,
            tiles,
            _inputs(dtype, kind, dense, ids, weight, bias),
            scale,
            ctx.block_size,
            last,
            MODES[mode],
            _empty(dtype, 0, 0) if weight is None else weight.numpy(),
            output_weight.t().contiguous().numpy(),
            (
                grad_steps.contiguous().numpy(),
                (grad_result / steps)[:, None].numpy(),
                grad_last.contiguous()[:, None].numpy(),
            ),
            (grad_weight, grad_bias, sign_sums, grad_output, grad_inputs, grad_initial),
            wants_inputs,
            ctx.kept,
            ctx.segment,
            _least(dtype),
        )
        input_grads: tuple[Tensor | None, ...] = (torch.from_numpy(grad_inputs), None, None, None)
        if kind == ROWS:
            table_grad = torch.zeros_like(weight)
            rows = grad_inputs.reshape(-1, hidden)
            columns = -(-hidden // LANES)
            in_threads(
                scan_inputs.add_lookups, columns, table_grad.numpy(), ids.numpy().ravel(), rows
            )
            input_grads = (None, None, table_grad, None)
        elif product:
            sums, bias_sums = (torch.from_numpy(g.sum(0)) for g in (grad_weight, grad_bias))
            if kind == ONE_HOT:  # every step adds to exactly one column
                bias_sums = sums.sum(0)
            of_inputs = input_grads[0] if wants_inputs else None
            input_grads = (of_inputs, None, sums.t(), bias_sums)
        logits = mode == "logits"
        return (
            *input_grads,
            signs * torch.from_numpy(sign_sums.sum(0)),
            torch.from_numpy(grad_initial)[:, 0],
            torch.from_numpy(grad_output.sum(0)) if logits else None,
            grad_steps.sum((0, 1)) if logits else None,
            *[None] * 4,
        )


_scan: Callable[..., tuple[Tensor, Tensor, Tensor]] = _Scan.apply


def _differentiable(
    ctx: Any, grad_last: Tensor, grad_steps: Tensor, grad_result: Tensor
) -> tuple[Tensor | None, ...]:
    """The backward pass by plain torch operations."""
    dense, ids, weight, bias, signs, initial, *readout = ctx.saved_tensors
    if ctx.kind == PROJECTED:
        projected = dense
    elif ctx.kind == ROWS:
        projected = torch.nn.functional.embedding(ids.long(), weight)
    else:
        projected = project(ids if dense is None else dense, weight, bias)
    states = frame.states(projected, signs, ctx.block_size, initial, ctx.fade)
    output, last = read(states, ctx.mode, (readout[0], readout[1]))
    grad_output = {"last": torch.zeros_like(last), "mean": grad_result}.get(ctx.mode, grad_steps)
    grads = gradients((output, last), ctx.saved_tensors, (grad_output, grad_last))
    return (*grads, *[None] * 4)


def _inputs(
    dtype: Any,
    kind: int,
    dense: Tensor | None,
    ids: Tensor | None,
    weight: Tensor | None,
    bias: Tensor | None,
) -> tuple[int, Array, Array, Array, Array]:
    """The kernels' input arguments; those that ``kind`` does not use are empty arrays."""
    if weight is not None and kind in (DENSE, ONE_HOT):
        weight = weight.t().contiguous()
    return (
        kind,
        _empty(dtype, 0, 0, 0) if dense is None else dense.detach().numpy(),
        _empty(np.int32, 0, 0) if ids is None else ids.numpy(),
        _empty(dtype, 0, 0) if weight is None else weight.detach().numpy(),
        _empty(dtype, 0) if bias is None else bias.detach().numpy(),
    )


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
) -> tuple[Tensor, Tensor]:
    """The recurrence with its read-out on the CPU, in float32 or float64.

    Arguments and results as ``reference.run``.
    """
    hidden, features = input_weight.shape
    if bias is None:
        bias = input_weight.new_zeros(hidden)
    if initial_state is None:
        initial_state = input_weight.new_zeros(len(inputs), hidden)
    if readout is None:
        readout = input_weight.new_zeros(0, hidden), input_weight.new_zeros(0)
    kind, *tensors = _arguments(inputs, input_weight, bias, features > IN_SCAN)
    tensors += (signs, initial_state, *readout)
    contiguous = [tensor if tensor is None else tensor.contiguous() for tensor in tensors]
    last, steps_out, mean = _scan(*contiguous, kind, mode, block_size, fade)
    return {"last": last, "mean": mean}.get(mode, steps_out), last


def _arguments(
    inputs: Tensor, input_weight: Tensor, bias: Tensor, many: bool
) -> tuple[int, Tensor | None, Tensor | None, Tensor | None, Tensor | None]:
    """(kind, dense, ids, weight, bias) of the kernels: how they form U x_t + b.

    many : whether U is too large to be multiplied within the scan.
    """
    if inputs.dim() == 2:
        ids = inputs.to(torch.int32)
        if many:
            return ROWS, None, ids, input_weight.t() + bias, None
        return ONE_HOT, None, ids, input_weight, bias
    if many:
        return PROJECTED, project(inputs, input_weight, bias), None, None, None
    return DENSE, inputs, None, input_weight, bias

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

from hadamrnn.kernels import library
from hadamrnn.kernels.products import add_lookups
from hadamrnn.recurrence import frame
from hadamrnn.recurrence.cost import IN_SCAN
from hadamrnn.recurrence.differentiable import gradients
from hadamrnn.recurrence.reference import Mode, Readout, project, read, scale_of

Array = np.ndarray[Any, np.dtype[Any]]

MODES: dict[Mode, int] = {"last": 0, "mean": 1, "logits": 2, "all": 3}
DENSE, ONE_HOT, ROWS, PROJECTED = range(4)
"""Of read-outs and inputs, as in ``kernels/csrc/scan.h``."""


def _empty(dtype: Any, *shape: int) -> Array:
    return library.empty(shape, dtype)


def _least(dtype: Any) -> float:
    """Numbers below are on their way to those that processors are slow with."""
    return float(np.finfo(dtype).tiny * 2**24)


def _given(tensor: Tensor | None) -> Array | None:
    return None if tensor is None else tensor.detach().numpy()


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
        result = _empty(dtype, batch if mode == "mean" else 0, hidden)
        last = _empty(dtype, batch, hidden)
        ctx.segment = 0 if fade is None else max(1, math.isqrt(steps))
        keeps = fade is not None and any(ctx.needs_input_grad)
        ctx.kept = _empty(dtype, batch, -(-steps // ctx.segment) if keeps else 0, hidden)
        ctx.shared = {
            "kind": kind,
            "mode": MODES[mode],
            "batch": batch,
            "steps": steps,
            "hidden": hidden,
            "block_size": block_size,
            "outputs": len(output_bias),
            "segment": ctx.segment,
            "segments": ctx.kept.shape[1],
            "least": _least(dtype),
            "kept": ctx.kept,
            "output_weight_t": output_weight.t().contiguous().numpy(),
        }
        library.run(
            "forward",
            -(-batch // library.lanes(dtype)),
            dtype,
            **ctx.shared,
            **_inputs(kind, dense, ids, weight, bias),
            scale=scale,
            output_bias=output_bias.numpy(),
            initial=initial.numpy(),
            last=last,
            steps_out=steps_out,
            result=result,
        )
        ctx.last = last.copy()  # what is returned is the caller's, to change in place
        last_state, mean = torch.from_numpy(last), torch.from_numpy(result) / steps
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
        dtype, hidden = scale.dtype, len(scale)
        tiles = -(-batch // library.lanes(dtype))
        product = kind in (DENSE, ONE_HOT)
        wants_signs = ctx.needs_input_grad[4]
        wants_inputs = ctx.needs_input_grad[0] or kind in (ROWS, PROJECTED)
        features = weight.shape[1] if product else 0
        width = (weight.shape[1] if kind == DENSE else hidden) if wants_inputs else 0
        grad_weight = _empty(dtype, tiles, features, hidden)
        grad_bias, sign_sums = (_empty(dtype, tiles, hidden) for _ in range(2))
        grad_output = _empty(dtype, tiles, len(output_weight), hidden)
        grad_inputs = _empty(dtype, batch, steps if wants_inputs else 0, width)
        grad_initial = _empty(dtype, batch, hidden)
        library.run(
            "backward",
            tiles,
            dtype,
            **ctx.shared,
            **_inputs(kind, dense, ids, weight, bias),
            scale=scale,
            last=last,
            weight_back=weight.numpy() if kind == DENSE else None,
            grad_last=grad_last.contiguous().numpy(),
            grad_steps=grad_steps.contiguous().numpy(),
            grad_result=(grad_result / steps).numpy(),
            grad_weight=grad_weight,
            grad_bias=grad_bias,
            sign_sums=sign_sums if wants_signs else None,
            grad_output=grad_output,
            grad_inputs=grad_inputs if wants_inputs else None,
            grad_initial=grad_initial,
        )
        input_grads: tuple[Tensor | None, ...] = (torch.from_numpy(grad_inputs), None, None, None)
        if kind == ROWS:
            table_grad = torch.zeros_like(weight)
            rows = grad_inputs.reshape(-1, hidden)
            add_lookups(table_grad.numpy(), ids.numpy().ravel(), rows)
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
            signs * torch.from_numpy(sign_sums.sum(0)) if wants_signs else None,
            torch.from_numpy(grad_initial),
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
    kind: int,
    dense: Tensor | None,
    ids: Tensor | None,
    weight: Tensor | None,
    bias: Tensor | None,
) -> dict[str, Any]:
    """The kernels' arguments that say what enters."""
    features = 0
    if weight is not None and kind in (DENSE, ONE_HOT):
        weight = weight.t().contiguous()
        features = len(weight)
    arrays = {"dense": dense, "ids": ids, "weight": weight, "bias": bias}
    return {"features": features, **{name: _given(of) for name, of in arrays.items()}}


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

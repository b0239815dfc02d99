"""Many-to-one by the Krylov form: the whole batch is one matrix product.

The recurrence is linear, so h_T = sum_j W^j (U x_{T-j} + b). The powers W^j [U, b] cost
T (d_in + 1) fast transforms of single vectors, independent of the batch; then
h_T = sum_j (W^j U) x_{T-j} is a product of (batch, T d_in) with (T d_in, d). The backward pass is
one more product and the adjoint recurrence. Derivation: docs/method.md. Inputs that are mostly
zero (four fifths of MNIST's pixels) are multiplied by sparse_products, others by torch.

Powers are made CHUNK numbers at a time and multiplied at once. Those of a single chunk are kept for
the backward pass; of several, it makes them again downwards, W^(j-1) U = W^T W^j U, because W is
orthogonal. Memory does not grow with T. With states that fade W is f W, whose powers fall below
the smallest number: what lies that far back is left out, and the powers of several chunks are made
again upwards, from the first one of each, which is kept.

Between the kernels stand NumPy's operations, not torch's: calls cost more than the numbers here,
and NumPy's cost less.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hadamrnn.errors import HadamrnnError
from hadamrnn.kernels.krylov import climb, descend, descend_kept
from hadamrnn.kernels.setup import LANES
from hadamrnn.kernels.sparse_products import mostly_zero, product
from hadamrnn.kernels.threads import in_threads
from hadamrnn.recurrence import powers as plain
from hadamrnn.recurrence.differentiable import gradients
from hadamrnn.recurrence.reference import Mode, Readout, scale_of

Array = np.ndarray[Any, np.dtype[Any]]

CHUNK = 2**19
"""Numbers of W^j U that exist at once: 2 MiB of float32. Every chunk wakes the threads again."""


def _in_rows(vectors: Array) -> Array:
    """(..., d) -> (..., rows, LANES), zeros behind the d numbers."""
    *shape, size = vectors.shape
    count = -(-size // LANES)
    rows = np.zeros((*shape, count * LANES), vectors.dtype)
    rows[..., :size] = vectors
    return rows.reshape(*shape, count, LANES)  # no -1: a batch may be empty


def _chunks(steps: int, numbers: int) -> list[tuple[int, int]]:
    """Ranges of time, first steps first, of at most CHUNK numbers, ``numbers`` a step."""
    length = max(1, CHUNK // numbers)
    return [(start, min(start + length, steps)) for start in range(0, steps, length)]


def _multiply(sparse: bool, left: Array, right: Array, out: Array, grow: bool) -> None:
    """out = left @ right, added to what ``out`` held if ``grow``; all (n, k) arrays.

    sparse : pass over the zeros of ``left``.
    """
    if sparse:
        in_threads(product, len(left), left, right, out, grow)
    else:
        left_, right_, out_ = (torch.from_numpy(array) for array in (left, right, out))
        torch.addmm(out_, left_, right_, beta=float(grow), out=out_)


class _LastState(torch.autograd.Function):
    """h_T of (inputs, input_weight, bias, signs, block_size, fade)."""

    @staticmethod
    def forward(
        ctx: Any,
        inputs: Tensor,
        input_weight: Tensor,
        bias: Tensor,
        signs: Tensor,
        block_size: int,
        fade: int | None,
    ) -> Tensor:
        batch, steps, features = inputs.shape
        ctx.save_for_backward(inputs, input_weight, bias, signs)
        numbers, weight, biases = (t.detach().numpy() for t in (inputs, input_weight, bias))
        flat = numbers.reshape(batch, steps * features)
        scale = _in_rows(scale_of(signs.detach(), block_size, fade).numpy())
        vectors = _in_rows(np.concatenate((weight.T, biases[None])))
        chunks, bias_sum = _chunks(steps, features * scale.size), np.zeros_like(scale)
        wants_inputs, _, _, wants_signs, *_ = ctx.needs_input_grad
        kept = len(chunks) == 1 and (wants_inputs or wants_signs)
        powers = np.empty((chunks[0][1], features, *scale.shape), scale.dtype)
        bias_powers = np.empty((steps if kept else 0, *scale.shape), scale.dtype)
        state, sparse = np.zeros((batch, scale.size), scale.dtype), mostly_zero(flat)
        again = fade is not None and not kept and (wants_inputs or wants_signs)
        firsts: list[Array] = []  # of every chunk, in the order of time
        for start, stop in reversed(chunks):
            if again:
                firsts.insert(0, vectors.copy())
            made = powers[: stop - start]
            in_threads(climb, len(vectors), vectors, scale, block_size, made, bias_sum, bias_powers)
            columns = flat[:, start * features : stop * features]
            _multiply(sparse, columns, made.reshape(columns.shape[1], -1), state, True)
        state += bias_sum.reshape(-1)
        ctx.vectors, ctx.scale, ctx.kept = vectors, scale, (powers, bias_powers) if kept else None
        ctx.block_size, ctx.fade, ctx.firsts = block_size, fade, firsts
        ctx.sparse, ctx.chunks = sparse, chunks
        return torch.from_numpy(state[:, : len(signs)])

    @staticmethod
    def backward(ctx: Any, grad_state: Tensor) -> tuple[Tensor | None, ...]:
        inputs, _, _, signs = ctx.saved_tensors
        if torch.is_grad_enabled():  # to be differentiated again
            _, weight, bias, _ = ctx.saved_tensors
            last, _ = plain.run(inputs, weight, bias, signs, ctx.block_size, fade=ctx.fade)
            return *gradients((last,), ctx.saved_tensors, (grad_state,)), None, None
        scale = ctx.scale
        (wants_inputs, _, _, wants_signs, *_), features = ctx.needs_input_grad, inputs.shape[2]
        flat, grad_rows = inputs.detach().flatten(1).numpy(), _in_rows(grad_state.numpy())
        bias_grad, grad_flat = grad_rows.sum(0), grad_rows.reshape(len(flat), scale.size)
        vectors = ctx.vectors.copy()  # a second backward pass begins where the first did
        adjoints, sign_sums = np.zeros((2, *vectors.shape), vectors.dtype)
        grads = np.empty((ctx.chunks[0][1], features, *scale.shape), scale.dtype)
        makes_powers = bool(ctx.firsts) or (wants_inputs and not ctx.kept)
        powers = np.empty_like(grads) if makes_powers else grads[:0]
        grad_inputs = np.empty(flat.shape if wants_inputs else 0, flat.dtype)
        for index, (start, stop) in enumerate(ctx.chunks):
            place, count = slice(start * features, stop * features), (stop - start) * features
            made = grads.reshape(-1, scale.size)[:count]
            _multiply(ctx.sparse, flat[:, place].T, grad_flat, made, False)
            sums = (grads[: stop - start], bias_grad, sign_sums)
            kept = ctx.kept
            if ctx.firsts:
                made = powers[: stop - start]
                vectors, kept = _climbed(ctx.firsts[index], scale, ctx.block_size, made)
            states = (len(vectors), adjoints, vectors, scale, ctx.block_size)
            if kept:
                in_threads(descend_kept, *states, *sums, *kept)
            else:
                in_threads(descend, *states, *sums, wants_signs or wants_inputs, powers)
            if wants_inputs:
                made = (kept[0] if kept else powers).reshape(-1, scale.size)[:count]
                np.matmul(grad_flat, made.T, out=grad_inputs[:, place])
        start_grad = torch.from_numpy(adjoints.reshape(len(adjoints), -1)[:, : len(signs)])
        sign_grad = None
        if wants_signs:
            sign_grad = signs * torch.from_numpy(sign_sums.sum(0).reshape(-1)[: len(signs)])
        input_grad = torch.from_numpy(grad_inputs).view_as(inputs) if wants_inputs else None
        return input_grad, start_grad[:-1].t(), start_grad[-1], sign_grad, None, None


def _climbed(
    first: Array, scale: Array, block_size: int, powers: Array
) -> tuple[Array, tuple[Array, Array]]:
    """A chunk's powers once more: the next one behind them, and (powers, those of the bias)."""
    vectors, unused = first.copy(), np.zeros_like(scale)
    bias_powers = np.empty((len(powers), *scale.shape), scale.dtype)
    in_threads(climb, len(vectors), vectors, scale, block_size, powers, unused, bias_powers)
    return vectors, (powers, bias_powers)


_last_state: Callable[..., Tensor] = _LastState.apply


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
    """The last state from dense inputs and h_0 = 0 on the CPU, in float32 or float64.

    Arguments and results as ``reference.run``; HadamrnnError for others than these.
    """
    if mode != "last" or initial_state is not None or inputs.dim() != 3:
        raise HadamrnnError(
            "backend: krylov makes the last state from dense inputs and a zero initial state; "
            f"got mode {mode!r}, inputs of shape {tuple(inputs.shape)}"
        )
    if bias is None:
        bias = input_weight.new_zeros(len(input_weight))
    if fade is not None:
        inputs = inputs[:, -reach(fade, inputs.dtype) :]
    last = _last_state(inputs.contiguous(), input_weight, bias, signs, block_size, fade)
    return last, last


def reach(fade: int, dtype: torch.dtype) -> int:
    """Steps from which on powers of f are below the smallest normal number: they count as zero.

    Examples
    --------
    >>> reach(1, torch.float32), reach(5, torch.float32)
    (126, 2751)
    """
    return math.ceil(math.log2(torch.finfo(dtype).tiny) / math.log2(1 - 2.0**-fade))

"""Many-to-one by the Krylov form: the whole batch is one matrix product.

The recurrence is linear, so h_T = sum_j W^j (U x_{T-j} + b). The powers W^j [U, b] cost
T (d_in + 1) fast transforms of single vectors, independent of the batch; then
h_T = sum_j (W^j U) x_{T-j} is a product of (batch, T d_in) with (T d_in, d). The backward pass is
one more product and the adjoint recurrence. Derivation: docs/method.md. Inputs that are mostly
zero (four fifths of MNIST's pixels) are multiplied by sparse_products, others by torch.

Powers are made CHUNK numbers at a time and multiplied at once; the backward pass makes them again
downwards, W^(j-1) U = W^T W^j U, because W is orthogonal. Memory does not grow with T.
"""

import torch
from torch.autograd.function import once_differentiable

from hadamrnn.recurrence.krylov_kernels import climb, descend
from hadamrnn.recurrence.numba_setup import LANES
from hadamrnn.recurrence.sparse_products import mostly_zero, product
from hadamrnn.recurrence.threads import in_threads

CHUNK = 2**19
"""Numbers of W^j U that exist at once: 2 MiB of float32. Every chunk wakes the threads again."""


def _in_rows(vectors):
    """(..., d) -> (..., rows, LANES), zeros behind the d numbers."""
    missing = -vectors.shape[-1] % LANES
    return torch.nn.functional.pad(vectors, (0, missing)).unflatten(-1, (-1, LANES)).contiguous()


def _chunks(inputs, width):
    """Ranges of time, first steps first, with at most CHUNK numbers of powers each."""
    steps, features = inputs.shape[1:]
    length = max(1, CHUNK // (features * width))
    return [(start, min(start + length, steps)) for start in range(0, steps, length)]


def _multiply(sparse, left, right, out, grow):
    """out = left @ right, added to what ``out`` held if ``grow``; all (n, k) tensors.

    sparse : pass over the zeros of ``left``.
    """
    if sparse:
        in_threads(product, len(left), left.numpy(), right.numpy(), out.numpy(), grow)
    else:
        torch.addmm(out, left, right, beta=float(grow), out=out)


class _LastState(torch.autograd.Function):
    @staticmethod
    def forward(ctx, inputs, input_weight, bias, signs, block_size):
        batch, _, features = inputs.shape
        scale = _in_rows(signs / block_size**0.5)
        vectors = _in_rows(torch.cat((input_weight.t(), bias[None])))
        bias_sum = torch.zeros_like(scale)
        chunks, flat = _chunks(inputs, scale.numel()), inputs.flatten(1)
        powers = scale.new_empty(chunks[0][1], features, *scale.shape)
        state, sparse = scale.new_zeros(batch, scale.numel()), mostly_zero(flat)
        for start, stop in reversed(chunks):
            made = powers[: stop - start]
            in_threads(
                climb, len(vectors), vectors.numpy(), scale.numpy(), block_size, made.numpy(),
                bias_sum.numpy(),
            )  # fmt: skip
            columns = flat[:, start * features : stop * features]
            _multiply(sparse, columns, made.view(columns.shape[1], -1), state, True)
        ctx.save_for_backward(inputs, vectors, signs)
        ctx.block_size, ctx.sparse = block_size, sparse
        return (state + bias_sum.flatten())[:, : len(signs)]

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_state):
        inputs, vectors, signs = ctx.saved_tensors
        (wants_inputs, _, _, wants_signs, _), features = ctx.needs_input_grad, inputs.shape[2]
        scale, grad_rows = _in_rows(signs / ctx.block_size**0.5), _in_rows(grad_state)
        chunks, flat = _chunks(inputs, scale.numel()), inputs.flatten(1)
        vectors, bias_grad, grad_state = vectors.clone(), grad_rows.sum(0), grad_rows.flatten(1)
        adjoints, sign_sums = vectors.new_zeros(2, *vectors.shape)
        grads = scale.new_empty(chunks[0][1], features, *scale.shape)
        powers = grads.new_empty(len(grads) if wants_inputs else 0, *grads.shape[1:])
        grad_inputs = flat.new_empty(flat.shape if wants_inputs else 0)
        for start, stop in chunks:
            place, count = slice(start * features, stop * features), (stop - start) * features
            made = grads.view(-1, scale.numel())[:count]
            _multiply(ctx.sparse, flat[:, place].t(), grad_state, made, False)
            in_threads(
                descend, len(vectors), adjoints.numpy(), vectors.numpy(), scale.numpy(),
                ctx.block_size, grads[: stop - start].numpy(), bias_grad.numpy(),
                sign_sums.numpy(), wants_signs or wants_inputs, powers.numpy(),
            )  # fmt: skip
            if wants_inputs:
                made = powers.view(-1, scale.numel())[:count]
                grad_inputs[:, place] = grad_state @ made.t()
        start_grad = adjoints.flatten(1)[:, : len(signs)]
        sign_grad = signs * sign_sums.sum(0).flatten()[: len(signs)] if wants_signs else None
        return (
            grad_inputs.view_as(inputs) if wants_inputs else None,
            start_grad[:-1].t(), start_grad[-1], sign_grad, None,
        )  # fmt: skip


def last_state(inputs, input_weight, bias, signs, block_size):
    """h_T from h_0 = 0 on the CPU, with gradients for every argument.

    inputs : (batch, time, d_in) float32 or float64; input_weight : (d, d_in); bias : (d,) or None;
    signs : (d,) of +1 and -1; block_size : m. Returns (batch, d).
    """
    if bias is None:
        bias = input_weight.new_zeros(len(input_weight))
    return _LastState.apply(inputs.contiguous(), input_weight, bias, signs, block_size)

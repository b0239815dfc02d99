"""Many-to-one by the Krylov form: the whole batch is one matrix product.

The recurrence is linear, so h_T = sum_j W^j (U x_{T-j} + b). The powers K_j = W^j [U, b] cost
T (d_in + 1) fast transforms of single vectors, independent of the batch; then
h_T = sum_j K_j x_{T-j} is a product of (batch, T d_in) with (T d_in, d). The backward pass is one
more product and the adjoint recurrence. Derivation: docs/method.md.
"""

import torch
from torch.autograd.function import once_differentiable

from hadamrnn.recurrence.krylov_kernels import krylov, krylov_adjoint
from hadamrnn.recurrence.numba_setup import KERNEL_LOCK


def _reversed_rows(inputs):
    """(batch, time, d_in) -> (batch, d_in time), latest time step first."""
    return inputs.flip(1).transpose(1, 2).reshape(len(inputs), -1)


class _LastState(torch.autograd.Function):
    @staticmethod
    def forward(ctx, inputs, input_weight, bias, signs, block_size):
        steps, features = inputs.shape[1:]
        scale = signs / block_size**0.5
        start = torch.cat((input_weight.t(), bias[None]))
        powers = start.new_empty(features + 1, steps, len(signs))
        bias_sum = torch.empty_like(scale)
        with KERNEL_LOCK:
            krylov(start.numpy(), scale.numpy(), block_size, powers.numpy(), bias_sum.numpy())
        rows = _reversed_rows(inputs)
        ctx.save_for_backward(rows, powers, signs)
        ctx.block_size, ctx.shape = block_size, inputs.shape
        return torch.addmm(bias_sum, rows, powers[:-1].flatten(0, 1))

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_state):
        rows, powers, signs = ctx.saved_tensors
        vectors, steps, hidden = powers.shape
        grads = (rows.t() @ grad_state).view(vectors - 1, steps, hidden)
        start_grad, sign_sums = powers.new_empty(2, vectors, hidden)
        with KERNEL_LOCK:
            krylov_adjoint(
                grads.numpy(), grad_state.sum(0).numpy(), powers.numpy(),
                (signs / ctx.block_size**0.5).numpy(), ctx.block_size,
                start_grad.numpy(), sign_sums.numpy(),
            )  # fmt: skip
        grad_inputs = None
        if ctx.needs_input_grad[0]:
            batch, _, features = ctx.shape
            reversed_grads = grad_state @ powers[:-1].flatten(0, 1).t()
            grad_inputs = reversed_grads.view(batch, features, steps).transpose(1, 2).flip(1)
        return grad_inputs, start_grad[:-1].t(), start_grad[-1], signs * sign_sums.sum(0), None


def last_state(inputs, input_weight, bias, signs, block_size):
    """h_T from h_0 = 0 on the CPU, with gradients for every argument.

    inputs : (batch, time, d_in) float32 or float64; input_weight : (d, d_in); bias : (d,) or None;
    signs : (d,) of +1 and -1; block_size : m. Returns (batch, d).
    """
    if bias is None:
        bias = input_weight.new_zeros(len(input_weight))
    return _LastState.apply(inputs, input_weight, bias, signs, block_size)

"""Many-to-one by the Krylov form: the whole batch is one matrix product.

The recurrence is linear, so h_T = sum_j W^j (U x_{T-j} + b). The powers K_j = W^j [U, b] cost
T (d_in + 1) fast transforms of single vectors, independent of the batch; then
h_T = sum_j K_j x_{T-j} is a product of (batch, T d_in) with (T d_in, d). The backward pass is one
more product and the adjoint recurrence. Derivation: docs/method.md.
"""

import numpy as np
import torch

from hadamrnn.recurrence.krylov_kernels import krylov, krylov_adjoint
from hadamrnn.recurrence.numba_setup import KERNEL_LOCK


def _reversed_rows(inputs):
    """(batch, time, d_in) -> (batch, time d_in), latest time step first."""
    return inputs.flip(1).reshape(len(inputs), -1)


class _LastState(torch.autograd.Function):
    @staticmethod
    def forward(ctx, inputs, input_weight, bias, signs, block_size):
        steps, features = inputs.shape[1:]
        scale = (signs / block_size**0.5).numpy()
        start = torch.cat((input_weight.t(), bias[None])).contiguous()
        powers = torch.empty(steps, features + 1, len(signs), dtype=inputs.dtype)
        with KERNEL_LOCK:
            krylov(start.numpy(), scale, block_size, powers.numpy())
        rows = _reversed_rows(inputs)
        weight = powers[:, :features].reshape(steps * features, -1)
        ctx.save_for_backward(rows, powers, signs)
        ctx.block_size, ctx.shape = block_size, inputs.shape
        return torch.addmm(powers[:, features].sum(0), rows, weight)

    @staticmethod
    def backward(ctx, grad_state):
        rows, powers, signs = ctx.saved_tensors
        steps, vectors, hidden = powers.shape
        grads = torch.empty_like(powers)
        grads[:, :-1] = (rows.t() @ grad_state).view(steps, vectors - 1, hidden)
        grads[:, -1] = grad_state.sum(0)
        start_grad, sign_sums = np.empty((2, vectors, hidden), dtype=powers.numpy().dtype)
        scale = (signs / ctx.block_size**0.5).numpy()
        with KERNEL_LOCK:
            krylov_adjoint(
                grads.numpy(), powers.numpy(), scale, ctx.block_size, start_grad, sign_sums
            )
        start_grad = torch.from_numpy(start_grad)
        grad_signs = signs * torch.from_numpy(sign_sums.sum(0))
        grad_inputs = None
        if ctx.needs_input_grad[0]:
            weight = powers[:, :-1].reshape(steps * (vectors - 1), hidden)
            grad_inputs = (grad_state @ weight.t()).view(ctx.shape).flip(1)
        return grad_inputs, start_grad[:-1].t(), start_grad[-1], grad_signs, None


def last_state(inputs, input_weight, bias, signs, block_size):
    """h_T from h_0 = 0 on the CPU, with gradients for every argument.

    inputs : (batch, time, d_in) float32 or float64; input_weight : (d, d_in); bias : (d,) or None;
    signs : (d,) of +1 and -1; block_size : m. Returns (batch, d).
    """
    if bias is None:
        bias = input_weight.new_zeros(len(input_weight))
    return _LastState.apply(inputs, input_weight, bias, signs, block_size)

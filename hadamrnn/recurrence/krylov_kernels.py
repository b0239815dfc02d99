"""CPU kernels of the Krylov form: powers of W applied to a few vectors, and the adjoint.

Cost: T . n . d (log2(m) + 1) additions for n vectors, whatever the batch size. Constant-geometry
butterflies (Pease 1968): every pass reads pairs a distance m/2 apart and writes neighbours, the
same pattern each time, which LLVM turns into full-width vectors; textbook in-place butterflies
do not vectorise at short distances.
"""

import numpy as np

from hadamrnn.recurrence.numba_setup import inline, kernel, prange


@inline
def _pass(source, target, offset, half):
    """One butterfly level on the block source[offset : offset + 2 half]."""
    low = source[offset : offset + half]
    high = source[offset + half : offset + 2 * half]
    out = target[offset : offset + 2 * half]
    for i in range(half):
        out[2 * i] = low[i] + high[i]
        out[2 * i + 1] = low[i] - high[i]


@inline
def _transform(first, second, block_size):
    """Transform of ``first``, using both arrays as scratch; says whether it ended in ``first``."""
    half, in_first = block_size // 2, True
    size = block_size
    while size > 1:
        source, target = (first, second) if in_first else (second, first)
        for offset in range(0, len(first), block_size):
            _pass(source, target, offset, half)
        in_first = not in_first
        size //= 2
    return in_first


@kernel
def krylov(start, scale, block_size, powers):
    """powers[j] = W^j start, for j = 0 .. T-1.

    start : (n, d); scale : (d,) the signs divided by sqrt(m); powers : (T, n, d), written.
    """
    for v in prange(start.shape[0]):
        first, second = np.empty_like(scale), np.empty_like(scale)
        powers[0, v] = start[v]
        for j in range(1, powers.shape[0]):
            first[:] = powers[j - 1, v]
            result = first if _transform(first, second, block_size) else second
            target = powers[j, v]
            for i in range(len(scale)):
                target[i] = result[i] * scale[i]


@kernel
def krylov_adjoint(grads, powers, scale, block_size, start_grad, sign_sums):
    """Adjoint of ``krylov``: lambda_j = grads_j + W^T lambda_{j+1}.

    grads, powers : (T, n, d). Written: start_grad (n, d) = lambda_0, and sign_sums (n, d), the
    sum over j >= 1 of lambda_j * powers_j, which is u times the gradient of the signs u.
    """
    for v in prange(start_grad.shape[0]):
        first, second = np.empty_like(scale), np.empty_like(scale)
        current, total = np.zeros_like(scale), np.zeros_like(scale)
        for j in range(powers.shape[0] - 1, 0, -1):
            gradient, power = grads[j, v], powers[j, v]
            for i in range(len(scale)):
                current[i] += gradient[i]
                total[i] += current[i] * power[i]
                first[i] = current[i] * scale[i]
            result = first if _transform(first, second, block_size) else second
            current[:] = result
        start_grad[v] = current + grads[0, v]
        sign_sums[v] = total

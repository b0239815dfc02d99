"""Powers of the recurrent matrix as dense blocks, for forms made of matrix products.

A row vector takes one step as h_t = f h_{t-1} M with M = W^T = (I_q (x) S_m) diag(u) / sqrt(m), q
blocks of (m, m). Powers are made by doubling, M^(n+j) = M^j M^n, and without f: M is orthogonal, so
none of them over- or underflows. Even powers come from M^2 = (S diag(u)) (S diag(u)) / m, products
of signs that are divided by a power of two: unlike 1/sqrt(m), nothing in them is rounded that
would add up over thousands of steps.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from hadamrnn.recurrence.tracing import traced


def sylvester(block_size: int, like: Tensor) -> Tensor:
    """S_m, (m, m), of the type and on the device of ``like``: (-1)^(ones common to i and j).

    Examples
    --------
    >>> sylvester(2, torch.ones(1)).tolist()
    [[1.0, 1.0], [1.0, -1.0]]
    """
    places = torch.arange(block_size, device=like.device)
    levels = torch.arange(block_size.bit_length() - 1, device=like.device)
    bits = ((places[:, None] >> levels) & 1).to(like.dtype)
    return 1 - 2 * (bits @ bits.t()).remainder(2)


def step(signs: Tensor, block_size: int) -> Tensor:
    """sqrt(m) M of every block, (q, m, m), with gradient for the signs."""
    return sylvester(block_size, signs) * signs.reshape(-1, 1, block_size)


def step_back(signs: Tensor, block_size: int) -> Tensor:
    """sqrt(m) M^-1 of every block, (q, m, m).

    M^-1 = diag(1/u) S / sqrt(m) is M^T, since 1/u = u, but its derivative by u is not that of M^T.
    """
    return sylvester(block_size, signs) / signs.reshape(-1, block_size, 1)


def squares(once: Tensor) -> Iterator[Tensor]:
    """M, M^2, M^4, ... of ``once`` = sqrt(m) M, (q, m, m) each, without end.

    Examples
    --------
    >>> powers = squares(step(torch.ones(4), 4))
    >>> (next(powers) * 2).tolist()[0][1], next(powers).diag_embed().shape
    ([1.0, -1.0, 1.0, -1.0], torch.Size([1, 4, 4, 4]))
    """
    block_size = once.shape[-1]
    yield once / math.sqrt(block_size)
    power = once @ (once / block_size)
    while True:
        yield power
        power = power @ power


def powers(once: Tensor, count: int) -> Tensor:
    """M^1 .. M^count of ``once`` = sqrt(m) M, (count, q, m, m).

    Examples
    --------
    >>> made = powers(step(torch.tensor([1.0, -1.0]), 2), 5)
    >>> torch.allclose(made[4], made[1] @ made[2], atol=1e-6)
    True
    """
    block_size = once.shape[-1]
    made = (once / math.sqrt(block_size))[None]
    if count > 1:
        made = torch.cat((made, (once @ (once / block_size))[None]))
    while len(made) < count:
        made = torch.cat((made, made[: count - len(made)] @ made[-1]))
    return made


def powers_back(signs: Tensor, forward: Tensor) -> Tensor:
    """M^-1 .. M^-count, (count, q, m, m); ``forward`` : M^1 .. M^count.

    Where no derivative by the signs can be asked for, they are the transposes.
    """
    if signs.requires_grad or traced():
        return powers(step_back(signs, forward.shape[-1]), len(forward))
    return forward.mT

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

import collections
import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hadamrnn.errors import HadamrnnError
from hadamrnn.kernels import library
from hadamrnn.kernels.library import copy, empty, padded, whole, zeros
from hadamrnn.kernels.products import mostly_zero, product
from hadamrnn.recurrence import powers as plain
from hadamrnn.recurrence.differentiable import gradients
from hadamrnn.recurrence.reference import Mode, Readout, scale_of

Array = np.ndarray[Any, np.dtype[Any]]

CHUNK = 2**19
"""Numbers of W^j U that exist at once: 2 MiB of float32. Every chunk wakes the threads again."""

LITTLE = 2**23
"""Additions of a chunk below which one thread does all: an eighth of a millisecond on one core."""


_spare: dict[np.dtype[Any], list[Array]] = collections.defaultdict(list)


@contextlib.contextmanager
def _chunk(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Iterator[Array]:
    """Numbers of one chunk, kept for the next one: the system would clear all their pages again."""
    size = math.prod(shape)
    try:
        buffer = _spare[dtype].pop()
    except IndexError:
        buffer = empty((CHUNK,), dtype)
    if buffer.size < size:
        buffer = empty((size,), dtype)
    yield buffer[:size].reshape(shape)
    if buffer.size <= CHUNK:
        _spare[dtype].append(buffer)


def _chunks(steps: int, numbers: int) -> list[tuple[int, int]]:
    """Ranges of time, first steps first, of at most CHUNK numbers, ``numbers`` a step."""
    length = max(1, CHUNK // numbers)
    return [(start, min(start + length, steps)) for start in range(0, steps, length)]


def _multiply(sparse: bool, left: Array, right: Array, out: Array, grow: bool) -> None:
    """out = left @ right, added to what ``out`` held if ``grow``; all (n, k) arrays.

    sparse : pass over the zeros of ``left``.
    """
    if sparse:
        product(left, right, out, grow)
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
        scale = whole(scale_of(signs.detach(), block_size, fade).numpy())
        vectors = padded(np.concatenate((weight.T, biases[None])))
        chunks, bias_sum = _chunks(steps, features * scale.size), zeros(scale.shape, scale.dtype)
        wants_inputs, _, _, wants_signs, *_ = ctx.needs_input_grad
        kept = len(chunks) == 1 and (wants_inputs or wants_signs)
        shape = (chunks[0][1], features, scale.size)
        bias_powers = empty((steps, scale.size), scale.dtype) if kept else None
        state, sparse = empty((batch, scale.size), scale.dtype), mostly_zero(flat)
        again = fade is not None and not kept and (wants_inputs or wants_signs)
        firsts: list[Array] = []  # of every chunk, in the order of time
        place = contextlib.nullcontext(empty(shape, scale.dtype)) if kept else None
        with place or _chunk(shape, scale.dtype) as powers:
            for start, stop in reversed(chunks):
                if again:
                    firsts.insert(0, copy(vectors))
                made = powers[: stop - start]
                _climb(vectors, scale, block_size, made, bias_sum, bias_powers)
                columns = flat[:, start * features : stop * features]
                table = made.reshape(columns.shape[1], -1)
                _multiply(sparse, columns, table, state, stop < steps)
        state += bias_sum
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
        flat, grad_rows = inputs.detach().flatten(1).numpy(), whole(grad_state.numpy())
        bias_grad = whole(grad_state.sum(0).numpy())
        vectors = copy(ctx.vectors)  # a second backward pass begins where the first did
        adjoints, sign_sums = (zeros(vectors.shape, vectors.dtype) for _ in range(2))
        makes_powers = bool(ctx.firsts) or (wants_inputs and not ctx.kept)
        grad_inputs = np.empty(flat.shape if wants_inputs else 0, flat.dtype)
        shape = (ctx.chunks[0][1], features, scale.size)
        with contextlib.ExitStack() as taken:
            grads = taken.enter_context(_chunk(shape, scale.dtype))
            powers = taken.enter_context(_chunk(shape, scale.dtype)) if makes_powers else None
            for index, (start, stop) in enumerate(ctx.chunks):
                place, count = slice(start * features, stop * features), (stop - start) * features
                made = grads.reshape(-1, scale.size)[:count]
                _multiply(ctx.sparse, flat[:, place].T, grad_rows, made, False)
                kept = ctx.kept
                if ctx.firsts:
                    assert powers is not None
                    vectors, kept = _climbed(
                        ctx.firsts[index], scale, ctx.block_size, powers[: stop - start]
                    )
                _descend(
                    adjoints,
                    vectors,
                    scale,
                    ctx.block_size,
                    grads[: stop - start],
                    bias_grad,
                    sign_sums,
                    wants_signs or wants_inputs,
                    powers,
                    kept,
                )
                if wants_inputs:
                    used = kept[0] if kept else powers
                    assert used is not None
                    made = used.reshape(-1, scale.size)[:count]
                    np.matmul(grad_rows, made.T, out=grad_inputs[:, place])
        start_grad = torch.from_numpy(adjoints[:, : len(signs)])
        sign_grad = None
        if wants_signs:
            sign_grad = signs * torch.from_numpy(sign_sums.sum(0)[: len(signs)])
        input_grad = torch.from_numpy(grad_inputs).view_as(inputs) if wants_inputs else None
        return input_grad, start_grad[:-1].t(), start_grad[-1], sign_grad, None, None


def _little(vectors: Array, steps: int, block_size: int) -> bool:
    """Whether so many steps of these vectors are done before another thread wakes."""
    return vectors.size * steps * math.log2(block_size) < LITTLE


def _climb(
    vectors: Array,
    scale: Array,
    block_size: int,
    powers: Array,
    bias_sum: Array,
    bias_powers: Array | None,
) -> None:
    """Write the next powers of W, backwards: powers[C - 1 - i, v] = W^i vectors[v], i < C."""
    library.run(
        "climb",
        len(vectors),
        scale.dtype,
        alone=_little(vectors, len(powers), block_size),
        numbers=scale.size,
        block_size=block_size,
        steps=powers.shape[0],
        features=powers.shape[1],
        vectors=vectors,
        scale=scale,
        powers=powers,
        bias_sum=bias_sum,
        bias_powers=bias_powers,
    )


def _climbed(
    first: Array, scale: Array, block_size: int, powers: Array
) -> tuple[Array, tuple[Array, Array]]:
    """A chunk's powers once more: the next one behind them, and (powers, those of the bias)."""
    vectors, unused = copy(first), zeros(scale.shape, scale.dtype)
    bias_powers = empty((len(powers), scale.size), scale.dtype)
    _climb(vectors, scale, block_size, powers, unused, bias_powers)
    return vectors, (powers, bias_powers)


def _descend(
    adjoints: Array,
    vectors: Array,
    scale: Array,
    block_size: int,
    grads: Array,
    bias_grad: Array,
    sign_sums: Array,
    rebuild: bool,
    powers: Array | None,
    kept: tuple[Array, Array] | None,
) -> None:
    """The adjoint of ``_climb``, with its powers where they were ``kept``."""
    library.run(
        "descend",
        len(vectors),
        scale.dtype,
        alone=_little(vectors, len(grads), block_size),
        numbers=scale.size,
        block_size=block_size,
        steps=grads.shape[0],
        features=grads.shape[1],
        adjoints=adjoints,
        vectors=vectors,
        scale=scale,
        grads=grads,
        bias_grad=bias_grad,
        sign_sums=sign_sums,
        rebuild=rebuild and not kept,
        powers=kept[0] if kept else powers,
        bias_powers=kept[1] if kept else None,
    )


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

"""The integer model over many sequences: the values of ``IntegerModel.step``, many times as fast.

States are kept as (d, batch) with the batch innermost, in the 16 or 32 bits that the model is
proven to need, so that each of the log2(m) butterfly passes is two long vector additions; a chunk
of sequences is sized to stay in the level-2 cache and chunks are shared among threads (NumPy
releases the interpreter lock). A step costs d (log2(m) + 8) vector-lane operations a sequence.
"""

import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn.integer.fixed_point import rounding_constant, times_inverse_sqrt2_32
from hadamrnn.integer.logarithm import ilog2
from hadamrnn.integer.parameters import IntegerParameters
from hadamrnn.integer.proof import block_scale

Array = npt.NDArray[Any]
CHUNK_ELEMENTS = 1 << 17  # states in a chunk: 512 kB as int32


def run(
    model: IntegerParameters, x_int: Array, workers: int | None = None, trace: bool = False
) -> tuple[Array, Array | None]:
    """Run many sequences.

    Parameters
    ----------
    model : IntegerParameters
        Whose definition it is.
    x_int : array of int, (batch, time, d_in) or (batch, time)
        Checked input.
    workers : int, optional
        Threads, default one per CPU.
    trace : bool
        Whether checksums are wanted.

    Returns
    -------
    logits : array of int64
        As ``IntegerModel.run_logits``.
    checksums : array of uint32, (batch,), or None
        As ``IntegerModel.trace``.
    """
    size = max(8, CHUNK_ELEMENTS // model.hidden_size)
    starts = range(0, len(x_int), size)
    kernel = _Kernel(model)
    workers = min(workers or os.cpu_count() or 1, len(starts))
    with ThreadPoolExecutor(workers) as pool:
        parts = list(pool.map(lambda a: kernel.run(x_int[a : a + size], trace), starts))
    checksums = np.concatenate([part[1] for part in parts]) if trace else None
    return np.concatenate([part[0] for part in parts]), checksums


class _Kernel:
    """The constants of one model in the layout and types of the fast step."""

    def __init__(self, model: IntegerParameters) -> None:
        self.model = model
        self.shift, self.root = block_scale(model.block_size)
        self.state_type = np.int16 if model.transform_bits == 16 else np.int32
        gain = 1 if self.root else model.state_gain
        self.row_gain = (model.signs.astype(np.int32) * np.int32(gain))[:, None]
        bias = model.bias.astype(np.int64) << model.bias_shift
        drive = model.input_weight.astype(np.int64) * model.input_multiplier
        if model.embedding is not None:
            drive = drive @ model.embedding.T.astype(np.int64)
        if model.input_kind == "symbol":
            self.table = np.ascontiguousarray((drive + bias[:, None]).T, dtype=np.int32)
        elif model.input_size == 1:
            self.column = drive.astype(np.int32)
            self.bias: Array = bias.astype(np.int32)[:, None]
        else:  # below 2^53, so float64 and its fast matrix product are exact
            self.matrix = drive.astype(np.float64)
            self.bias = bias.astype(np.float64)[:, None]
        self.output_weight = model.output_weight.astype(np.float64)
        self.output_bias = model.output_bias.astype(np.int64)[:, None]
        multipliers = model.row_multipliers
        self.multipliers = None if multipliers is None else multipliers.astype(np.int64)

    def run(self, x: Array, trace: bool) -> tuple[Array, Array]:
        """(logits, checksums) of one chunk."""
        model, batch = self.model, len(x)
        hidden = np.zeros((model.hidden_size, batch), self.state_type)
        buffers = [np.empty_like(hidden), np.empty_like(hidden)]
        total = np.empty((model.hidden_size, batch), np.int32)
        drive = np.empty_like(total)
        summed = model.readout != "last"
        sums = np.zeros((model.hidden_size, batch), np.int64) if summed else None
        checksums = [0] * batch
        every = []
        for step, x_t in enumerate(np.ascontiguousarray(np.moveaxis(x, 0, -1)), start=1):
            self._advance(hidden, buffers, total, self._drive(x_t, step, drive))
            if sums is not None:
                sums += np.maximum(hidden, 0)
            if model.per_step or trace:
                logits = self._logits(hidden, sums, step)
                if model.per_step:
                    every.append(logits)
                if trace:
                    parts = [hidden.astype("<i2").T, logits.astype("<i4")]
                    if sums is not None:
                        parts.insert(1, sums.astype("<u4").T)
                    _update_checksums(checksums, parts)
        if model.per_step:
            return np.stack(every, axis=1), np.array(checksums, dtype=np.uint32)
        return self._logits(hidden, sums, x.shape[1]), np.array(checksums, dtype=np.uint32)

    def _drive(self, x_t: Array, step: int, out: Array) -> Array:
        """p M + B 2^bias_shift + R_n, (d, batch) int32, for x_t (d_in, batch) or (batch,).

        step : how many steps there will have been, from 1.
        """
        rounding = rounding_constant(step - 1, self.model.fraction_bits, self.shift)
        if self.model.input_kind == "symbol":
            np.add(self.table[x_t].T, np.int32(rounding), out=out)
            return out
        if self.model.input_size == 1:
            np.multiply(self.column, x_t, out=out)
            np.add(out, self.bias + np.int32(rounding), out=out)
            return out
        product = self.matrix @ x_t.astype(np.float64)
        product += self.bias + rounding
        np.copyto(out, product, casting="unsafe")
        return out

    def _advance(self, hidden: Array, buffers: list[Array], total: Array, drive: Array) -> None:
        """One step: hidden is overwritten."""
        model = self.model
        np.multiply(transform_columns(hidden, buffers, model.block_size), self.row_gain, out=total)
        if self.root:
            if model.transform_bits == 16:  # 32767 * 46341 fits 31 bits
                total *= 46341
                total += 1 << 15
                total >>= 16
            else:
                total = times_inverse_sqrt2_32(total)
            total *= np.int32(model.state_gain)
        total += drive
        total >>= model.fraction_bits
        np.clip(total, -model.state_limit, model.state_limit, out=hidden, casting="unsafe")

    def _logits(self, hidden: Array, sums: Array | None, steps: int) -> Array:
        """(batch, classes) int64. Below 2^53, so the float64 product is exact."""
        shift, offset = self.model.sum_shift, self.output_bias
        if sums is None:
            seen: Array = np.maximum(hidden, 0)
        elif self.model.readout == "mean":
            seen, offset = sums >> shift, (offset * steps) >> shift
        else:
            seen = ilog2(sums + steps * self.model.log_floor) - ilog2(steps)
        logits = ((self.output_weight @ seen.astype(np.float64)).astype(np.int64) + offset).T
        if self.multipliers is not None:
            logits = (logits * self.multipliers + (1 << 14)) >> 15
        return logits


def transform_columns(values: Array, buffers: list[Array], block_size: int) -> Array:
    """(I_q (x) S_m) values, as ``hadamard.fast_transform`` along the first axis.

    Parameters
    ----------
    values : array, (d, batch)
        Numbers that the sums fit.
    buffers : list of two arrays, (d, batch)
        Written in turn; the longest runs come first.
    block_size : int
        m.

    Returns
    -------
    array, (d, batch)
        ``values`` for blocks of one, else one of the buffers.
    """
    half = block_size // 2
    while half:
        out, buffers = buffers[0], buffers[::-1]
        source = values.reshape(-1, 2, half * values.shape[1])
        target = out.reshape(source.shape)
        np.add(source[:, 0], source[:, 1], out=target[:, 0])
        np.subtract(source[:, 0], source[:, 1], out=target[:, 1])
        values, half = out, half // 2
    return values


def _update_checksums(checksums: list[int], parts: list[Array]) -> None:
    """Extend the CRC-32 of each sequence by its row of every array in ``parts``."""
    rows = [np.ascontiguousarray(part) for part in parts]
    for index, value in enumerate(checksums):
        for part in rows:
            value = zlib.crc32(part[index], value)
        checksums[index] = value

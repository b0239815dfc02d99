r"""The integer model: its definition (NumPy only). C and ONNX equal it bit for bit.

One step, with m = block_size, k = log2(m) // 2, F = fraction_bits, L = 2^(activation_bits-1) - 1:

    t  = (I_q (x) S_m) h                       butterflies, exact
    y  = u t                                   if m = 4^k
    y  = (u t 46341 + 2^15) >> 16              if m = 2 4^k; 46341 / 2^16 is 1 / sqrt 2
    p  = U x, or column x of U for a symbol
    h' = saturate((y 2^(F-k) + p M + B 2^bias_shift + R_n) >> F)     to [-L, L]

R_n, about 2^(F-1), is the rounding constant of step n (``fixed_point.rounding_constant``).

Logits: z = V relu(h) + C for readout "last"; for "mean", with s the running sum of relu(h) over
n steps, z = V (s >> sum_shift) + ((C n) >> sum_shift). Real logits are z logit_scale, times
2^sum_shift / n for the mean; the class is the argmax, ties going to the lowest id.

``step`` and ``logits`` below are this text in int64 with every width checked.
``integer_batch`` computes the same in the declared 32 bits, many sequences at a time.
"""

from dataclasses import dataclass

import numpy as np

from hadamrnn.errors import HadamrnnError
from hadamrnn.hadamard import fast_transform
from hadamrnn.integer import batch as integer_batch
from hadamrnn.integer.fixed_point import (
    check_width,
    rounding_constant,
    saturate,
    times_inverse_sqrt2,
)
from hadamrnn.integer.proof import block_scale, prove, state_limit, sum_limit


@dataclass(eq=False)
class IntegerState:
    """What one sequence, or a batch of them, remembers between steps; ``step`` updates it.

    hidden : (..., d) int64 in [-L, L]; sums : (..., d) int64, zero unless readout is "mean";
    steps : int, how many inputs have been seen.
    """

    hidden: np.ndarray
    sums: np.ndarray
    steps: int = 0


@dataclass(frozen=True, eq=False)
class IntegerModel:
    """The integers of one model and the scales that give them a meaning.

    signs : (d,) int8, +1 or -1; block_size : m, a power of two that divides d.
    input_weight : U, (d, d_in) int16 of input_weight_bits; for symbols one column per symbol.
    bias : B, (d,) int16; bias_shift : int >= 0; input_multiplier : M >= 1; fraction_bits : F.
    output_weight : V, (classes, d) int16 of weight_bits; output_bias : C, (classes,) int32.
    max_steps : up to how many steps the sums of readout "mean" are proven not to overflow.
    Real values: input = input_scale (x - input_zero_point), state = state_scale h.

    Raises HadamrnnError if a field is out of range or a width cannot be proven.
    """

    name: str
    input_kind: str
    readout: str
    per_step: bool
    block_size: int
    weight_bits: int
    input_weight_bits: int
    activation_bits: int
    input_bits: int
    fraction_bits: int
    bias_shift: int
    input_multiplier: int
    sum_shift: int
    max_steps: int
    input_scale: float
    input_zero_point: int
    state_scale: float
    logit_scale: float
    signs: np.ndarray
    input_weight: np.ndarray
    bias: np.ndarray
    output_weight: np.ndarray
    output_bias: np.ndarray
    class_names: tuple = ()

    def __post_init__(self):
        prove(self)
        for name, dtype in (
            ("signs", np.int8),
            ("input_weight", np.int16),
            ("bias", np.int16),
            ("output_weight", np.int16),
            ("output_bias", np.int32),
        ):
            array = np.array(getattr(self, name), dtype=dtype)
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @property
    def hidden_size(self):
        """d."""
        return len(self.signs)

    @property
    def input_size(self):
        """Features of a dense input, or the number of symbols."""
        return self.input_weight.shape[1]

    @property
    def output_size(self):
        """Number of classes."""
        return len(self.output_weight)

    @property
    def state_limit(self):
        """L, the largest state."""
        return state_limit(self.activation_bits)

    @property
    def transform_bits(self):
        """Width in which the transform is proven to fit: 16 or 32."""
        return 16 if self.block_size * self.state_limit <= 32767 else 32

    @property
    def sum_bits(self):
        """Width of the running sums, unsigned: 0 (none needed), 16 or 32."""
        if self.readout == "last":
            return 0
        return 16 if sum_limit("mean", self.activation_bits, self.max_steps) <= 65535 else 32

    def initial_state(self, batch=None):
        """Zero state of one sequence, or of ``batch`` of them."""
        shape = (self.hidden_size,) if batch is None else (batch, self.hidden_size)
        return IntegerState(np.zeros(shape, np.int64), np.zeros(shape, np.int64))

    def step(self, state, x_int):
        """Advance ``state`` by one input, in place, and return it.

        x_int : (..., d_in) integers of input_bits, or (...) symbol ids.
        Raises HadamrnnError beyond max_steps of a mean model, or for inputs out of range.
        """
        if self.readout == "mean" and state.steps >= self.max_steps:
            raise HadamrnnError(
                f"max_steps: the sums of this model are proven for "
                f"{self.max_steps} steps; got one more"
            )
        x = self.check_input(x_int)
        k, root = block_scale(self.block_size)
        t = fast_transform(state.hidden, self.block_size)
        y = self.signs * check_width(t, self.transform_bits, "transform")
        if root:
            y = times_inverse_sqrt2(y)
        table = self.input_weight.T
        p = table[x].astype(np.int64) if self.input_kind == "symbol" else x @ table.astype(np.int64)
        fraction = self.fraction_bits
        total = (y << (fraction - k)) + p * self.input_multiplier
        total += self.bias.astype(np.int64) << self.bias_shift
        total += rounding_constant(state.steps, fraction, k)
        check_width(total, 32, "accumulator")
        state.hidden = saturate(total >> fraction, self.state_limit)
        state.steps += 1
        if self.readout == "mean":
            state.sums = state.sums + np.maximum(state.hidden, 0)
            check_width(state.sums, self.sum_bits, "sum", signed=False)
        return state

    def logits(self, state):
        """Integer logits now: (..., classes) int64, before ``real_logits``."""
        weight, bias = self.output_weight.astype(np.int64), self.output_bias.astype(np.int64)
        if self.readout == "mean":
            seen, offset = state.sums >> self.sum_shift, (bias * state.steps) >> self.sum_shift
        else:
            seen, offset = np.maximum(state.hidden, 0), bias
        return check_width(seen @ weight.T + offset, 32, "logits")

    def check_input(self, x_int):
        """``x_int`` as int64; HadamrnnError unless integer, in range and of the right width."""
        x = np.asarray(x_int)
        if x.dtype.kind not in "iu":
            raise HadamrnnError(f"inputs: must be integers here; got {x.dtype}")
        symbol = self.input_kind == "symbol"
        if not symbol and (not x.ndim or x.shape[-1] != self.input_size):
            raise HadamrnnError(
                f"inputs: the last axis must hold {self.input_size} features; got shape {x.shape}"
            )
        half = 1 << (self.input_bits - 1)
        low, high = (0, self.input_size - 1) if symbol else (-half, half - 1)
        if x.size and (x.min() < low or x.max() > high):
            raise HadamrnnError(
                f"inputs: must be integers from {low} to {high}; got {x.min()} to {x.max()}"
            )
        return x.astype(np.int64)

    def check_sequences(self, x):
        """Raise HadamrnnError unless ``x`` is a batch of sequences that this model can read."""
        x = np.asarray(x)
        axes = ("batch", "time") if self.input_kind == "symbol" else ("batch", "time", "features")
        if x.ndim != len(axes) or not x.size or (x.ndim == 3 and x.shape[2] != self.input_size):
            wanted = ", ".join(axes).replace("features", f"{self.input_size} features")
            raise HadamrnnError(f"inputs: must have shape ({wanted}); got {x.shape}")
        if self.readout == "mean" and x.shape[1] > self.max_steps:
            raise HadamrnnError(
                f"inputs: at most max_steps={self.max_steps} steps are proven; got {x.shape[1]}"
            )
        return x

    def quantize_input(self, x_real):
        """Real inputs to the integers that ``step`` and ``hr_step`` read.

        x_real : (batch, time, d_in) numbers -> int8, clip(rint(x / input_scale) + zero point);
        (batch, time) symbol ids -> the same ids as uint16. Raises HadamrnnError for NaN.
        """
        x = self.check_sequences(x_real)
        if self.input_kind == "symbol":
            ids = x.astype(np.int64)
            if not np.array_equal(ids, x):
                raise HadamrnnError("inputs: symbol ids must be integers; got fractions")
            return self.check_input(ids).astype(np.uint16)
        half = 1 << (self.input_bits - 1)
        x = np.rint(x / self.input_scale) + self.input_zero_point
        if np.isnan(x).any():
            raise HadamrnnError("inputs: must be numbers; got NaN")
        return np.clip(x, -half, half - 1).astype(np.int8)

    def run_logits(self, x_int, workers=None):
        """Integer logits of many sequences: (batch, classes) or (batch, time, classes) int64.

        x_int : as ``quantize_input`` gives; workers : threads, default one per CPU.
        """
        self.check_input(self.check_sequences(x_int))
        return integer_batch.run(self, np.asarray(x_int), workers)[0]

    def trace(self, x_int, workers=None):
        """(run_logits, checksums): checksums (batch,) uint32 is the CRC-32 of everything computed.

        After each step come h as int16, then s as uint32 if readout is "mean", then the logits as
        int32, all little endian. The C host program computes the same.
        """
        self.check_input(self.check_sequences(x_int))
        return integer_batch.run(self, np.asarray(x_int), workers, trace=True)

    def real_logits(self, logits, steps=1):
        """Integer logits after ``steps`` steps in real units, float64: fit for a softmax."""
        scale = self.logit_scale
        if self.readout == "mean":
            scale *= 2.0**self.sum_shift / max(steps, 1)
        return np.asarray(logits, dtype=np.float64) * scale

    def predict(self, x_real):
        """Class ids of real input: (batch,) int64, or (batch, time) for per-step models.

        x_real : (batch, time, features) numbers, or (batch, time) symbol ids.
        """
        return self.run_logits(self.quantize_input(x_real)).argmax(axis=-1)

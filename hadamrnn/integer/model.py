r"""The integer model: its definition (NumPy only). C and ONNX equal it bit for bit.

One step, with m = block_size, k = log2(m) // 2, F = fraction_bits, L = 2^(activation_bits-1) - 1:

    t  = (I_q (x) S_m) h                       butterflies, exact
    y  = u t                                   if m = 4^k
    y  = (u t 46341 + 2^15) >> 16              if m = 2 4^k; 46341 / 2^16 is 1 / sqrt 2
    p  = U x, for a symbol U E_x, or without an embedding E column x of U
    h' = saturate((y G + p M + B 2^bias_shift + R_n) >> F)           to [-L, L]

G is 2^(F-k), with a fading memory of f = fade 2^(F-k) (1 - 2^-f); R_n, about 2^(F-1), is the
rounding constant of step n (``fixed_point.rounding_constant``).

Logits, with s the running sum of relu(h) over n steps:

    last      z = V relu(h) + C
    mean      z = V (s >> sum_shift) + ((C n) >> sum_shift)
    log_mean  z = V (ilog2(s + n log_floor) - ilog2(n)) + C          (``logarithm.ilog2``)

A model of numbers gives the real logits themselves, in the units of its targets.

With row multipliers M_c each z_c is followed by (z_c M_c + 2^14) >> 15, which makes rows of V with
steps of their own comparable. Real logits are z logit_scale, times 2^sum_shift / n for the mean;
the class is the argmax, ties going to the lowest id.

``step`` and ``logits`` below are this text in int64 with every width checked.
``integer.batch`` computes the same in the declared 32 bits, many sequences at a time.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn.errors import HadamrnnError, HadamrnnWarning
from hadamrnn.hadamard import fast_transform
from hadamrnn.integer import batch as integer_batch
from hadamrnn.integer import doubts, inputs
from hadamrnn.integer.checks import prove
from hadamrnn.integer.fixed_point import (
    check_width,
    rounding_constant,
    saturate,
    times_inverse_sqrt2,
)
from hadamrnn.integer.logarithm import ilog2
from hadamrnn.integer.parameters import IntegerParameters
from hadamrnn.integer.proof import block_scale
from hadamrnn.integer.state import IntegerState
from hadamrnn.integer.stream import Stream

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class IntegerModel(IntegerParameters):
    """An integer model that is proven, and can run.

    Its parameters are those of ``IntegerParameters``, its arrays of any integer type.

    Raises
    ------
    HadamrnnError
        If a field is out of range or a width cannot be proven.
    """

    def __post_init__(self) -> None:
        prove(self)
        types = {
            "signs": np.int8,
            "input_weight": np.int16,
            "bias": np.int16,
            "output_weight": np.int16,
            "output_bias": np.int32,
            "row_multipliers": np.uint16,
            "embedding": np.int8,
        }
        for name, dtype in types.items():
            if getattr(self, name) is None:
                continue
            array = np.array(getattr(self, name), dtype=dtype)
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @property
    def engine(self) -> str:
        """What runs this model: "numpy", or "c" (``compiled.CompiledModel``)."""
        return "numpy"

    def initial_state(self, batch: int | None = None) -> IntegerState:
        """Zero state of one sequence, or of ``batch`` of them."""
        shape = (self.hidden_size,) if batch is None else (batch, self.hidden_size)
        return IntegerState(np.zeros(shape, np.int64), np.zeros(shape, np.int64))

    def step(self, state: IntegerState, x_int: npt.ArrayLike) -> IntegerState:
        """Advance ``state`` by one input, in place, and return it.

        Parameters
        ----------
        state : IntegerState
            Of one sequence or of a batch.
        x_int : array_like of int, (..., d_in) or (...)
            Integers of input_bits, or symbol ids.

        Returns
        -------
        IntegerState
            The same object.

        Raises
        ------
        HadamrnnError
            Beyond max_steps where states are summed, or for inputs out of range.
        """
        if self.readout != "last" and state.steps >= self.max_steps:
            raise HadamrnnError(
                f"max_steps: the sums of this model are proven for "
                f"{self.max_steps} steps; got one more"
            )
        state.hidden = self.advance(state.hidden, state.steps, self.check_input(x_int))
        state.steps += 1
        if self.readout != "last":
            state.sums = state.sums + np.maximum(state.hidden, 0)
            check_width(state.sums, self.sum_bits, "sum", signed=False)
        return state

    def advance(self, hidden: Integers, number: int, x: Integers) -> Integers:
        """States after one step more, whatever is read out of them.

        Parameters
        ----------
        hidden : array of int64, (..., d)
            States before it.
        number : int
            Of the step, from 0; it decides the rounding.
        x : array of int64, (..., d_in) or (...)
            As ``check_input`` gives it.

        Returns
        -------
        array of int64, (..., d)
            In [-L, L].
        """
        k, root = block_scale(self.block_size)
        t = fast_transform(hidden, self.block_size)
        y = self.signs * check_width(t, self.transform_bits, "transform")
        if root:
            y = times_inverse_sqrt2(y)
        table = self.input_weight.T
        if self.embedding is not None:
            x = self.embedding[x].astype(np.int64)
        p = table[x].astype(np.int64) if self.one_hot else x @ table.astype(np.int64)
        total = y * self.state_gain + p * self.input_multiplier
        total += self.bias.astype(np.int64) << self.bias_shift
        total += rounding_constant(number, self.fraction_bits, k)
        check_width(total, 32, "accumulator")
        return saturate(total >> self.fraction_bits, self.state_limit)

    def logits(self, state: IntegerState) -> Integers:
        """Integer logits now: (..., classes), before ``real_logits``."""
        weight, bias = self.output_weight.astype(np.int64), self.output_bias.astype(np.int64)
        if self.readout == "mean":
            seen, offset = state.sums >> self.sum_shift, (bias * state.steps) >> self.sum_shift
        elif self.readout == "log_mean":
            steps = max(state.steps, 1)
            moved = check_width(state.sums + steps * self.log_floor, 32, "sum", signed=False)
            seen, offset = ilog2(moved) - ilog2(steps), bias
        else:
            seen, offset = np.maximum(state.hidden, 0), bias
        logits = check_width(seen @ weight.T + offset, 32, "logits")
        if self.row_multipliers is not None:
            scaled: Integers = logits * self.row_multipliers.astype(np.int64) + (1 << 14)
            return scaled >> 15
        return logits

    def stream(
        self,
        *,
        shift: int | None = None,
        window: int | None = None,
        hop: int | None = None,
        smooth: int = 0,
        reject: int = 0,
        hold: int = 0,
    ) -> Stream:
        """Answers from a recording that does not end: ``Stream`` explains its settings."""
        settings = {"shift": shift, "window": window, "hop": hop}
        return self._streamed(**settings, smooth=smooth, reject=reject, hold=hold)

    def _streamed(self, **settings: Any) -> Stream:
        """The stream itself, for another engine to make its own."""
        return Stream(self, **settings)

    def check_input(self, x_int: npt.ArrayLike) -> Integers:
        """``x_int`` as int64; HadamrnnError unless integer, in range and of the right width."""
        return inputs.check_input(self, x_int)

    def check_sequences(self, x: npt.ArrayLike) -> npt.NDArray[Any]:
        """Raise HadamrnnError unless ``x`` is a batch of sequences that this model can read."""
        return inputs.check_sequences(self, x)

    def quantize_input(self, x_real: npt.ArrayLike) -> npt.NDArray[Any]:
        """Real inputs to the integers that ``step`` and ``hr_step`` read (``inputs.quantize``)."""
        return inputs.quantize(self, x_real)

    def quantize_raw(self, readings: npt.ArrayLike) -> npt.NDArray[Any]:
        """Readings in the recorder's units to the same integers (``inputs.quantize_raw``)."""
        return inputs.quantize_raw(self, readings)

    def run_logits(self, x_int: npt.ArrayLike, workers: int | None = None) -> Integers:
        """Integer logits of many sequences: (batch, classes) or (batch, time, classes).

        Parameters
        ----------
        x_int : array_like of int
            As ``quantize_input`` gives.
        workers : int, optional
            Threads, default one per CPU.

        Returns
        -------
        array of int64
            The logits.
        """
        self.check_input(self.check_sequences(x_int))
        return integer_batch.run(self, np.asarray(x_int), workers)[0]

    def trace(
        self, x_int: npt.ArrayLike, workers: int | None = None
    ) -> tuple[Integers, npt.NDArray[np.uint32]]:
        """``run_logits``, and a checksum of everything computed on the way.

        Parameters
        ----------
        x_int : array_like of int
            As ``quantize_input`` gives.
        workers : int, optional
            Threads, default one per CPU.

        Returns
        -------
        logits : array of int64
            As ``run_logits``.
        checksums : array of uint32, (batch,)
            CRC-32 of, after each step, h as int16, s as uint32 where states are summed, and the
            logits as int32, all little endian. The C host program computes the same.
        """
        self.check_input(self.check_sequences(x_int))
        logits, checksums = integer_batch.run(self, np.asarray(x_int), workers, trace=True)
        assert checksums is not None
        return logits, checksums

    def real_logits(self, logits: npt.ArrayLike, steps: int = 1) -> npt.NDArray[np.float64]:
        """Integer logits after ``steps`` steps in real units: fit for a softmax."""
        scale = self.logit_scale
        if self.readout == "mean":
            scale *= 2.0**self.sum_shift / max(steps, 1)
        return np.asarray(logits, dtype=np.float64) * scale

    def predict(self, readings: npt.ArrayLike) -> npt.NDArray[Any]:
        """Class ids of raw readings: (batch,), or (batch, time) for per-step models; or numbers.

        Parameters
        ----------
        readings : array_like, (batch, time, features) or (batch, time)
            In the recorder's units, or symbol ids; of a model whose file does not say what
            readings are (``recording`` is None), the real numbers that it was trained on.

        Returns
        -------
        array of int64, or of float64
            The ids; of a model of ``numbers`` these, (batch,), or (batch, outputs) of several.

        Raises
        ------
        HadamrnnError
            For NaN, fractions of a symbol, or a wrong shape.

        Warns
        -----
        HadamrnnWarning
            If the inputs do not look like what the model was trained on (``doubts.doubt``).
        """
        x_int = inputs.integers_of(self, readings)
        doubt = doubts.doubt(self, readings)
        if doubt is not None:
            warnings.warn(doubt, HadamrnnWarning, stacklevel=2)
        return self.predict_inputs(x_int)

    def predict_inputs(self, x_int: npt.ArrayLike) -> npt.NDArray[Any]:
        """Class ids, or numbers, of inputs that are integers of the model already.

        Parameters
        ----------
        x_int : array_like of int
            As ``quantize_raw`` gives.

        Returns
        -------
        array
            As ``predict``.
        """
        logits = self.run_logits(x_int)
        if not self.numbers:
            classes: Integers = logits.argmax(axis=-1)
            return classes
        values = self.real_logits(logits, np.shape(x_int)[1])
        return values[..., 0] if self.output_size == 1 else values

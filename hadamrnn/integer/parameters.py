"""What an integer model consists of: its numbers, the scales behind them, and what follows."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hadamrnn.integer.proof import state_gain, state_limit, sum_limit
from hadamrnn.integer.recording import Recording


@dataclass(frozen=True, eq=False)
class IntegerParameters:
    """The integers of one model and the scales that give them a meaning.

    Parameters
    ----------
    name : str
        One line.
    input_kind : str
        "dense" or "symbol".
    readout : str
        "last", "mean" or "log_mean".
    per_step : bool
        Whether every step is read out.
    block_size : int
        m, a power of two that divides d.
    weight_bits, input_weight_bits : int
        Widths of V and U, 2 to 16.
    activation_bits : int
        Width of a state, 2 to 16.
    input_bits : int
        Width of a dense input or of an embedding, 2 to 8.
    fraction_bits : int
        F.
    bias_shift : int
        At least 0.
    input_multiplier : int
        M, at least 1.
    sum_shift : int
        Of readout "mean".
    max_steps : int
        Up to how many steps the sums are proven not to overflow.
    input_scale, input_zero_point : float, int
        Real input = input_scale (x - input_zero_point).
    state_scale : float
        Real state = state_scale h.
    logit_scale : float
        Real logit = logit_scale z.
    signs : array of int8, (d,)
        u, +1 or -1.
    input_weight : array of int16, (d, d_in)
        U, for symbols without an embedding one column a symbol.
    bias : array of int16, (d,)
        B.
    output_weight : array of int16, (classes, d)
        V.
    output_bias : array of int32, (classes,)
        C.
    class_names : tuple of str
        Empty, or one for each class.
    fade : int
        f: the state fades by 1 - 2^-f a step; 0: never.
    log_floor : int
        Of readout "log_mean": c, what is added to the mean of the states, 1 to 255; else 0.
    bias_bits : int
        Width of B, 2 to 16.
    row_multipliers : array of uint16, (classes,), or None
        M_c, below 2^15.
    recording : Recording or None
        What raw readings are, and how they become inputs; None: not known.
    embedding : array of int8, (symbols, d_in), or None
        E, the input that stands for each symbol; None: column x of U is its product.
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
    signs: npt.NDArray[np.int8]
    input_weight: npt.NDArray[np.int16]
    bias: npt.NDArray[np.int16]
    output_weight: npt.NDArray[np.int16]
    output_bias: npt.NDArray[np.int32]
    class_names: tuple[str, ...] = ()
    fade: int = 0
    log_floor: int = 0
    bias_bits: int = 16
    row_multipliers: npt.NDArray[np.uint16] | None = None
    recording: Recording | None = None
    embedding: npt.NDArray[np.int8] | None = None

    @property
    def hidden_size(self) -> int:
        """d."""
        return len(self.signs)

    @property
    def input_size(self) -> int:
        """Features of a dense input, or the number of symbols."""
        return self.features if self.embedding is None else len(self.embedding)

    @property
    def features(self) -> int:
        """Columns of U."""
        return int(self.input_weight.shape[1])

    @property
    def one_hot(self) -> bool:
        """Whether a step adds one column of U: of symbols without an embedding."""
        return self.input_kind == "symbol" and self.embedding is None

    @property
    def output_size(self) -> int:
        """Number of classes."""
        return len(self.output_weight)

    @property
    def numbers(self) -> bool:
        """Whether outputs are numbers, in the units of what was learned, and not classes."""
        return self.recording is not None and self.recording.numbers

    @property
    def state_limit(self) -> int:
        """L, the largest state."""
        return state_limit(self.activation_bits)

    @property
    def state_gain(self) -> int:
        """G, what the transformed state is multiplied by."""
        return state_gain(self.block_size, self.fraction_bits, self.fade)

    @property
    def transform_bits(self) -> int:
        """Width in which the transform is proven to fit: 16 or 32."""
        return 16 if self.block_size * self.state_limit <= 32767 else 32

    @property
    def sum_bits(self) -> int:
        """Width of the running sums, unsigned: 0 (none needed), 16 or 32."""
        if self.readout == "last":
            return 0
        return 16 if sum_limit("mean", self.activation_bits, self.max_steps) <= 65535 else 32

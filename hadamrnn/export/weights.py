"""Trained weights as plain integers and scales: what is frozen."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn.integer.checks import ROW_MULTIPLIER_MAX
from hadamrnn.integer.proof import state_limit

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class FrozenWeights:
    """Trained weights as plain arrays; a real weight is its integer times the scale.

    Parameters
    ----------
    signs : array of int, (d,)
        +1 or -1.
    block_size : int
        m.
    input_weight_int : array of int, (d, d_in)
        U, for symbols without an embedding a column per symbol.
    input_weight_scale : float
        Of U.
    bias : array of float64, (d,)
        b.
    output_weight_int : array of int, (classes, d)
        V.
    output_weight_scale : float, or array of float64, (classes,)
        Of V, or of each of its rows.
    output_bias : array of float64, (classes,)
        c.
    weight_bits : int
        Width of V, 1 (ternary, stored in 2) to 16.
    input_weight_bits : int, optional
        Width of U if another, as for a folded embedding table.
    fade : int, optional
        The state fades by 1 - 2^-fade a step.
    embedding_int : array of int, (symbols, d_in), optional
        E, what stands for each symbol.
    embedding_scale : float
        Of E.
    embedding_bits : int
        Width of E, 1 (ternary, stored in 2) to 8.
    """

    signs: Array
    block_size: int
    input_weight_int: Array
    input_weight_scale: float
    bias: Array
    output_weight_int: Array
    output_weight_scale: float | Array
    output_bias: Array
    weight_bits: int
    input_weight_bits: int | None = None
    fade: int | None = None
    embedding_int: Array | None = None
    embedding_scale: float = 1.0
    embedding_bits: int = 8

    def in_units(self, zero: float | Array, scale: float | Array) -> "FrozenWeights":
        """Weights whose outputs are ``scale`` times these plus ``zero``: numbers as they are meant.

        Parameters
        ----------
        zero, scale : float, or array of float64, (outputs,)
            Of all outputs, or of each; scales above 0.
        """
        rows = np.asarray(self.output_weight_scale * scale)
        if rows.ndim:  # as row multipliers can hold them, so that biases go with what they make
            step = rows.max() / ROW_MULTIPLIER_MAX
            rows = np.rint(rows / step).clip(1) * step
        return dataclasses.replace(
            self,
            output_weight_scale=rows if rows.ndim else float(rows),
            output_bias=self.output_bias * scale + zero,
        )

    def products(self) -> Array:
        """U in real units, or of an embedding (E U^T)^T, float32: a column for each symbol."""
        weight = self.input_weight_int * self.input_weight_scale
        if self.embedding_int is not None:
            weight = weight @ (self.embedding_int.T * self.embedding_scale)
        return np.asarray(weight, dtype=np.float32)


def round_weights(weight: npt.ArrayLike, bits: int) -> tuple[Array, float]:
    """Round a full-precision array.

    Parameters
    ----------
    weight : array_like of float
        Any shape.
    bits : int
        2 to 16; integers use the symmetric range of that width.

    Returns
    -------
    integers : array of int64
        Of the same shape.
    scale : float
        weight ~ integers * scale, wrong by at most scale / 2.

    Examples
    --------
    >>> round_weights(np.array([0.5, -1.0, 0.2]), 4)
    (array([ 4, -7,  1]), 0.14285714285714285)
    """
    values = np.asarray(weight, dtype=np.float64)
    peak = float(np.abs(values).max()) or 1.0
    scale = peak / state_limit(bits)
    return np.rint(values / scale).astype(np.int64), scale

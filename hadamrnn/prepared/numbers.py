"""Targets that are numbers, as a model learns them: standardised by the training rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FARTHEST = 10_000
"""Deviations that a mean may be away from 0: float32 then still holds a thousandth of one."""


@dataclass(frozen=True)
class Units:
    """Real number = scale * standardised number + zero.

    Parameters
    ----------
    zero, scale : float, or array of float64, (outputs,)
        Mean and deviation of the training rows.

    Examples
    --------
    >>> units = Units(zero=20.0, scale=4.0)
    >>> units.standard(np.array([24.0, 16.0])).tolist(), units.real(np.array([[1.0]])).tolist()
    ([[1.0], [-1.0]], [[24.0]])
    """

    zero: Any
    scale: Any

    @classmethod
    def of(cls, numbers: npt.NDArray[np.float64]) -> "Units":
        """Mean and deviation of (n,) numbers to six digits, which are the same on every machine."""
        return cls(*(float(f"{value:.6g}") for value in (numbers.mean(), numbers.std())))

    def standard(self, numbers: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """(n,) or (n, outputs) real numbers as (n, outputs) float32."""
        columns = np.asarray(numbers, dtype=np.float64).reshape(len(numbers), -1)
        standard: npt.NDArray[np.float32] = ((columns - self.zero) / self.scale).astype(np.float32)
        return standard

    def real(self, outputs: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """(n, outputs) of a model as real numbers."""
        numbers: npt.NDArray[np.float64] = np.asarray(outputs, np.float64) * self.scale + self.zero
        return numbers


def target_units(card: Mapping[str, Any]) -> Units | None:
    """Those of a prepared folder; None where targets are classes.

    Parameters
    ----------
    card : mapping
        Its card.json.

    Examples
    --------
    >>> target_units({"output": {"size": 1, "target": {"zero": 1.0, "scale": 2.0}}})
    Units(zero=1.0, scale=2.0)
    """
    target = card["output"].get("target")
    return None if target is None else Units(target["zero"], target["scale"])

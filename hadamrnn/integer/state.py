"""What one sequence remembers between steps."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


@dataclass(eq=False)
class IntegerState:
    """What one sequence, or a batch of them, remembers between steps; ``step`` updates it.

    Parameters
    ----------
    hidden : array of int64, (..., d)
        States in [-L, L].
    sums : array of int64, (..., d)
        Of relu(hidden); zero for readout "last".
    steps : int
        How many inputs have been seen.
    """

    hidden: Integers
    sums: Integers
    steps: int = 0

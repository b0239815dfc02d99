"""The copy task: what is remembered, and how stored messages become sequences."""

from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn.errors import HadamrnnError

Ids = npt.NDArray[np.uint8]
MESSAGE = 10
"""Symbols to remember in the copy task."""
SYMBOLS = 8
BLANK, MARKER = 0, 9


def expand_copy(messages: npt.NDArray[Any], steps: int) -> tuple[Ids, Ids]:
    """Input and target ids of copy-task messages.

    They take 2 n T bytes in all: for training on many sequences, expand one batch at a time.

    Parameters
    ----------
    messages : array of int, (n, 10)
        Symbols from 1 to 8.
    steps : int
        T, at least 20.

    Returns
    -------
    inputs : array of uint8, (n, T)
        Ids from 0 to 9.
    targets : array of uint8, (n, T)
        Ids from 0 to 8.

    Raises
    ------
    HadamrnnError
        For fewer steps.

    Examples
    --------
    >>> message = np.array([[1, 2, 3, 4, 5, 6, 7, 8, 1, 2]], dtype=np.uint8)
    >>> inputs, targets = expand_copy(message, 22)
    >>> inputs.tolist()
    [[1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0]]
    >>> targets.tolist()
    [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2]]
    """
    if steps < 2 * MESSAGE:
        raise HadamrnnError(f"copy.steps: must be at least {2 * MESSAGE}; got {steps}")
    inputs = np.full((len(messages), steps), BLANK, dtype=np.uint8)
    targets = np.full((len(messages), steps), BLANK, dtype=np.uint8)
    inputs[:, :MESSAGE] = messages
    inputs[:, steps - MESSAGE] = MARKER
    targets[:, steps - MESSAGE :] = messages
    return inputs, targets

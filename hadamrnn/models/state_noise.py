"""Rounding noise of integer states, added while training.

An integer state of b bits is rounded at every step: independent errors of variance s^2 / 12, s the
value of one unit. W is orthogonal, so the errors of t steps add up to one error of variance
t s^2 / 12 in every direction, at whatever step they arose. A single draw in the initial state has
the same effect as T roundings, and costs nothing in any form of the recurrence.
"""

import math

import torch
from torch import Tensor

from hadamrnn.errors import HadamrnnError


class StateNoise:
    """Draws of (batch, hidden_size) noise whose standard deviation ``fit`` sets.

    Parameters
    ----------
    bits : int
        Width of the integer state that training should bear, 2 to 16.

    Raises
    ------
    HadamrnnError
        If ``bits`` is outside.

    Examples
    --------
    >>> noise = StateNoise(8)
    >>> noise.fit(largest=12.7, steps=1200, generator=torch.Generator().manual_seed(1))
    >>> round(noise.deviation, 3)  # a unit is 0.1, and sqrt(1200 / 12) = 10
    1.0
    """

    def __init__(self, bits: int) -> None:
        if not 2 <= bits <= 16:
            raise HadamrnnError(f"state_noise_bits: must be an integer from 2 to 16; got {bits}")
        self.bits = bits
        self.deviation = 0.0
        self.generator: torch.Generator | None = None

    def fit(self, largest: float, steps: float, generator: torch.Generator) -> None:
        """Set the deviation.

        Parameters
        ----------
        largest : float
            The largest state.
        steps : float
            Roundings whose errors add up.
        generator : torch.Generator
            On the CPU; all draws come from it.
        """
        unit = largest / (2 ** (self.bits - 1) - 1)
        self.deviation, self.generator = unit * math.sqrt(steps / 12), generator

    def draw(self, batch: int, like: Tensor) -> Tensor:
        """(batch, last dimension of ``like``) noise, of its type and on its device."""
        noise = torch.randn(batch, like.shape[-1], generator=self.generator, dtype=like.dtype)
        return (noise * self.deviation).to(like.device)

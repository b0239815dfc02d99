"""Rounding noise of integer states, added while training.

An integer state of b bits is rounded at every step: independent errors of variance s^2 / 12, s the
value of one unit. W is orthogonal, so the errors of t steps add up to one error of variance
t s^2 / 12 in every direction, at whatever step they arose. A single draw in the initial state has
the same effect as T roundings, and costs nothing in any form of the recurrence.
"""

import math

import torch

from hadamrnn.errors import HadamrnnError


class StateNoise:
    """Draws of (batch, hidden_size) noise whose standard deviation ``fit`` sets.

    bits : width of the integer state that training should bear, 2 to 16.

    >>> noise = StateNoise(8)
    >>> noise.fit(largest=12.7, steps=1200, generator=torch.Generator().manual_seed(1))
    >>> round(noise.deviation, 3)  # a unit is 0.1, and sqrt(1200 / 12) = 10
    1.0
    """

    def __init__(self, bits):
        if not 2 <= bits <= 16:
            raise HadamrnnError(f"state_noise_bits: must be an integer from 2 to 16; got {bits}")
        self.bits, self.deviation, self.generator = bits, 0.0, None

    def fit(self, largest, steps, generator):
        """Noise of ``steps`` roundings where the largest state is ``largest``."""
        unit = largest / (2 ** (self.bits - 1) - 1)
        self.deviation, self.generator = unit * math.sqrt(steps / 12), generator

    def draw(self, batch, like):
        """(batch, like's last dimension) in the type and on the device of ``like``."""
        noise = torch.randn(batch, like.shape[-1], generator=self.generator, dtype=like.dtype)
        return (noise * self.deviation).to(like.device)

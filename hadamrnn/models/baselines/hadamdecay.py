"""HadamDecay: HadamRNN that reads a learned decaying average, between last state and mean.

    s_t = (1 - a) s_{t-1} + a relu(h_t),   a = 2^-k of each neuron,   s_0 = 0
    y = V s_T / (1 - (1 - a)^T) + c

The divisor is the sum of the weights in s_T, so that k = 0 reads the last state and k towards
infinity the mean, whatever T is. k starts at 8, slow for some hundred steps: near the mean.
With weight_bits, k is a whole number of 4 bits (straight-through), and on a device the average
needs no product: s += (relu(h) - s) >> k, in a state k bits wider; the divisor is one factor of
each neuron, once a sequence.
"""

import torch
from torch import nn

from hadamrnn.models.baselines.common import FLOAT_BITS
from hadamrnn.models.baselines.hadamlayer import HadamLayer

SLOW, SLOWEST, SHIFT_BITS = 8, 15, 4


class HadamDecay(HadamLayer):
    """The ablation; ``readout`` is ignored.

    >>> model = HadamDecay(input_size=3, hidden_size=4, output_size=2, weight_bits=4)
    >>> model.shifts().tolist()
    [8.0, 8.0, 8.0, 8.0]
    """

    activation = staticmethod(nn.Identity())  # relu comes before the average

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.readout = "last"
        # k / SLOW: a step of Adam that suits weights of order 1 then moves k, too.
        self.slowness = nn.Parameter(torch.ones(self.hidden_size))

    def shifts(self):
        """k, (d,), from 0 to SLOWEST; whole where there are weight_bits."""
        k = SLOW * self.slowness
        allowed = k.detach().clamp(0, SLOWEST)
        if self.weight_bits is not None:
            allowed = allowed.round()
        return k + (allowed - k).detach()

    def states(self, values):
        """s_t over its sum of weights, (batch, time, d), by the definition."""
        rate, found = torch.exp2(-self.shifts()), []
        average = total = torch.zeros_like(rate)
        for active in self.rnn(values)[0].relu().unbind(1):
            average = (1 - rate) * average + rate * active
            total = (1 - rate) * total + rate
            found.append(average / total)
        return torch.stack(found, 1)

    def last_state(self, values):
        """The last of ``states``: a mean with weights (1 - a)^(T - t); their factor a cancels."""
        active = self.rnn(values)[0].relu()
        ages = torch.arange(active.shape[1] - 1, -1, -1).to(active)
        weights = (1 - torch.exp2(-self.shifts())) ** ages[:, None]
        return (active * (weights / weights.sum(0))).sum(1)

    def counts(self):
        bits = FLOAT_BITS if self.weight_bits is None else SHIFT_BITS
        return {**super().counts(), "recurrent": (self.hidden_size, 1 + bits)}

    def step_operations(self, features):
        """The layer's, 2 d additions, and d products by a unless it is a shift.

        At every step of per_step the divisor is d products more.
        """
        result, d = super().step_operations(features), self.hidden_size
        products = (self.weight_bits is None) + self.per_step
        return result | {
            "additions": result["additions"] + 2 * d,
            "multiplications": result["multiplications"] + products * d,
        }

"""HadamBoth: HadamRNN that reads the last state and the mean together, an ablation of choosing.

    y = V [relu(h_T), mean over t of relu(h_t)] + c,   V (classes, 2 d)

One pass gives both; V takes twice the bytes.
"""

import torch

from hadamrnn.models.baselines.hadamlayer import HadamLayer


class HadamBoth(HadamLayer):
    """The ablation; ``readout`` is ignored. At step t of per_step the mean is that of 1 .. t.

    >>> HadamBoth(input_size=3, hidden_size=8, output_size=4).output_weight.shape
    torch.Size([4, 16])
    """

    activation = staticmethod(torch.nn.Identity())  # relu comes before the mean
    reads = 2

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.readout = "last"

    def states(self, values):
        active = self.rnn(values)[0].relu()
        counts = torch.arange(1, active.shape[1] + 1).to(active)
        return torch.cat((active, active.cumsum(1) / counts[:, None]), 2)

    def last_state(self, values):
        mean, last = self.rnn.run(values, mode="mean")
        return torch.cat((last.relu(), mean), 1)

    def step_operations(self, features):
        """The layer's, and d additions for the sum; its 1/t goes into the read-out's scale."""
        result = super().step_operations(features)
        return result | {"additions": result["additions"] + self.hidden_size}

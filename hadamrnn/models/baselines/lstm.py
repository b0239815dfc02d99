"""Long short-term memory (Hochreiter and Schmidhuber 1997), as torch.nn.LSTM."""

from torch import nn

from hadamrnn.models.baselines.common import FLOAT_BITS, Baseline, operations


class LSTM(Baseline):
    """One torch.nn.LSTM layer with torch's initialisation; float32.

    >>> import torch
    >>> LSTM(input_size=3, hidden_size=8, output_size=4)(torch.randn(5, 20, 3)).shape
    torch.Size([5, 4])
    """

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.rnn = nn.LSTM(self.features, self.hidden_size, batch_first=True)

    def states(self, values):
        return self.rnn(values)[0]

    def counts(self):
        rows = 4 * self.hidden_size
        return {
            "recurrent": (rows * self.hidden_size, FLOAT_BITS),
            "input": (rows * self.features, FLOAT_BITS),
            "bias": (2 * rows, FLOAT_BITS),
        }

    def step_operations(self, features):
        """Four gates; c = f c + i g and h = o tanh(c); the two biases are summed beforehand."""
        d = self.hidden_size
        return operations(4 * d * (d + features), d, 3 * d, 5 * d)

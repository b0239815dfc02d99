"""HadamStack: two HadamRNN layers with relu between them, an ablation of the single layer.

    h_t = W h_{t-1} + U x_t + b,   g_t = W' g_{t-1} + U' relu(h_t) + b';   relu(g_t) is read

Both W are signs alone, but U' is d x d numbers of weight_bits: at equal bytes d is far smaller.
"""

from hadamrnn.models.baselines.common import stored_bits
from hadamrnn.models.baselines.hadamlayer import HadamLayer, layer_operations
from hadamrnn.models.layer import HadamRNN


class HadamStack(HadamLayer):
    """The ablation; both layers have hidden_size, q and weight_bits, readout is as asked.

    >>> model = HadamStack(input_size=3, hidden_size=8, output_size=4, q=2, weight_bits=4)
    >>> model.second.quantized_input_weight().shape
    torch.Size([8, 8])
    """

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.second = HadamRNN(self.hidden_size, self.hidden_size, self.q, self.weight_bits)

    def between(self, values):
        """relu(h_t), what the second layer is fed with, (batch, time, d)."""
        return self.rnn(values)[0].relu()

    def states(self, values):
        return self.second(self.between(values))[0]

    def last_state(self, values):
        return self.second.last_state(self.between(values))

    def mean_state(self, values):
        return self.second.mean_state(self.between(values))

    def counts(self):
        d = self.hidden_size
        return {
            "recurrent": (2 * d, 1),
            "input": (d * (self.features + d), stored_bits(self.weight_bits)),
            "bias": (2 * d, stored_bits(None)),
        }

    def step_operations(self, features):
        first = super().step_operations(features)
        second = layer_operations(self.hidden_size, self.second.block_size, self.hidden_size)
        return {name: count + second[name] for name, count in first.items()}

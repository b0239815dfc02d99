"""Signs by trial: flip one, and keep the flip only if a loss falls.

A flipped sign changes W^t almost everywhere, far beyond what a gradient tells. Between the steps
of Adam, which then never moves the signs, one sign drawn at random is flipped and the loss of a
fixed set of training rows is computed with and without it: descent by coordinates, at the price of
two forward passes a proposal. The weights keep what they learned with the signs before.
"""

import torch

ROWS = 256
"""Training rows, evenly spaced in their stored order, whose loss decides."""


class SignFlips:
    """Proposals of flips to ``parameters``, which hold the signs.

    parameters : list of tensors, empty for a model without signs; loss : callable without
    arguments, returns the loss of the present signs as a float.

    >>> signs = torch.tensor([0.5, -0.5])
    >>> flips = SignFlips([signs], lambda: -signs.sum().item())
    >>> sum(flips.propose(torch.Generator().manual_seed(1)) for _ in range(20)), signs.tolist()
    (1, [0.5, 0.5])
    """

    def __init__(self, parameters, loss):
        self.parameters, self.loss = parameters, loss

    @torch.no_grad()
    def propose(self, generator):
        """Try one flip in every parameter; returns how many were kept.

        generator : torch.Generator on the CPU.
        """
        kept = 0
        for parameter in self.parameters:
            signs = parameter.view(-1)
            chosen = int(torch.randint(len(signs), (), generator=generator))
            before = self.loss()
            signs[chosen] = -signs[chosen]
            if self.loss() < before:
                kept += 1
            else:
                signs[chosen] = -signs[chosen]
        return kept

"""Random loss of words in training: a text keeps its meaning without some of them.

The embedding of a lost word is that of padding, zero, so that no single word is relied upon. The
exported model and its cost stay the same.
"""

import torch

from hadamrnn.models.embedding import PADDING


class WordDropout:
    """Turns every id into padding, independently.

    Parameters
    ----------
    probability : float
        0 to below 1, of each id.

    Examples
    --------
    >>> drop = WordDropout(0.5)
    >>> drop(torch.tensor([[7, 8, 9, 7, 8, 9]]), torch.Generator().manual_seed(0)).tolist()
    [[0, 8, 0, 0, 0, 9]]
    """

    def __init__(self, probability: float) -> None:
        self.probability = probability

    def __call__(self, ids: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Changed copy of some ids.

        Parameters
        ----------
        ids : torch.Tensor
            (batch, time), integers.
        generator : torch.Generator
            All that the draw depends on; on the device of the ids.

        Returns
        -------
        torch.Tensor
            As ``ids``.
        """
        draw = torch.rand(ids.shape, generator=generator, device=ids.device)
        return ids.masked_fill(draw < self.probability, PADDING)

"""Batches of prepared arrays, in an order that depends on (seed, epoch) alone.

An epoch can therefore be repeated exactly after a stop, without the state of a generator.
"""

from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class InputCoding:
    """How stored inputs become what the model sees (card.json, "input").

    kind : "dense" (value = stored * scale + offset) or "symbol" (ids, passed on as they are).
    """

    kind: str
    scale: float = 1.0
    offset: float = 0.0

    def decode(self, stored):
        """Stored tensor -> ids (int64) or numbers (float32)."""
        if self.kind == "symbol":
            return stored.long()
        return stored.float() * self.scale + self.offset


def _tensor(array):
    """``array`` as a tensor without a copy where torch can index its type."""
    array = np.ascontiguousarray(array)
    return torch.from_numpy(array.astype(np.int32) if array.dtype == np.uint16 else array)


class Batches:
    """Iterates once per epoch over (inputs, targets) on ``device``.

    inputs : array as prepared; targets : (n,) or (n, time) integer class ids.
    seed : None for the stored order, else batches are shuffled by (seed, epoch).
    """

    def __init__(self, inputs, targets, coding, batch_size, device="cpu", seed=None):
        # Stored as small as they come: a paper-scale copy task has 512 million targets.
        self.inputs, self.targets = _tensor(inputs), _tensor(targets)
        self.coding, self.batch_size, self.device = coding, batch_size, device
        self.seed, self.epoch = seed, 0

    def __len__(self):
        return -(-len(self.inputs) // self.batch_size)

    def __iter__(self):
        count = len(self.inputs)
        order = np.arange(count)
        if self.seed is not None:
            order = np.random.default_rng((self.seed, self.epoch)).permutation(count)
        for start in range(0, count, self.batch_size):
            rows = torch.from_numpy(order[start : start + self.batch_size])
            inputs = self.coding.decode(self.inputs[rows].to(self.device))
            yield inputs, self.targets[rows].to(self.device).long()

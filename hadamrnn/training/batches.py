"""Batches of prepared arrays, in an order that depends on (seed, epoch) alone.

An epoch can therefore be repeated exactly after a stop, without the state of a generator.
"""

import numpy as np
import torch

from hadamrnn.errors import HadamrnnError

AUGMENTATION, STATE_NOISE = 1, 2
"""Streams of random numbers."""


def _tensor(array):
    """``array`` as a tensor without a copy where torch can index its type."""
    array = np.ascontiguousarray(array)
    return torch.from_numpy(array.astype(np.int32) if array.dtype == np.uint16 else array)


def balanced_order(targets, generator):
    """Shuffled positions in which every class has the same share: (n,) int64, n = len(targets).

    targets : (n,) class ids; generator : numpy Generator. A class with fewer than its share of
    samples repeats them, each as often as the others of its class or once more; of a class with
    more some are left out.

    >>> chosen = balanced_order(np.array([0, 0, 0, 0, 0, 1]), np.random.default_rng(0))
    >>> sorted(chosen.tolist())[-3:], len(set(chosen.tolist()))
    ([5, 5, 5], 4)
    """
    classes = np.unique(targets)
    shares = np.full(len(classes), len(targets) // len(classes))
    shares[: len(targets) % len(classes)] += 1
    chosen = []
    for label, share in zip(classes, generator.permutation(shares), strict=True):
        rows = np.flatnonzero(targets == label)
        rounds = [generator.permutation(rows) for _ in range(-(-share // len(rows)))]
        chosen.append(np.concatenate(rounds)[:share])
    return generator.permutation(np.concatenate(chosen))


class Batches:
    """Iterates once per epoch over (inputs, targets) on ``device``.

    inputs : array as prepared; targets : (n,) or (n, time) integer class ids.
    coding : prepared.coding.Coding of the inputs.
    seed : None for the stored order, else batches are shuffled by (seed, epoch).
    balanced : draw every class equally often (``balanced_order``); needs a seed.
    augmentation : None, or a callable (decoded inputs, generator) -> inputs; its generator is
        seeded by (seed, epoch) too.
    share : (k, n) yields the samples k, k + n, k + 2 n, ... of every batch, for process k of n; of
        a small last batch that may be none.
    Raises HadamrnnError for balanced batches of targets at every step.
    """

    def __init__(
        self, inputs, targets, coding, batch_size, device="cpu", seed=None, balanced=False,
        augmentation=None, share=(0, 1),
    ):  # fmt: skip
        if balanced and (seed is None or np.ndim(targets) != 1):
            raise HadamrnnError(
                "balanced: needs a seed and one class for each sequence; got "
                f"seed={seed} and targets of shape {np.shape(targets)}"
            )
        # Stored as small as they come: a paper-scale copy task has 512 million targets.
        self.inputs, self.targets = _tensor(inputs), _tensor(targets)
        self.coding, self.batch_size, self.device = coding, batch_size, device
        self.seed, self.epoch, self.balanced = seed, 0, balanced
        self.augmentation, self.share = augmentation, share

    def __len__(self):
        return -(-len(self.inputs) // self.batch_size)

    def __iter__(self):
        count = len(self.inputs)
        order = np.arange(count)
        if self.seed is not None:
            shuffle = np.random.default_rng((self.seed, self.epoch))
            if self.balanced:
                order = balanced_order(self.targets.numpy(), shuffle)
            else:
                order = shuffle.permutation(count)
        generator = self.generator(AUGMENTATION, self.device) if self.augmentation else None
        for start in range(0, count, self.batch_size):
            rows = torch.from_numpy(order[start : start + self.batch_size])
            own = slice(self.share[0], None, self.share[1])
            inputs = self.coding.decode(self.inputs[rows].to(self.device), torch)
            if self.augmentation:  # of the whole batch, so that one process does what many do
                inputs = self.augmentation(inputs, generator)
            yield inputs[own], self.targets[rows][own].to(self.device).long()

    def sample(self, count):
        """(inputs, targets) of at most ``count`` rows, evenly spaced as stored; not augmented."""
        rows = torch.linspace(0, len(self.inputs) - 1, min(count, len(self.inputs))).long()
        inputs = self.coding.decode(self.inputs[rows].to(self.device), torch)
        return inputs, self.targets[rows].to(self.device).long()

    def generator(self, stream, device):
        """Random numbers on ``device`` that (seed, epoch, stream) decide.

        stream : AUGMENTATION or STATE_NOISE; the order of the rows has one of its own.
        """
        words = np.random.SeedSequence((self.seed, self.epoch, stream)).generate_state(1, np.uint64)
        return torch.Generator(device).manual_seed(int(words[0] >> np.uint64(1)))

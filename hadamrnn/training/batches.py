"""Batches of prepared arrays, in an order that depends on (seed, epoch) alone.

An epoch can therefore be repeated exactly after a stop, without the state of a generator.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from hadamrnn.errors import HadamrnnError
from hadamrnn.prepared.coding import Coding

Augmentation = Callable[[torch.Tensor, torch.Generator], torch.Tensor]
Batch = tuple[Any, ...]
"""(inputs, targets), and behind them (lengths or None, weights or None) where one of both is given:
each a tensor with a row for each sequence; weights are of sequences, or of steps."""

AUGMENTATION, STATE_NOISE = 1, 2
"""Streams of random numbers."""


def _tensor(array: np.ndarray) -> torch.Tensor:
    """``array`` as a tensor without a copy where torch can index its type."""
    array = np.ascontiguousarray(array)
    return torch.from_numpy(array.astype(np.int32) if array.dtype == np.uint16 else array)


def balanced_order(targets: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Shuffled positions in which every class has the same share.

    A class with fewer than its share of samples repeats them, each as often as the others of its
    class or once more; of a class with more some are left out.

    Parameters
    ----------
    targets : numpy.ndarray
        (n,) class ids.
    generator : numpy.random.Generator
        Decides the order, and what is left out or repeated.

    Returns
    -------
    numpy.ndarray
        (n,) int64.

    Examples
    --------
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


def class_weights(targets: np.ndarray, lengths: np.ndarray | None) -> np.ndarray:
    """Factor of each class that makes all of them weigh the same in a loss over steps.

    Parameters
    ----------
    targets : numpy.ndarray
        (n, time) class ids.
    lengths : numpy.ndarray or None
        (n,) steps of each sequence, where they differ.

    Returns
    -------
    numpy.ndarray
        (classes,) float32, 1 on average over the steps; 0 of a class without any.

    Examples
    --------
    >>> class_weights(np.array([[0, 0, 0, 1], [0, 0, 0, 1]]), None).tolist()
    [0.6666666865348816, 2.0]
    """
    there = np.ones(targets.shape, dtype=bool)
    if lengths is not None:
        there = np.arange(targets.shape[1]) < np.asarray(lengths)[:, None]
    counts = np.bincount(targets[there])
    weights = counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1))
    return np.where(counts > 0, weights, 0).astype(np.float32)


class Batches:
    """Iterates once per epoch over batches on a device: a ``Batch`` each.

    Parameters
    ----------
    inputs : numpy.ndarray
        As prepared, (n, ...).
    targets : numpy.ndarray
        (n,) or (n, time), integer class ids; or (n, outputs) floats, to be met as numbers.
    coding : Coding
        How stored inputs become numbers or ids.
    batch_size : int
        Sequences of a batch; the last one may have fewer.
    device : str or torch.device
        Where batches go.
    seed : int, optional
        Batches are shuffled by (seed, epoch); None: in the stored order.
    balanced : bool
        Draw every class equally often (``balanced_order``); where each step has a class, weigh
        steps so that every class counts the same (``class_weights``).
    augmentation : callable, optional
        (decoded inputs, generator) -> inputs; its generator is seeded by (seed, epoch) too.
    share : (int, int)
        (k, n) yields the samples k, k + n, k + 2 n, ... of every batch, for process k of n; of a
        small last batch that may be none.
    lengths : numpy.ndarray, optional
        (n,) steps of each sequence, where they differ.
    weights : numpy.ndarray, optional
        (n,) factors on the sequences' losses, 1 on average.

    Attributes
    ----------
    epoch : int
        Set by who trains, before an epoch starts.

    Raises
    ------
    HadamrnnError
        For balanced batches without a seed, or of targets that are numbers.
    """

    def __init__(
        self,
        inputs: np.ndarray,
        targets: np.ndarray,
        *,
        coding: Coding,
        batch_size: int,
        device: str | torch.device = "cpu",
        seed: int | None = None,
        balanced: bool = False,
        augmentation: Augmentation | None = None,
        share: tuple[int, int] = (0, 1),
        lengths: np.ndarray | None = None,
        weights: np.ndarray | None = None,
    ) -> None:
        if balanced and (seed is None or np.asarray(targets).dtype.kind == "f"):
            raise HadamrnnError(
                f"balanced: needs a seed and targets that are classes; got seed={seed} and targets "
                f"of {np.asarray(targets).dtype}"
            )
        # Stored as small as they come: a paper-scale copy task has 512 million targets.
        self.inputs = _tensor(inputs)
        self.targets = _tensor(targets)
        self.coding = coding
        self.batch_size = batch_size
        self.device = device
        self.seed = seed
        self.epoch = 0
        self.balanced = balanced and np.ndim(targets) == 1
        self.class_weights = None
        if balanced and np.ndim(targets) == 2:
            self.class_weights = torch.from_numpy(class_weights(targets, lengths)).to(device)
        self.augmentation = augmentation
        self.share = share
        self.lengths = None if lengths is None else _tensor(np.asarray(lengths, np.int64))
        self.weights = None if weights is None else _tensor(np.asarray(weights, np.float32))

    def __len__(self) -> int:
        return -(-len(self.inputs) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        count = len(self.inputs)
        order = np.arange(count)
        if self.seed is not None:
            shuffle = np.random.default_rng((self.seed, self.epoch))
            if self.balanced:
                order = balanced_order(self.targets.numpy(), shuffle)
            else:
                order = shuffle.permutation(count)
        augmentation, generator = self.augmentation, None
        if augmentation is not None:
            generator = self.generator(AUGMENTATION, self.device)
        for start in range(0, count, self.batch_size):
            rows = torch.from_numpy(order[start : start + self.batch_size])
            own = slice(self.share[0], None, self.share[1])
            inputs = self.coding.decode(self.inputs[rows].to(self.device), torch)
            if augmentation is not None and generator is not None:
                # Of the whole batch, so that one process does what many do.
                inputs = augmentation(inputs, generator)
            targets = self._targets(rows[own])
            yield (inputs[own], targets, *self._facts(rows[own], targets))

    def _targets(self, rows: torch.Tensor) -> torch.Tensor:
        found = self.targets[rows].to(self.device)
        return found if found.is_floating_point() else found.long()

    def _facts(self, rows: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """(lengths, weights) of rows, or nothing where there are neither."""
        lengths, weights = (
            None if one is None else one[rows].to(self.device)
            for one in (self.lengths, self.weights)
        )
        if self.class_weights is not None:
            weights = self.class_weights[targets]
        return () if lengths is None and weights is None else (lengths, weights)

    def sample(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Inputs and targets of a few rows, evenly spaced as stored; not augmented.

        Parameters
        ----------
        count : int
            At most so many.

        Returns
        -------
        inputs, targets : torch.Tensor
            As in a batch.
        """
        rows = torch.linspace(0, len(self.inputs) - 1, min(count, len(self.inputs))).long()
        inputs = self.coding.decode(self.inputs[rows].to(self.device), torch)
        return inputs, self._targets(rows)

    def generator(self, stream: int, device: str | torch.device) -> torch.Generator:
        """Random numbers that (seed, epoch, stream) decide.

        Parameters
        ----------
        stream : int
            AUGMENTATION or STATE_NOISE; the order of the rows has one of its own.
        device : str or torch.device
            Where they are drawn.

        Returns
        -------
        torch.Generator
            A new one.
        """
        assert self.seed is not None, "only shuffled batches have random numbers"
        words = np.random.SeedSequence((self.seed, self.epoch, stream)).generate_state(1, np.uint64)
        return torch.Generator(device).manual_seed(int(words[0] >> np.uint64(1)))

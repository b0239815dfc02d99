"""Permuted MNIST: the 784 pixels of a digit in one fixed random order (arXiv:1504.00941)."""

import numpy as np

from hadamrnn.datasets.common import mnist, splits

PERMUTATION_SEED = 92916  # that of the published results


def permutation():
    """Reading order of the pixels: (784,) int64.

    >>> sorted(permutation().tolist()) == list(range(784))
    True
    """
    return np.random.RandomState(PERMUTATION_SEED).permutation(mnist.PIXELS)  # noqa: NPY002


def prepare(folder, settings):
    """Write train (50,000), valid (10,000) and test (10,000); there are no settings.

    Raises HadamrnnError when a raw file of MNIST cannot be had.
    """
    splits.read_settings("pmnist", {}, settings)
    reading = "Pixels are read in the order RandomState(92916).permutation(784)."
    mnist.prepare_sequences(folder, permutation(), "Permuted MNIST", reading)

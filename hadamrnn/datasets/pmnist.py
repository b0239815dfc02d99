"""Permuted MNIST: the 784 pixels of a digit in one fixed random order (arXiv:1504.00941)."""

from pathlib import Path

import numpy as np
from pydantic.dataclasses import dataclass

from hadamrnn import params
from hadamrnn.datasets.common import mnist

PERMUTATION_SEED = 92916  # that of the published results


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Data(params.Data):
    """There are no settings."""

    facts = params.Facts(image=True)


def permutation() -> np.ndarray:
    """Reading order of the pixels: (784,) int64.

    >>> sorted(permutation().tolist()) == list(range(784))
    True
    """
    return np.random.RandomState(PERMUTATION_SEED).permutation(mnist.PIXELS)  # noqa: NPY002


def prepare(folder: Path, settings: Data) -> None:
    """Write train (50,000), valid (10,000) and test (10,000).

    Parameters
    ----------
    folder : Path
        Written to.
    settings : Data
        From the section of params.yaml.

    Raises
    ------
    HadamrnnError
        When a raw file of MNIST cannot be had.
    """
    reading = "Pixels are read in the order RandomState(92916).permutation(784)."
    mnist.prepare_sequences(folder, permutation(), "Permuted MNIST", reading)

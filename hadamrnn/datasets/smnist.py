"""Sequential MNIST: the 784 pixels of a digit, row by row (arXiv:1504.00941)."""

from pathlib import Path

import numpy as np
from pydantic.dataclasses import dataclass

from hadamrnn import params
from hadamrnn.datasets.common import mnist


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Data(params.Data):
    """There are no settings."""

    facts = params.Facts(image=True)


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
    reading = "Pixels are read row by row, from the top left."
    mnist.prepare_sequences(folder, np.arange(mnist.PIXELS), "Sequential MNIST", reading)

"""Sequential MNIST: the 784 pixels of a digit, row by row (arXiv:1504.00941)."""

from hadamrnn.datasets.common import mnist, splits


def prepare(folder, settings):
    """Write train (50,000), valid (10,000) and test (10,000); there are no settings.

    Raises HadamrnnError when a raw file of MNIST cannot be had.
    """
    splits.read_settings("smnist", {}, settings)
    reading = "Pixels are read row by row, from the top left."
    mnist.prepare_sequences(folder, slice(None), "Sequential MNIST", reading)

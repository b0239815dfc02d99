"""Published figures to stand beside ours, each with its source; none was measured here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """One published figure.

    Parameters
    ----------
    benchmark : str
        The data set.
    model : str
        Its name in the source.
    accuracy : float
        On the test set, in percent.
    size_bytes : int or None
        A published kB taken as 1024 bytes; None where no size is given.
    source : str
        Authors, paper, table.
    """

    benchmark: str
    model: str
    accuracy: float
    size_bytes: int | None
    source: str


FASTGRNN = "Kusupati et al., FastGRNN, NeurIPS 2018, tables 3 and 4"
CORNN = "Rusch and Mishra, coRNN, ICLR 2021"
UNICORNN = "Rusch and Mishra, UnICORNN, ICML 2021"
SHARNN = "Dennis et al., ShaRNN, NeurIPS 2019, table 1"
MICRO = "Mandal, MicroBi-ConvLSTM, arXiv:2602.06523; macro F1 in place of accuracy"
LITE = "EfficientHAR-Lite, github.com/oezeb/efficienthar-lite, accuracy and flash of its README"

KIB = 1024
PUBLISHED = (
    Published("smnist", "FastGRNN", 98.20, 6 * KIB, FASTGRNN),
    Published("smnist", "FastGRNN-LSQ", 98.72, 71 * KIB, FASTGRNN),
    Published("smnist", "LSTM", 97.80, 265 * KIB, FASTGRNN),
    Published("smnist", "GRU", 98.70, 123 * KIB, FASTGRNN),
    Published(
        "smnist", "coRNN, d = 256", 99.35, 4 * 134_000, f"{CORNN}; 134k parameters of 32 bits"
    ),
    Published(
        "pmnist", "coRNN, d = 256", 97.34, 4 * 134_000, f"{CORNN}; 134k parameters of 32 bits"
    ),
    Published("har2", "FastGRNN", 95.59, 3 * KIB, FASTGRNN),
    Published("har2", "FastGRNN-LSQ", 95.38, 29 * KIB, FASTGRNN),
    Published("har2", "LSTM", 93.65, 74 * KIB, FASTGRNN),
    Published("har2", "GRU", 93.62, 71 * KIB, FASTGRNN),
    Published("har6", "TinierHAR", 96.30, int(34.1 * KIB), f"{MICRO}; model of arXiv:2507.07949"),
    Published("har6", "TinyHAR", 96.46, 85 * KIB, MICRO),
    Published("har6", "MicroBi-ConvLSTM", 93.33, 23 * KIB, f"{MICRO}; in INT8"),
    Published("har6", "EfficientHAR-Lite", 96.1, 117 * KIB, LITE),
    Published("dsa19", "FastGRNN", 83.73, int(3.25 * KIB), FASTGRNN),
    Published("dsa19", "FastGRNN-LSQ", 85.00, 208 * KIB, FASTGRNN),
    Published("dsa19", "LSTM", 84.84, 526 * KIB, FASTGRNN),
    Published("dsa19", "GRU", 84.84, 270 * KIB, FASTGRNN),
    Published("dsa19", "MI-ShaRNN", 87.36, None, SHARNN),
    Published("imdb", "coRNN", 87.4, None, CORNN),
    Published("imdb", "UnICORNN", 88.4, None, UNICORNN),
)


def of(benchmark: str) -> list[Published]:
    """The published figures of one benchmark.

    Parameters
    ----------
    benchmark : str
        The data set.

    Returns
    -------
    list of Published
        Empty where none is known.

    Examples
    --------
    >>> [entry.model for entry in of("pmnist")]
    ['coRNN, d = 256']
    """
    return [entry for entry in PUBLISHED if entry.benchmark == benchmark]

"""How many readings a step of the model reads where params.yaml says ``frame: auto``.

1 up to MOST_STEPS readings, and wherever each reading has a class of its own. Longer sequences get
the smallest frame that leaves at most MOST_STEPS steps, as far as a step reads no more than
MOST_NUMBERS numbers: what lies thousands of steps back is hard to learn, and every number that a
step reads adds a row of weights. A window is cut into whole frames.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from hadamrnn.datasets.formats.settings import Settings
from hadamrnn.datasets.formats.windows import Piece

MOST_STEPS, MOST_NUMBERS = 200, 64


def frame(readings: int, channels: int, whole: bool) -> int:
    """Readings of a step.

    Parameters
    ----------
    readings : int
        Of a sequence.
    channels : int
        Numbers of a reading.
    whole : bool
        Whether frames must fill the sequence.

    Examples
    --------
    >>> frame(784, 1, whole=True), frame(784, 1, whole=False), frame(784, 32, whole=True)
    (4, 4, 2)
    >>> frame(200, 1, whole=True), frame(401, 1, whole=True), frame(5000, 6, whole=False)
    (1, 1, 10)
    """
    allowed = [
        size
        for size in range(1, max(1, MOST_NUMBERS // channels) + 1)
        if size <= readings and not (whole and readings % size)
    ]
    enough = (size for size in allowed if readings // size <= MOST_STEPS)
    return next(enough, allowed[-1])


def resolved(settings: Settings, train: Sequence[Piece]) -> Settings:
    """Settings with a number in place of ``frame: auto``.

    Parameters
    ----------
    settings : Settings
        Of recordings of numbers.
    train : sequence of Piece
        What is trained on; without windows their median length counts.
    """
    own, window = settings.own, settings.window
    if own.frame != "auto":
        return settings
    sizes = [len(piece.values) for piece in train]
    usual, channels = int(np.median(sizes)), train[0].values.shape[1]
    found = frame(usual, channels, window is not None) if own.task != "per_step" else 1
    return dataclasses.replace(settings, own=dataclasses.replace(own, frame=min(found, min(sizes))))

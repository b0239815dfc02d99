"""How many readings a step of the model reads where params.yaml says ``frame: auto``.

1 wherever each reading has a class of its own, and for windows up to MOST_STEPS readings; sequences
that are read whole have at most MOST_OF_WHOLE steps. Longer ones get the smallest frame that leaves
no more, as far as a step reads at most MOST_NUMBERS numbers: what lies hundreds of steps back is
hard to learn, and every number that a step reads adds a row of weights. A window is cut into whole
frames, and its user has already chosen how much it holds.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from hadamrnn.datasets.formats.settings import Settings
from hadamrnn.datasets.formats.windows import Piece

MOST_STEPS, MOST_OF_WHOLE, MOST_NUMBERS = 200, 64, 64


def frame(readings: int, channels: int, whole: bool) -> int:
    """Readings of a step.

    Parameters
    ----------
    readings : int
        Of a sequence.
    channels : int
        Numbers of a reading.
    whole : bool
        Whether frames must fill the sequence: a window.

    Examples
    --------
    >>> frame(784, 1, whole=True), frame(784, 1, whole=False), frame(784, 32, whole=True)
    (4, 13, 2)
    >>> frame(200, 1, whole=True), frame(401, 1, whole=True), frame(5000, 6, whole=False)
    (1, 1, 10)
    """
    allowed = [
        size
        for size in range(1, max(1, MOST_NUMBERS // channels) + 1)
        if size <= readings and not (whole and readings % size)
    ]
    most = MOST_STEPS if whole else MOST_OF_WHOLE
    enough = (size for size in allowed if readings // size <= most)
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

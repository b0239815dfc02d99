"""Which channels are companded where params.yaml says ``companding: auto``, and how finely.

The level of a sequence is the root mean square of its readings. A channel whose loud sequences (the
level that one of ten exceeds) are more than LOUD times as strong as its quiet ones (the level that
nine of ten exceed) is companded, with the quiet level as its unit: both keep their detail. Sixteen
bits may not hold both: where a count that leaves room for the largest reading is coarser than the
quiet level, the one is taken that loses the fewest readings. Below half a count they are lost as
zeros, above the largest count they stand at the limit, as on the device. The unit is then a quarter
of a count at least.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from hadamrnn.datasets.formats.windows import Piece
from hadamrnn.prepared.coding import HIGHEST, decimal_unit

LOUD = 10.0
QUIET_SHARE, LOUD_SHARE = 10, 90
"""Per cent of sequences."""


@dataclasses.dataclass(frozen=True)
class Companding:
    """What becomes of each channel.

    Parameters
    ----------
    units : tuple of float
        Of ``companding.compress``; 0: not companded.
    counts : tuple of float or None
        Units of the recorder's integers, where the usual ones are too coarse for a channel.
    """

    units: tuple[float, ...]
    counts: tuple[float, ...] | None


def chosen(train: Sequence[Piece]) -> Companding:
    """The companding of every channel, by the rows that are trained on.

    Parameters
    ----------
    train : sequence of Piece
        Their readings are numbers.

    Returns
    -------
    Companding

    Examples
    --------
    >>> pieces = [Piece(np.full((4, 2), [10.0**k, 1.0]), "a") for k in range(5)]
    >>> chosen(pieces)
    Companding(units=(4.6, 0.0), counts=None)
    """
    squares = [np.square(piece.values).mean(axis=0) for piece in train]
    levels = np.sqrt(np.array(squares, dtype=np.float64))
    readings = np.abs(np.concatenate([piece.values for piece in train]))
    pairs = [_channel(*columns) for columns in zip(levels.T, readings.T, strict=True)]
    finer = any(fine for _, _, fine in pairs)
    counts = tuple(count for _, count, _ in pairs) if finer else None
    return Companding(tuple(unit for unit, _, _ in pairs), counts)


def _channel(levels: np.ndarray, readings: np.ndarray) -> tuple[float, float, bool]:
    """Unit, count, and whether the count is finer than the largest reading asks for."""
    there, count = levels[levels > 0], decimal_unit(float(readings.max()))
    if not len(there):
        return 0.0, count, False
    quiet, loud = np.percentile(there, (QUIET_SHARE, LOUD_SHARE))
    if loud <= LOUD * quiet:
        return 0.0, count, False
    unit = float(f"{quiet:.6g}")
    if unit >= count:
        return unit, count, False
    count = _count(readings[readings > 0], count, unit)
    return max(unit, count / 4), count, True


def _count(readings: np.ndarray, coarsest: float, finest: float) -> float:
    """The decimal unit between two that loses the fewest readings, all above 0; the coarsest such.

    Examples
    --------
    >>> _count(np.array([2e-4, 3e-4, 5e-4, 10.0, 300.0]), 0.02, 1e-6)
    0.0005
    """
    best, fewest, count = coarsest, len(readings) + 1, coarsest
    while True:
        gone = (np.rint(readings / count) == 0) | (readings > count * HIGHEST)
        lost = int(gone.sum())
        if lost < fewest:
            best, fewest = count, lost
        if count <= finest:
            return best
        count = decimal_unit(0.39 * count * HIGHEST, room=1.0)  # the next finer: 0.4 or 0.5 of it


def as_recorded(
    found: Mapping[str, list[Piece]], counts: Sequence[float]
) -> dict[str, list[Piece]]:
    """Readings as integers of these units say them.

    Parameters
    ----------
    found : mapping
        Of each split its pieces.
    counts : sequence of float
        Unit of each channel.

    Returns
    -------
    dict
    """
    unit = np.array(counts)

    def recorded(piece: Piece) -> Piece:
        whole = np.clip(np.rint(piece.values / unit), -HIGHEST - 1, HIGHEST)
        return dataclasses.replace(piece, values=whole * unit)

    return {split: [recorded(piece) for piece in pieces] for split, pieces in found.items()}

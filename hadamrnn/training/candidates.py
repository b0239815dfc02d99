"""Candidates for read-out and fading, and which of them to take by their losses in a short trial.

One fades, and reads the logarithm of the mean: what goes on counts, as in readings of sensors. It
remembers about an eighth of a sequence: fade = log2(steps / 8), 1 to 8. The second reads the same
of states that forget nothing: what lies far apart counts together, as in an outline. It is taken
where it lowers the loss by a fifth or, where rows and not whole groups validate, at all. The
third forgets nothing and reads the last state: the order of events counts, as in a drawing. It is
taken where it halves the loss of the better of the others: a few people who validate say little
about others, and it learns people by heart. So do a few rows: over all of them together a later
candidate must gain GAIN nats.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

CLEARLY = {"log_mean": 0.8, "last": 0.5}
"""Factor by which a later candidate must lower the loss of the best before it, by its read-out."""
OF_ROWS, GAIN = CLEARLY | {"log_mean": 1.0}, 2.0
"""The same where rows by chance, and not whole groups, validate; and the nats that they must all
together lose less, which makes them seven times as likely."""
Choice = tuple[str, int | None]
"""(readout, fade)."""
Candidate = TypeVar("Candidate")


def fade(steps: int) -> int:
    """fade of a state that remembers about an eighth of ``steps``.

    Examples
    --------
    >>> fade(26), fade(128), fade(10)
    (2, 4, 1)
    """
    return min(8, max(1, round(math.log2(max(1.0, steps / 8)))))


def candidates(steps: int) -> tuple[Choice, ...]:
    """(readout, fade) pairs that are worth a trial for sequences of about so many steps."""
    return ("log_mean", fade(steps)), ("log_mean", None), ("last", None)


def choices(readout: str, own_fade: Any, steps: int) -> list[Choice]:
    """The candidates that agree with what is given.

    Parameters
    ----------
    readout : str
        One of params.yaml, or "auto".
    own_fade : int, None or "auto"
        The same of fade.
    steps : int
        Of a sequence.

    Returns
    -------
    list of (str, int or None)
        One, or several for a trial.

    Examples
    --------
    >>> choices("auto", "auto", 100)
    [('log_mean', 4), ('log_mean', None), ('last', None)]
    >>> choices("last", "auto", 100), choices("auto", 5, 100), choices("mean", "auto", 100)
    ([('last', None)], [('log_mean', 5), ('last', 5)], [('mean', None)])
    """
    found: list[Choice] = []
    for read, fading in candidates(steps):
        if readout in ("auto", read):
            found.append((read, fading if own_fade == "auto" else own_fade))
    return [*dict.fromkeys(found)] or [(readout, None if own_fade == "auto" else own_fade)]


def better(losses: Sequence[float], readouts: Sequence[str], rows: int | None = None) -> int:
    """Position of the candidate to take, by their validation losses in a trial.

    Parameters
    ----------
    losses : sequence of float
        In the order of ``candidates``.
    readouts : sequence of str
        Theirs.
    rows : int, optional
        How many validate, where they were drawn by chance; None: groups do.

    Examples
    --------
    >>> read = ["log_mean", "log_mean", "last"]
    >>> better([0.4, 0.3, 0.2], read), better([0.4, 0.35, 0.19], read), better([0.4], ["mean"])
    (1, 2, 0)
    """
    best, factors = 0, CLEARLY if rows is None else OF_ROWS
    for position in range(1, len(losses)):
        gain = math.inf if rows is None else rows * (losses[best] - losses[position])
        if losses[position] < factors[readouts[position]] * losses[best] and gain >= GAIN:
            best = position
    return best


def decided(
    found: Sequence[Candidate],
    loss: Callable[[Candidate], float],
    readout: Callable[[Candidate], str],
    rows: int | None = None,
) -> Candidate:
    """The candidate to take; one alone needs no trial.

    Parameters
    ----------
    found : sequence
        In the order of ``candidates``.
    loss : callable
        Validation loss of a candidate in a trial.
    readout : callable
        Read-out of a candidate.
    rows : int, optional
        As of ``better``.

    Examples
    --------
    >>> decided(["last", "one"], {"last": 0.4, "one": 0.1}.get, lambda name: "last")
    'one'
    """
    if len(found) == 1:
        return found[0]
    return found[better([loss(one) for one in found], [readout(one) for one in found], rows)]

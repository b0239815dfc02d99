"""A short search for a recipe: random draws, of which the better third trains three times longer.

Successive halving (Jamieson and Talwalkar 2016, arXiv:1502.07943) with a factor of three: all
recipes train for a ninth of the epochs, the best third of them for a third, and the best third of
those for all. Each training is one of its own, whose learning rate falls to its end. Losses on
validation rows decide; test rows are never read.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hadamrnn.training import candidates

FACTOR = 3
"""Of the recipes of a round one in so many goes on, for so many times the epochs."""
ROUNDS = 3
WIDTHS = (32, 64, 128, 256, 512, 1024)
BLOCK = 32
"""Neurons of a block where there are several."""
BITS = (2, 3, 4)
RATES = (0.002, 0.005, 0.01)
Values = dict[str, Any]
"""Keys of a benchmark's section."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A recipe after a training.

    Parameters
    ----------
    values : dict
        Its keys of the benchmark's section; none for the section as it stands.
    bytes : int
        Of the packed file.
    epochs : int
        It was trained for.
    loss, score : float
        On validation rows: cross-entropy, and the benchmark's own measure.
    """

    values: Values
    bytes: int
    epochs: int
    loss: float
    score: float


def draws(card: Mapping[str, Any], fixed: Sequence[str], seed: int) -> Iterator[Values]:
    """Recipes without end, the first of which is the section as it stands.

    Parameters
    ----------
    card : mapping
        card.json of the prepared data.
    fixed : sequence of str
        Keys that are not to be changed.
    seed : int
        Of the draws.

    Yields
    ------
    dict
        Different ones, until a hundred draws in a row bring nothing new.

    Examples
    --------
    >>> card = {"steps": 100, "output": {"per_step": False}}
    >>> first, second, *_ = draws(card, ["q", "weight_bits"], seed=1)
    >>> first, sorted(second)
    ({}, ['fade', 'hidden_size', 'learning_rate', 'readout'])
    """
    generator, seen = np.random.default_rng(seed), [Values()]
    yield {}
    middle = candidates.fade(card.get("usual_steps", card["steps"]))
    fading = [("log_mean", max(1, middle + change)) for change in (-1, 0, 1)]
    reads: list[tuple[str, int | None]] = [*dict.fromkeys(fading), ("mean", None), ("last", None)]
    if card["output"]["per_step"]:  # the state is what is read; copy's must not fade
        own = card.get("layout") != "copy"
        reads = [("last", k) for _, k in dict.fromkeys(fading)] + [("last", None)] if own else []
    if {"readout", "fade"} & {*fixed}:
        reads = []
    idle = 0
    while idle < 100:
        width = WIDTHS[generator.integers(len(WIDTHS))]
        blocks = (1, width // BLOCK)[generator.integers(2)]
        values: Values = {"hidden_size": width, "q": blocks}
        values["weight_bits"] = BITS[generator.integers(len(BITS))]
        values["learning_rate"] = RATES[generator.integers(len(RATES))]
        if reads:
            values["readout"], values["fade"] = reads[generator.integers(len(reads))]
        values = {key: value for key, value in values.items() if key not in fixed}
        idle += 1
        if values not in seen:
            seen.append(values)
            idle = 0
            yield values


def rounds(recipes: int, epochs: int) -> list[tuple[int, int]]:
    """How many recipes train in each round, and for how many epochs.

    Parameters
    ----------
    recipes : int
        To begin with.
    epochs : int
        Of a whole training.

    Returns
    -------
    list of (int, int)

    Examples
    --------
    >>> rounds(18, 30), rounds(2, 30)
    ([(18, 4), (6, 10), (2, 30)], [(2, 4), (1, 10), (1, 30)])
    """
    found = []
    for number in range(ROUNDS):
        share = FACTOR ** (ROUNDS - 1 - number)
        found.append((math.ceil(recipes / FACTOR**number), math.ceil(epochs / share)))
    return found


def ranked(tried: Sequence[Tried]) -> list[Tried]:
    """Recipes of one round, the lowest loss first; of equal ones the smaller."""
    return sorted(tried, key=lambda one: (one.loss, one.bytes))


def front(tried: Sequence[Tried]) -> list[Tried]:
    """Of each recipe its longest training, where no smaller one trained as long is as good.

    Parameters
    ----------
    tried : sequence of Tried
        Of all rounds.

    Returns
    -------
    list of Tried
        By size.

    Examples
    --------
    >>> def one(name, size, loss):
    ...     return Tried(values={"q": name}, bytes=size, epochs=9, loss=loss, score=0)
    >>> [t.bytes for t in front([one(1, 900, 0.5), one(2, 400, 0.5), one(3, 990, 0.1)])]
    [400, 990]
    """
    longest: list[Tried] = []
    for one in sorted(tried, key=lambda t: -t.epochs):
        if all(one.values != other.values for other in longest):
            longest.append(one)

    def beaten(one: Tried) -> bool:
        return any(
            other.epochs >= one.epochs
            and (other.bytes, other.loss) != (one.bytes, one.loss)
            and other.bytes <= one.bytes
            and other.loss <= one.loss
            for other in longest
        )

    return sorted((one for one in longest if not beaten(one)), key=lambda t: (t.bytes, -t.epochs))

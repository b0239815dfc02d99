"""What ``auto`` stands for once the data are known, by rules from their shape.

- hidden_size: 256, which is about 4 kB.
- batch_size: 16 up to 1,000 training sequences, 32 beyond.
- epochs: 30, or as many as make 2,000 optimizer steps if that is more.
- learning_rate: 0.005, with a cosine; it warms up for at most 35 % of all steps.
- readout and fade: two candidates are tried on validation rows, for a quarter of the epochs each.
  One fades, and reads the logarithm of the mean: what goes on counts, as in readings of sensors. It
  remembers about an eighth of a sequence: fade = log2(steps / 8), 1 to 8. The other forgets nothing
  and reads the last state: the order of events counts, as in a drawing. It is taken where it halves
  the loss: a few people who validate say little about others, and it learns people by heart.
  Baselines, which can do neither, read the mean. Where each step has a class, the read-out is the
  state, and the two candidates are a fading one and one that forgets nothing.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from hadamrnn.params import Settings
from hadamrnn.params.sections import AUTOMATIC

STEPS = 2000
"""Optimizer steps that a training run has at least."""
FEWEST_EPOCHS = int(AUTOMATIC["epochs"])
CLEARLY = 0.5
"""Factor by which the second candidate must lower the loss of the first."""
TRIAL = 4
"""A trial takes one epoch of so many."""
Choice = tuple[str, int | None]
"""(readout, fade)."""
Candidate = TypeVar("Candidate")


def batch_size(rows: int) -> int:
    """Sequences of a batch, for so many to train on.

    Examples
    --------
    >>> batch_size(200), batch_size(5000)
    (16, 32)
    """
    return 16 if rows <= 1000 else 32


def epochs(rows: int, batch: int, fewest: int = FEWEST_EPOCHS, steps: int = STEPS) -> int:
    """Epochs for ``rows`` training sequences in batches of ``batch``.

    Parameters
    ----------
    rows, batch : int
        Sequences.
    fewest : int
        Epochs, whatever the number of steps.
    steps : int
        Optimizer steps that they make at least.

    Returns
    -------
    int

    Examples
    --------
    >>> epochs(216, 16), epochs(7000, 32)
    (143, 30)
    """
    return max(fewest, math.ceil(steps / math.ceil(rows / batch)))


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
    return ("log_mean", fade(steps)), ("last", None)


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
    [('log_mean', 4), ('last', None)]
    >>> choices("last", "auto", 100), choices("auto", 5, 100), choices("mean", "auto", 100)
    ([('last', None)], [('log_mean', 5), ('last', 5)], [('mean', None)])
    """
    found: list[Choice] = []
    for read, fading in candidates(steps):
        if readout in ("auto", read):
            found.append((read, fading if own_fade == "auto" else own_fade))
    return found or [(readout, None if own_fade == "auto" else own_fade)]


def better(losses: Sequence[float]) -> int:
    """Position of the candidate to take, by their validation losses in a trial.

    Parameters
    ----------
    losses : sequence of float
        In the order of ``candidates``.

    Examples
    --------
    >>> better([0.4, 0.3]), better([0.4, 0.1]), better([0.4])
    (0, 1, 0)
    """
    return int(len(losses) > 1 and losses[1] < CLEARLY * losses[0])


def decided(found: Sequence[Candidate], loss: Callable[[Candidate], float]) -> Candidate:
    """The candidate to take; one alone needs no trial.

    Parameters
    ----------
    found : sequence
        In the order of ``candidates``.
    loss : callable
        Validation loss of a candidate in a trial.

    Examples
    --------
    >>> decided(["fading", "ordered"], {"fading": 0.4, "ordered": 0.1}.get), decided(["one"], None)
    ('ordered', 'one')
    """
    return found[better([loss(one) for one in found]) if len(found) > 1 else 0]


def resolved(settings: Settings, card: Mapping[str, Any]) -> list[Settings]:
    """A benchmark's settings without anything automatic.

    Parameters
    ----------
    settings : Settings
        As params.yaml has them.
    card : mapping
        card.json of the prepared data.

    Returns
    -------
    list of Settings
        One; or the candidates for its read-out, between which a trial decides (``trial``,
        ``decided``).
    """
    recipe, auto = settings.train, settings.auto
    rows = card["counts"]["train"]
    rows += card["counts"]["valid"] if recipe.train_on_validation else 0
    batch = batch_size(rows) if "batch_size" in auto else recipe.batch_size
    steps = STEPS if "epochs" in auto else 1
    count = epochs(rows, batch, recipe.epochs, recipe.min_steps or steps)
    recipe = dataclasses.replace(recipe, batch_size=batch, epochs=count)
    settled = dataclasses.replace(settings, train=recipe, auto=())
    if not {"readout", "fade"} & {*auto}:
        return [settled]
    readout = "auto" if "readout" in auto else settings.readout
    own_fade: Any = "auto" if "fade" in auto else settings.fade
    if recipe.state_noise_bits is not None or settings.model != "hadamrnn":
        own_fade = None  # neither goes with states that fade
    steps = card.get("usual_steps", card["steps"])
    if card["output"]["per_step"]:
        fades = [fade(steps), None] if own_fade == "auto" else [own_fade]
        found: list[Choice] = [("last", k) for k in fades]
    elif settings.model != "hadamrnn":
        found = [("mean" if readout == "auto" else readout, None)]
    else:
        found = choices(readout, own_fade, steps)
    return [dataclasses.replace(settled, readout=read, fade=k) for read, k in found]


def trial(settings: Settings) -> Settings:
    """The shorter training that decides between candidates, on validation rows that it never sees.

    Parameters
    ----------
    settings : Settings
        A candidate.

    Returns
    -------
    Settings
        With a quarter of the epochs.
    """
    recipe = dataclasses.replace(
        settings.train,
        epochs=math.ceil(settings.train.epochs / TRIAL),
        train_on_validation=False,
        select="cross_entropy",
    )
    return dataclasses.replace(settings, train=recipe)


def chosen(given: Settings, settings: Settings) -> dict[str, Any]:
    """What became of the keys that were left open, or were too low for ``min_steps``.

    Parameters
    ----------
    given : Settings
        As params.yaml has them.
    settings : Settings
        One of ``resolved``.

    Returns
    -------
    dict
        By key.
    """
    top = {"readout": settings.readout, "fade": settings.fade}
    raised = settings.train.epochs != given.train.epochs
    names = [key for key in AUTOMATIC if key in given.auto or (key == "epochs" and raised)]
    return {key: top[key] if key in top else getattr(settings.train, key) for key in names}

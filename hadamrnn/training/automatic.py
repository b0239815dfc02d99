"""What ``auto`` stands for once the data are known, by rules from their shape.

- hidden_size: 256, which is about 4 kB.
- batch_size: 16 up to 1,000 training sequences, 32 beyond.
- epochs: 30, or as many as make 2,000 optimizer steps if that is more.
- learning_rate: 0.005, with a cosine; it warms up for at most 35 % of all steps.
- select: the last epoch where at most 1,000 answers validate, else the one with the lowest loss on
  them. The cosine ends at a learning rate of 0, and a few sequences, or many of one person, tell
  epochs apart by chance.
- readout and fade: three candidates are tried on validation rows, for a quarter of the epochs each.
  One fades, and reads the logarithm of the mean: what goes on counts, as in readings of sensors. It
  remembers about an eighth of a sequence: fade = log2(steps / 8), 1 to 8. The second reads the same
  of states that forget nothing, and is taken where it lowers the loss by a fifth: what lies far
  apart counts together, as in an outline. The third forgets nothing and reads the last state: the
  order of events counts, as in a drawing. It is taken where it halves the loss of the better of the
  others: a few people who validate say little about others, and it learns people by heart.
  Baselines, which can do neither, read the mean. Where each step has a class, the read-out is the
  state, and the candidates are a fading one and one that forgets nothing, which must halve the
  loss.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from hadamrnn.params import Settings, TrainSettings
from hadamrnn.params.sections import AUTOMATIC, Select

STEPS = 2000
"""Optimizer steps that a training run has at least."""
FEWEST_EPOCHS = int(AUTOMATIC["epochs"])
CLEARLY = {"log_mean": 0.8, "last": 0.5}
"""Factor by which a later candidate must lower the loss of the best before it, by its read-out."""
MOST_BY_CHANCE = 1000
"""Answers that validate, up to which they do not choose the epoch."""
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


def better(losses: Sequence[float], readouts: Sequence[str]) -> int:
    """Position of the candidate to take, by their validation losses in a trial.

    Parameters
    ----------
    losses : sequence of float
        In the order of ``candidates``.
    readouts : sequence of str
        Theirs.

    Examples
    --------
    >>> read = ["log_mean", "log_mean", "last"]
    >>> better([0.4, 0.3, 0.2], read), better([0.4, 0.35, 0.19], read), better([0.4], ["mean"])
    (1, 2, 0)
    """
    best = 0
    for position in range(1, len(losses)):
        if losses[position] < CLEARLY[readouts[position]] * losses[best]:
            best = position
    return best


def select(answers: int) -> Select:
    """What chooses the epoch where so many answers validate.

    Examples
    --------
    >>> select(7), select(5000)
    ('last', 'cross_entropy')
    """
    return "last" if answers <= MOST_BY_CHANCE else "cross_entropy"


def decided(
    found: Sequence[Candidate],
    loss: Callable[[Candidate], float],
    readout: Callable[[Candidate], str],
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

    Examples
    --------
    >>> decided(["last", "one"], {"last": 0.4, "one": 0.1}.get, lambda name: "last")
    'one'
    """
    if len(found) == 1:
        return found[0]
    return found[better([loss(one) for one in found], [readout(one) for one in found])]


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
    if "select" in auto:
        recipe = dataclasses.replace(recipe, select=_select(recipe, card))
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


def _select(recipe: TrainSettings, card: Mapping[str, Any]) -> Select:
    """What chooses the epoch; ``patience`` waits for better ones, and so needs a loss."""
    if recipe.train_on_validation:
        return "last"
    answers = card["counts"]["valid"] * (card["steps"] if card["output"]["per_step"] else 1)
    return select(answers) if recipe.patience is None else "cross_entropy"


def named(settings: Settings) -> str:
    """A candidate's read-out and what it remembers, for people."""
    return f"{settings.readout}, " + (f"fade {settings.fade}" if settings.fade else "no fading")


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

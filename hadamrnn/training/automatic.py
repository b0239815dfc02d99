"""What ``auto`` stands for once the data are known, by rules from their shape.

- hidden_size: 256, which is about 4 kB.
- batch_size: 16 up to 1,000 training sequences, 32 beyond.
- epochs: 30, or as many as make 2,000 optimizer steps if that is more; or 6,000, where a trial ends
  with a loss of more than half a nat on the very rows that it learns.
- learning_rate: 0.005, with a cosine; it warms up for at most 35 % of all steps.
- select: the last epoch where at most 1,000 answers validate, else the one with the lowest loss on
  them. The cosine ends at a learning rate of 0, and a few sequences, or many of one person, tell
  epochs apart by chance.
- train_on_validation: true where the last epoch is taken and the data have no groups. The rows that
  validate decide in the trials, and the training that counts learns them too. Of groups those that
  validate say what the model is worth to people whom it does not know, and stay held out.
- readout and fade: candidates have trials of a quarter of the epochs (``training.candidates``). Of
  baselines, which can do neither, the read-out is the mean. Where each step has a class, it is the
  state, and the candidates are a fading one and one that forgets nothing.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

from hadamrnn.params import Settings, TrainSettings
from hadamrnn.params.sections import AUTOMATIC, Select
from hadamrnn.training.candidates import Choice, choices, decided, fade
from hadamrnn.training.run import FitResult

STEPS = 2000
"""Optimizer steps that a training run has at least."""
MORE_STEPS, LEARNED = 6000, 0.5
"""Steps where the loss on the rows that a trial learns stays above so many nats."""
FEWEST_EPOCHS = int(AUTOMATIC["epochs"])
MOST_BY_CHANCE = 1000
"""Answers that validate, up to which they do not choose the epoch."""
TRIAL = 4
"""A trial takes one epoch of so many."""


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


def select(answers: int) -> Select:
    """What chooses the epoch where so many answers validate.

    Examples
    --------
    >>> select(7), select(5000)
    ('last', 'cross_entropy')
    """
    return "last" if answers <= MOST_BY_CHANCE else "cross_entropy"


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
    if "select" in auto:
        recipe = dataclasses.replace(recipe, select=_select(recipe, card))
    if "train_on_validation" in auto:
        recipe = dataclasses.replace(recipe, train_on_validation=_refit(recipe, card))
    rows = _rows(recipe, card)
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


def _rows(recipe: TrainSettings, card: Mapping[str, Any]) -> int:
    """Sequences that are trained on."""
    counts = card["counts"]
    return int(counts["train"] + (counts["valid"] if recipe.train_on_validation else 0))


def _select(recipe: TrainSettings, card: Mapping[str, Any]) -> Select:
    """What chooses the epoch; ``patience`` waits for better ones, and so needs a loss."""
    if recipe.train_on_validation:
        return "last"
    answers = card["counts"]["valid"] * (card["steps"] if card["output"]["per_step"] else 1)
    return select(answers) if recipe.patience is None else "cross_entropy"


def _refit(recipe: TrainSettings, card: Mapping[str, Any]) -> bool:
    """Whether rows that validate are trained on, after the trials; groups stay held out."""
    return recipe.select == "last" and recipe.patience is None and "groups" not in card


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


def settled(
    given: Settings, card: Mapping[str, Any], tried: Callable[[Settings], FitResult]
) -> Settings:
    """A benchmark's settings without anything automatic, after trials where there are candidates.

    Parameters
    ----------
    given : Settings
        As params.yaml has them.
    card : mapping
        card.json of the prepared data.
    tried : callable
        What the trial of a candidate (``trial``) came to.

    Returns
    -------
    Settings
        The candidate that was taken; with more optimizer steps where its trial has not learned its
        own rows.
    """
    results: dict[Choice, FitResult] = {}

    def loss(candidate: Settings) -> float:
        result = results[candidate.readout, candidate.fade] = tried(candidate)
        return float(result.best["valid_cross_entropy"])

    rows = None if "groups" in card else int(card["counts"]["valid"])
    taken = decided(resolved(given, card), loss, lambda one: one.readout, rows)
    if results and "epochs" in given.auto and taken.train.min_steps is None:
        end = results[taken.readout, taken.fade].history[-1]
        if end["train_cross_entropy"] > LEARNED:
            recipe = taken.train
            count = epochs(_rows(recipe, card), recipe.batch_size, recipe.epochs, MORE_STEPS)
            return dataclasses.replace(taken, train=dataclasses.replace(recipe, epochs=count))
    return taken


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

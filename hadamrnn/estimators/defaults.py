"""A recipe for data that nobody has tried yet, by rules from their shape.

- hidden_size: 256, which is about 4 kB.
- batch_size: 16 up to 1,000 training sequences, 32 beyond.
- epochs: 30, or as many as make 2,000 optimizer steps if that is more.
- learning_rate: 0.005, with a cosine; it warms up for at most 35 % of all steps.
- readout and fade: two candidates are tried on validation rows, for a quarter of the epochs each.
  One fades, and reads the logarithm of the mean: what goes on counts, as in readings of sensors. It
  remembers about an eighth of a sequence: fade = log2(steps / 8), 1 to 8. The other forgets nothing
  and reads the last state: the order of events counts, as in a drawing. It is taken where it halves
  the loss: a few people who validate say little about others, and it learns people by heart.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from hadamrnn import params
from hadamrnn.params import TrainSettings

STEPS = 2000
"""Optimizer steps that a training run has at least."""
FEWEST_EPOCHS = 30
HIDDEN_SIZE = 256
LEARNING_RATE = 0.005
CLEARLY = 0.5
"""Factor by which the second candidate must lower the loss of the first."""


def batch_size(rows: int) -> int:
    """Sequences of a batch, for so many to train on.

    Examples
    --------
    >>> batch_size(200), batch_size(5000)
    (16, 32)
    """
    return 16 if rows <= 1000 else 32


def epochs(rows: int, batch: int) -> int:
    """Epochs for ``rows`` training sequences in batches of ``batch``.

    Examples
    --------
    >>> epochs(216, 16), epochs(7000, 32)
    (143, 30)
    """
    return max(FEWEST_EPOCHS, math.ceil(STEPS / math.ceil(rows / batch)))


def fade(steps: int) -> int:
    """fade of a state that remembers about an eighth of ``steps``.

    Examples
    --------
    >>> fade(26), fade(128), fade(10)
    (2, 4, 1)
    """
    return min(8, max(1, round(math.log2(max(1.0, steps / 8)))))


def candidates(steps: int) -> tuple[tuple[str, int | None], ...]:
    """(readout, fade) pairs that are worth a trial for sequences of about so many steps."""
    return ("log_mean", fade(steps)), ("last", None)


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


DEFAULTS: Mapping[str, Any] = {
    "hidden_size": HIDDEN_SIZE,
    "q": 1,
    "embedding_size": None,
    "epochs": FEWEST_EPOCHS,
    "batch_size": 32,
    "balanced": False,
    "learning_rate": LEARNING_RATE,
    "learning_rate_schedule": "cosine",
    "learning_rate_decay": 0.98,
    "warmup_steps": 100,
    "patience": None,
    "weight_bits": 4,
    "input_weight_bits": "auto",
    "output_weight_bits": "auto",
    "quantizer": "max",
    "select": "cross_entropy",
    "train_on_validation": False,
    "finer_classes": False,
    "readout": "last",
    "fade": None,
    "sign_schedule": "hold",
    "sign_learning_rate": 0.001,
    "sign_epochs": 10,
    "clip_gradient": None,
    "state_noise_bits": None,
    "rotation": 0.0,
    "word_dropout": 0.0,
    "channel_dropout": 0.0,
}
"""As in params.yaml, but for the size, the rate and the choice of the epoch."""


def settings(given: Mapping[str, Any]) -> TrainSettings:
    """A recipe, DEFAULTS for what is not given.

    Parameters
    ----------
    given : mapping
        Keys of the section train of params.yaml.

    Returns
    -------
    TrainSettings

    Raises
    ------
    HadamrnnError
        For a value that params.yaml could not have either.
    """
    return params.read(TrainSettings, {**given}, "", DEFAULTS)

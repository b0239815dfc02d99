"""A model that has learned nothing passes for one that has, unless it is compared with guessing."""

from collections.abc import Mapping
from typing import Any

from hadamrnn.metrics import in_words, majority_score
from hadamrnn.training.run import FitResult

ERRORS = 2.0
"""Standard errors above the guess that a model must reach to have learned."""
FEW_STEPS = 1000
"""Optimizer steps below which more of them are the first remedy."""


def warning(result: FitResult, card: Mapping[str, Any], steps_per_epoch: int) -> str | None:
    """What to tell of a finished run whose model does no better than guessing.

    Parameters
    ----------
    result : FitResult
        Of the run.
    card : mapping
        card.json of the prepared data.
    steps_per_epoch : int
        Optimizer steps of an epoch.

    Returns
    -------
    str or None
        Figures and remedy; None where the model is better than always giving the class that is
        most frequent in training, or the mean of the numbers there.
    """
    reached = result.best["valid_score"]
    share, error = majority_score(card, "valid")
    if reached > share + ERRORS * error:
        return None
    steps = len(result.history) * steps_per_epoch
    if steps < FEW_STEPS:
        remedy = f"{steps} optimizer steps are few: raise epochs or lower batch_size"
    else:
        remedy = "try another learning_rate or readout, and look at the data"
    name = "R2" if result.score == "r2" else result.score.replace("_", " ")
    guess = "the mean" if result.score == "r2" else "the most frequent class"
    rows = "validation rows" if result.best["validation_held_out"] else "rows that it trained on"
    return (
        f"warning: the model has learned nothing: its {name} on the {rows} is "
        f"{in_words(result.score, reached)}, that of always giving {guess} "
        f"{in_words(result.score, share)}; {remedy}"
    )

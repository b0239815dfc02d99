"""One training run: what its step and its handlers share, what it leaves, and who may watch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from hadamrnn.models.storage import Model
from hadamrnn.params import TrainSettings
from hadamrnn.training.batches import Batches
from hadamrnn.training.checkpoint import Checkpoint

HISTORY_COLUMNS = (
    "epoch",
    "train_cross_entropy",
    "valid_cross_entropy",
    "valid_score",
    "valid_accuracy",
    "flips_per_step",
    "learning_rate",
    "sign_learning_rate",
    "seconds",
    "validation_held_out",
)
"""What is kept of an epoch. valid_score is the benchmark's own measure (``metrics.own_score``)."""


class Listener:
    """What a caller may watch; every method does nothing by default."""

    def on_start(self, first_epoch: int, epochs: int, steps_per_epoch: int) -> None:
        """Hear of the beginning, once.

        Parameters
        ----------
        first_epoch : int
            Epochs already done when a checkpoint was found.
        epochs : int
            Epochs in all.
        steps_per_epoch : int
            Optimizer steps of each.
        """

    def on_step(self, epoch: int, step: int, loss: float) -> None:
        """Hear of an optimizer step.

        Parameters
        ----------
        epoch : int
            Counted from 1.
        step : int
            Counted from 1 in every epoch.
        loss : float
            Mean of the batch before the step, in nats.
        """

    def on_epoch(self, row: Mapping[str, Any]) -> None:
        """Hear of an epoch after its validation.

        Parameters
        ----------
        row : mapping
            HISTORY_COLUMNS, and "best": whether it is the best epoch so far.
        """


@dataclass
class FitResult:
    """What a training run leaves beside the chosen epoch's parameters, which are in the model.

    Parameters
    ----------
    history : list of dict
        HISTORY_COLUMNS of every epoch.
    best_epoch : int
        The chosen one, counted from 1.
    score : str
        What valid_score is.
    """

    history: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int = 0
    score: str = "accuracy"

    @property
    def best(self) -> dict[str, Any]:
        """The chosen epoch's row of the history."""
        return self.history[self.best_epoch - 1]

    @property
    def seconds(self) -> float:
        """Time of all epochs together, those before a stop included."""
        return float(sum(row["seconds"] for row in self.history))

    @property
    def flips_per_step(self) -> float:
        """Mean number of signs that changed at an optimizer step."""
        flips = sum(row["flips_per_step"] for row in self.history)
        return float(flips / max(1, len(self.history)))


@dataclass
class EpochSums:
    """What an epoch adds up, from its start on."""

    started: float = 0.0
    loss: float = 0.0
    samples: int = 0
    flips: int = 0


@dataclass(kw_only=True)
class Run:
    """A training run under way.

    Parameters
    ----------
    model : Model
        Trained in place.
    train, valid : Batches
        Rows that are learned, and rows that choose the epoch.
    settings : TrainSettings
        The recipe.
    optimizer : torch.optim.Optimizer
        With two groups of parameters, the second of which are the signs.
    checkpoint : Checkpoint or None
        Where the state is kept after every epoch.
    listener : Listener
        Who watches.
    result : FitResult
        What is known so far.
    best_state : dict or None
        Parameters of the best epoch so far.
    sums : EpochSums
        Of the present epoch.
    """

    model: Model
    train: Batches
    valid: Batches
    settings: TrainSettings
    optimizer: torch.optim.Optimizer
    checkpoint: Checkpoint | None = None
    listener: Listener = field(default_factory=Listener)
    result: FitResult = field(default_factory=FitResult)
    best_state: dict[str, torch.Tensor] | None = None
    sums: EpochSums = field(default_factory=EpochSums)

    @property
    def signs(self) -> list[torch.Tensor]:
        """The parameters that hold signs: one, or none for a model without signs."""
        return list(self.optimizer.param_groups[1]["params"])

    def signs_move(self) -> bool:
        """Whether the present step may change signs."""
        return bool(self.optimizer.param_groups[1]["lr"] > 0)

    def stops_early(self) -> bool:
        """Whether ``patience`` epochs in a row have brought nothing better."""
        patience = self.settings.patience
        if patience is None:
            return False
        return len(self.result.history) - self.result.best_epoch >= patience

    def state(self) -> dict[str, Any]:
        """Everything that a later process needs to go on, for a checkpoint."""
        return {
            "model": self.model.state_dict(),
            "best": self.best_state,
            "optimizer": self.optimizer.state_dict(),
            "history": self.result.history,
            "best_epoch": self.result.best_epoch,
        }

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from what ``state`` gave in an earlier process."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.best_state = state["best"]
        self.result.history = state["history"]
        self.result.best_epoch = state["best_epoch"]

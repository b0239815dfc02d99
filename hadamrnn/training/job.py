"""One training run of the pipeline, made of a benchmark's settings and its prepared folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from hadamrnn.metrics import own_score
from hadamrnn.models import storage
from hadamrnn.models.storage import Model
from hadamrnn.params import Settings
from hadamrnn.training import fit, step_threads
from hadamrnn.training.batches import Batches
from hadamrnn.training.checkpoint import Checkpoint, checkpoint_for
from hadamrnn.training.configuration import configuration
from hadamrnn.training.data import batches_of
from hadamrnn.training.run import FitResult, Listener


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a training run needs.

    Parameters
    ----------
    settings : Settings
        Of the benchmark, nothing automatic.
    config : dict
        What the model is built from.
    model : Model
        On its device.
    train, valid : Batches
        Rows that are learned, and rows that choose the epoch.
    checkpoint : Checkpoint
        Of exactly this run.
    score : str
        The benchmark's own measure.
    """

    settings: Settings
    config: dict[str, Any]
    model: Model
    train: Batches
    valid: Batches
    checkpoint: Checkpoint
    score: str

    @classmethod
    def of(
        cls,
        settings: Settings,
        folder: str | Path,
        card: Mapping[str, Any],
        where: str | torch.device,
        share: tuple[int, int] = (0, 1),
    ) -> "Job":
        """The run that settings ask for.

        Parameters
        ----------
        settings : Settings
            Of the benchmark, nothing automatic.
        folder : str or Path
            Of its prepared data.
        card : mapping
            Its card.json.
        where : str or torch.device
            To train on.
        share : (int, int)
            (k, n) for process k of n.

        Returns
        -------
        Job

        Raises
        ------
        HadamrnnError
            The data cannot be read, or an option does not suit them.
        """
        config = configuration(settings, card)
        train, valid = batches_of(settings, folder, card, where, share)
        model = storage.build(config, settings.seed).to(where)
        step_threads.limit(model, train)
        return cls(
            settings=settings,
            config=config,
            model=model,
            train=train,
            valid=valid,
            checkpoint=checkpoint_for(settings, config, Path(folder) / "card.json"),
            score=own_score(card),
        )

    def fit(self, listener: Listener | None = None) -> FitResult:
        """Train the model, from the checkpoint on if there is one; the caller holds its lock.

        Parameters
        ----------
        listener : Listener, optional
            Who watches.

        Returns
        -------
        FitResult
        """
        recipe = self.settings.train
        return fit.fit(
            self.model, self.train, self.valid, recipe, self.checkpoint, listener, self.score
        )

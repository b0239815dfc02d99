"""Trainings of a search (``hadamrnn tune``), each done once: finished ones are kept in a file."""

import copy
import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from hadamrnn import files, params
from hadamrnn.cli.search import Tried, Values
from hadamrnn.datasets.common import by_name
from hadamrnn.errors import HadamrnnError
from hadamrnn.export.prepared import freeze_prepared
from hadamrnn.integer import packed
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.params import Settings
from hadamrnn.prepared import arrays
from hadamrnn.training import automatic, device
from hadamrnn.training.job import Job


@dataclass(frozen=True, kw_only=True)
class Trials:
    """What a search trains on, and what it has trained.

    Parameters
    ----------
    document : dict
        params.yaml.
    name : str
        Of the benchmark.
    folder : Path
        Of its prepared data.
    card : dict
        Its card.json.
    where : torch.device
        To train on.
    sizes : dict
        Bytes of the recipes that were looked at.
    """

    document: dict[str, Any]
    name: str
    folder: Path
    card: dict[str, Any]
    where: torch.device
    sizes: dict[str, int | None]

    @classmethod
    def of(cls, document: dict[str, Any], name: str) -> "Trials":
        """Of a benchmark, whose data are prepared where that is not done.

        Parameters
        ----------
        document : dict
            params.yaml.
        name : str
            One of its sections.

        Returns
        -------
        Trials

        Raises
        ------
        HadamrnnError
            For a wrong params.yaml, or a model that has no packed file.
        """
        settings = params.check({**document, "benchmarks": [name]}, by_name.facts_of)[name]
        if settings.model != "hadamrnn":
            raise HadamrnnError(
                f"model: must be hadamrnn for hadamrnn tune, which counts the bytes of its packed "
                f"file; got {settings.model!r}"
            )
        folder = Path("data/prepared") / name
        if "type" in settings.data or not (folder / arrays.CARD).exists():
            with files.replacing_folder(folder) as new:  # own files may have changed
                by_name.prepare(new, name, settings.data)
        card = arrays.read_card(folder)
        where = device.resolve(settings.device)
        return cls(document=document, name=name, folder=folder, card=card, where=where, sizes={})

    @property
    def epochs(self) -> int:
        """Of a whole training."""
        return self._settings({}).train.epochs

    def _settings(self, values: Values) -> Settings:
        """Of a recipe: rows that validate are never trained on, and choose the epoch."""
        changed = copy.deepcopy(self.document)
        changed["benchmarks"] = [self.name]
        changed["benchmark"][self.name] |= values
        given = params.check(changed, by_name.facts_of)[self.name]
        settings = automatic.resolved(given, self.card)[0]
        recipe = dataclasses.replace(
            settings.train, train_on_validation=False, select="cross_entropy", patience=None
        )
        return dataclasses.replace(settings, train=recipe)

    def size(self, values: Values) -> int | None:
        """Bytes of a recipe's packed file, which training does not change; None if it cannot be.

        Parameters
        ----------
        values : dict
            Keys of the section.

        Returns
        -------
        int or None
        """
        key = json.dumps({**values, "learning_rate": None}, sort_keys=True)
        if key not in self.sizes:
            try:
                settings = self._settings(values)
                model = Job.of(settings, self.folder, self.card, "cpu").model
                self.sizes[key] = self._bytes(settings, model)
            except HadamrnnError:
                if not values:
                    raise
                self.sizes[key] = None
        return self.sizes[key]

    def _bytes(self, settings: Settings, model: Any) -> int:
        assert isinstance(model, HadamClassifier)
        frozen = freeze_prepared(settings, self.folder, model.cpu().eval(), self.card)
        return len(packed.to_bytes(frozen))

    def train(self, values: Values, epochs: int) -> Tried:
        """Train a recipe, or find what it reached before.

        Parameters
        ----------
        values : dict
            Keys of the section.
        epochs : int
            To train for.

        Returns
        -------
        Tried
        """
        settings = self._settings(values)
        recipe = dataclasses.replace(settings.train, epochs=epochs)
        settings = dataclasses.replace(settings, train=recipe)
        job = Job.of(settings, self.folder, self.card, self.where)
        kept = job.checkpoint.path.with_suffix(".json")
        found: Mapping[str, Any]
        with job.checkpoint.locked():
            try:
                found = files.read_json(kept, sealed=True)
            except HadamrnnError:  # not there yet, or damaged
                best = job.fit().best
                found = {"loss": best["valid_cross_entropy"], "score": best["valid_score"]}
                files.write_json(kept, found, sealed=True)
                job.checkpoint.remove()
        return Tried(
            values=values,
            bytes=self.size(values) or 0,
            epochs=epochs,
            loss=found["loss"],
            score=found["score"],
        )

"""What a model is asked, and how its answers are scored: classes, a class a step, or numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn import metrics
from hadamrnn.prepared import arrays
from hadamrnn.prepared.numbers import Units, target_units

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Task:
    """The test rows' targets, and which of a model's outputs answer to them.

    Parameters
    ----------
    card : mapping
        card.json of the prepared data.
    targets : array, (n,) or (n, time)
        Class ids, or numbers.
    steps : array of int, (n,), or None
        Of each sequence, where they differ.
    """

    card: Mapping[str, Any]
    targets: Array
    steps: Array | None = None

    @property
    def score(self) -> str:
        """The measure of the benchmark (``metrics.own_score``)."""
        return metrics.own_score(self.card)

    @property
    def units(self) -> Units | None:
        """Of targets that are numbers."""
        return target_units(self.card)

    @property
    def every_step(self) -> bool:
        """Whether each step has a class that counts; of the copy task the recalled ones do."""
        return self.targets.ndim == 2 and self.score == "accuracy"

    @property
    def _there(self) -> Array:
        """(n, time) bool: the steps that sequences have."""
        count, longest = self.targets.shape
        steps = np.full(count, longest) if self.steps is None else self.steps
        return np.arange(longest) < steps[:, None]

    @property
    def wanted(self) -> Array:
        """What is right, in the order of ``answers``: (k,), of the copy task (n, time)."""
        return self.targets[self._there] if self.every_step else self.targets

    def real(self, outputs: Array) -> Array:
        """Outputs of a float model, numbers in the targets' units."""
        return outputs if self.units is None else self.units.real(outputs)

    def answers(self, outputs: Array) -> Array:
        """What counts of a model's outputs.

        Parameters
        ----------
        outputs : array, (n, classes), (n, time, classes) or (n, 1)

        Returns
        -------
        array
            (k, classes) logits, of the copy task (n, time, classes), or (n,) numbers.
        """
        if self.units is not None:
            return outputs[:, 0]
        return outputs[self._there] if self.every_step else outputs

    def predicted(self, answers: Array) -> Array:
        """Class ids, or the numbers themselves."""
        return answers if self.units is not None else answers.argmax(-1)

    def scores(self, answers: Array) -> dict[str, float]:
        """Accuracy and cross-entropy, the copy task's recalled accuracy, or errors of numbers."""
        if self.units is not None:
            return metrics.errors(answers, self.wanted)
        found = metrics.scores(answers, self.wanted)
        if self.score == "recalled_accuracy":
            found[self.score] = metrics.recalled_accuracy(answers, self.wanted)
        return found

    def agreement(self, answers: Array, others: Array) -> dict[str, float]:
        """How near two models' answers are: share of equal classes, or mean distance of numbers."""
        if self.units is not None:
            return {"mean_difference": float(np.abs(answers - others).mean())}
        return {"agreement": float(np.mean(answers.argmax(-1) == others.argmax(-1)))}

    def guess(self) -> dict[str, float]:
        """Scores of always giving the most frequent class of training, or the mean there."""
        if self.units is None:
            return {self.score: metrics.majority_score(self.card, "test")[0]}
        return metrics.errors(np.full(len(self.targets), self.units.zero), self.targets)

    def groups(self, folder: str | Path) -> Array | None:
        """The group of each answer, by its place in the card; None where they are not known.

        Parameters
        ----------
        folder : str or Path
            Of the prepared data.
        """
        if "groups" not in self.card:
            return None
        groups = arrays.read_array(folder, "test", "groups")
        if not self.every_step:
            return groups
        return np.broadcast_to(groups[:, None], self.targets.shape)[self._there]

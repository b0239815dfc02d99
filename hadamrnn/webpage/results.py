"""What the stages left of a benchmark, and the pages tell of."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hadamrnn.integer import IntegerModel
from hadamrnn.metrics import measure_of
from hadamrnn.targets.bench import Cost
from hadamrnn.webpage import interactive
from hadamrnn.webpage.interactive import Mark

SCORES = {
    "accuracy": "accuracy",
    "recalled_accuracy": "accuracy of the recalled symbols",
    "r2": "R2",
}


@dataclass(frozen=True, kw_only=True)
class Scores:
    """What a benchmark's run reached.

    Parameters
    ----------
    name : str
        Of the benchmark.
    metrics : dict
        metrics.json.
    """

    name: str
    metrics: dict[str, Any]

    @property
    def scored(self) -> dict[str, Any]:
        """Scores of the integer model, of a baseline those of floats."""
        found: dict[str, Any] = self.metrics["integer"] or self.metrics["float"]
        return found

    @property
    def measure(self) -> str:
        """The benchmark's own measure."""
        return measure_of(self.scored)

    @property
    def of_numbers(self) -> bool:
        """Whether the model answers with numbers."""
        return self.measure == "r2"

    @property
    def bytes(self) -> int:
        """Of the packed file, of a baseline of its numbers."""
        size = self.metrics["size"]
        return int(size.get("packed_file_bytes", size["total_bytes"]))

    @property
    def words(self) -> str:
        """What is measured."""
        return SCORES[self.measure]

    @property
    def mark(self) -> Mark:
        """The run in a chart of accuracy against size."""
        step = self.metrics["operations_per_step"]
        return Mark(
            name=self.name,
            benchmark=self.name,
            kind=interactive.OWN,
            accuracy=100 * self.scored[self.measure],
            bytes=self.bytes,
            operations=sum(step.get(key, 0) for key in interactive.OPERATIONS),
        )


@dataclass(frozen=True, kw_only=True)
class Results(Scores):
    """All that a page tells of.

    Parameters
    ----------
    name, metrics
        As of Scores.
    history : list of dict
        Rows of history.csv, as text.
    confusion : list of (str, str)
        Actual and predicted class, or number, of every test sequence, in stored order.
    card : dict
        card.json of the prepared data.
    section : str
        Of params.yaml, as text.
    inputs : numpy.ndarray or None
        Test inputs as prepared; None where targets are at every step.
    lengths : numpy.ndarray or None
        Steps of each test sequence, where they differ.
    others : list of Mark
        Recorded runs and recipes of a search, over bytes.
    chosen : dict
        What became of keys that were ``auto``.
    people : list of str
        Who, or what group, each test sequence is of; empty where that is not known.
    model : IntegerModel or None
        As exported; None of a baseline.
    needs : dict of str to Cost
        What it needs on microcontrollers, by target.
    commit : str
        Of the project's folder when the page was made; empty where there is none.
    """

    history: list[dict[str, str]]
    confusion: list[tuple[str, str]]
    card: dict[str, Any]
    section: str
    inputs: np.ndarray | None = None
    lengths: np.ndarray | None = None
    others: list[Mark] = field(default_factory=list)
    chosen: dict[str, Any] = field(default_factory=dict)
    people: list[str] = field(default_factory=list)
    model: IntegerModel | None = None
    needs: dict[str, Cost] = field(default_factory=dict)
    commit: str = ""

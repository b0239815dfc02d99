"""The runs under results/paper as rows, and groups of rows that differ in their seed only.

A run is a folder with run.json, metrics.json and, where they were made, history.csv and
confusion.csv; paper.yaml says what makes them.
"""

import csv
import json
import statistics
from dataclasses import dataclass, field
from pathlib import Path

from hadamrnn.errors import HadamrnnError

ABOUT = ("benchmark", "model", "seed", "hidden_size", "q", "weight_bits", "command")
"""What run.json must say of a run."""


@dataclass(frozen=True)
class Run:
    """One training: ``metrics`` as evaluate wrote it; ``command`` repeats it."""

    name: str
    benchmark: str
    model: str
    seed: int
    hidden_size: int
    q: int
    weight_bits: int | None
    metrics: dict
    command: str
    history: list = field(default_factory=list)
    confusion: list = field(default_factory=list)

    @property
    def group(self):
        """The name without its seed."""
        return self.name.rsplit("-seed", 1)[0]

    @property
    def shipped(self):
        """Test scores of what a user runs: the integer model, or a baseline's float model."""
        return self.metrics["integer"] or self.metrics["float"]

    def accuracy(self, part=None):
        """Fraction of right answers; for the copy task of the ten recalled symbols."""
        scores = self.shipped if part is None else self.metrics[part]
        return scores.get("recalled_accuracy", scores["accuracy"])

    @property
    def size_bytes(self):
        """Bytes of the packed file, or of a baseline's parameters; embeddings left out."""
        size = self.metrics["size"]
        return size.get("packed_file_bytes", size["total_bytes"]) - size["embedding_bytes"]

    @property
    def operations(self):
        """Additions, multiplications, shifts and multiply-adds of one time step."""
        step = self.metrics["operations_per_step"]
        return sum(step.get(key, 0) for key in ("additions", "multiplications", "shifts"))


@dataclass(frozen=True)
class Group:
    """Runs of one recipe; figures are means with the standard deviation between seeds."""

    name: str
    runs: tuple

    @property
    def first(self):
        return self.runs[0]

    def mean(self, value):
        """Mean of ``value(run)`` over the seeds."""
        return statistics.fmean(value(run) for run in self.runs)

    def deviation(self, value):
        """Sample standard deviation over the seeds, None for a single run."""
        return statistics.stdev(map(value, self.runs)) if len(self.runs) > 1 else None


def _rows(path):
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read(folder):
    """The Run in ``folder``; HadamrnnError when a file of it is missing."""
    folder = Path(folder)
    for name in ("metrics.json", "run.json"):
        if not (folder / name).exists():
            raise HadamrnnError(f"{folder / name}: must exist in every run of {folder.parent}")
    about = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return Run(
        name=folder.name,
        metrics=json.loads((folder / "metrics.json").read_text(encoding="utf-8")),
        history=_rows(folder / "history.csv"),
        confusion=_rows(folder / "confusion.csv"),
        **{key: about[key] for key in ABOUT},
    )


def read_groups(folder):
    """{group name: Group} of every run under ``folder``, by name; runs by seed."""
    found = sorted(path.parent for path in Path(folder).glob("*/run.json"))
    runs = sorted((read(path) for path in found), key=lambda run: (run.group, run.seed))
    names = dict.fromkeys(run.group for run in runs)
    return {name: Group(name, tuple(r for r in runs if r.group == name)) for name in names}

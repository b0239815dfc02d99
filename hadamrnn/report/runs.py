"""The runs under results/paper as rows, and groups of rows that differ in their seed only."""

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hadamrnn.report import records

RECIPE = (
    "epochs", "balanced", "select", "train_on_validation", "finer_classes", "rotation",
    "channel_dropout", "word_dropout", "distortion", "sign_schedule", "learning_rate_schedule",
)  # fmt: skip
"""Keys of ``train`` that make a recipe; width, rates and batch size are each model's own."""


@dataclass(frozen=True)
class Run:
    """One training run.

    Parameters
    ----------
    name : str
        That of its file, with ``-seed<seed>`` at the end.
    record : dict
        What the file holds, by ``records.KEYS``.
    """

    name: str
    record: records.Record

    @property
    def group(self) -> str:
        """The name without its seed."""
        return self.name.rsplit("-seed", 1)[0]

    @property
    def benchmark(self) -> str:
        """The data set."""
        return self.record["benchmark"]

    @property
    def seed(self) -> int:
        """Of initial weights and batch order."""
        return self.record["seed"]

    @property
    def model(self) -> str:
        """Name of the model, as in params.yaml."""
        return self.record["model"]["name"]

    @property
    def hidden_size(self) -> int:
        """Numbers in the state, d."""
        return self.record["model"]["hidden_size"]

    @property
    def q(self) -> int | None:
        """Hadamard blocks; None for a model that has none."""
        return self.record["model"]["q"]

    @property
    def weight_bits(self) -> int:
        """Bits of a weight; 32 where weights are float32."""
        return self.record["model"]["weight_bits"]

    @property
    def weights(self) -> str:
        """Bits of the weights in words, of each part and of the biases where they differ."""
        params = self.record["params"]
        parts = [
            params.get(f"{part}_weight_bits", self.weight_bits) for part in ("input", "output")
        ]
        biases = params.get("bias_bits", 16)
        if self.model == "hadamrnn" and (parts[0] != parts[1] or biases != 16):
            u, v = ("float32" if bits is None else bits for bits in parts)
            return f"U {u}, V {v}, biases {biases} bits"
        return {1: "ternary", 32: "float32"}.get(self.weight_bits, f"{self.weight_bits} bits")

    @property
    def metrics(self) -> dict[str, Any]:
        """As stage evaluate wrote them."""
        return self.record["metrics"]

    @property
    def recipe(self) -> tuple[Any, ...]:
        """What runs have in common whose models can be compared: data, epochs, augmentation.

        A key that the run's version did not have yet equals one that is switched off.
        """
        params = self.record["params"]
        train = [params["train"].get(key) or None for key in RECIPE]
        data = sorted((key, value) for key, value in params["data"].items() if value)
        return (self.benchmark, params["readout"], *train, *data)

    @property
    def shipped(self) -> dict[str, float]:
        """Test scores of what a user runs: the integer model, or a baseline's float model."""
        return self.metrics["integer"] or self.metrics["float"]

    @property
    def per_step(self) -> bool:
        """Whether the benchmark asks for an answer at every step, as copy does."""
        return "recalled_accuracy" in self.shipped

    def accuracy(self, part: str | None = None) -> float:
        """Fraction of right answers on the test set; for copy of the ten recalled symbols.

        Parameters
        ----------
        part : str, optional
            "float" or "integer"; by default that of the shipped model.

        Returns
        -------
        float
            In [0, 1].
        """
        scores = self.shipped if part is None else self.metrics[part]
        return scores.get("recalled_accuracy", scores["accuracy"])

    @property
    def size_bytes(self) -> int:
        """Bytes of the packed file, or of a baseline's parameters; tables of words included."""
        size = self.metrics["size"]
        return int(size.get("packed_file_bytes", size["total_bytes"]))

    @property
    def operations(self) -> int:
        """Additions, multiplications and shifts of one time step."""
        step = self.metrics["operations_per_step"]
        return sum(step.get(key, 0) for key in ("additions", "multiplications", "shifts"))


def percent(run: Run, part: str | None = None) -> float:
    """``run.accuracy(part)`` in percent.

    Parameters
    ----------
    run : Run
        Any run.
    part : str, optional
        "float" or "integer"; by default that of the shipped model.

    Returns
    -------
    float
        In [0, 100].
    """
    return 100 * run.accuracy(part)


@dataclass(frozen=True)
class Group:
    """Runs of one recipe and model; figures are means with the deviation between seeds.

    Parameters
    ----------
    name : str
        That of its runs, without their seeds.
    runs : tuple of Run
        One or more, by seed.
    """

    name: str
    runs: tuple[Run, ...]

    @property
    def first(self) -> Run:
        """The run of the lowest seed."""
        return self.runs[0]

    def mean(self, value: Callable[[Run], float]) -> float:
        """Mean of ``value(run)`` over the seeds."""
        return statistics.fmean(value(run) for run in self.runs)

    def deviation(self, value: Callable[[Run], float]) -> float | None:
        """Sample standard deviation of ``value(run)`` over the seeds, None for a single run."""
        return statistics.stdev(map(value, self.runs)) if len(self.runs) > 1 else None


def read(path: str | Path) -> Run:
    """The run in one file.

    Parameters
    ----------
    path : str or Path
        As results/paper/har2-seed1.json.

    Returns
    -------
    Run
        Named as the file.

    Raises
    ------
    HadamrnnError
        For a file that is not JSON, or lacks a part of a run.
    """
    return Run(Path(path).stem, records.read(path))


def read_groups(folder: str | Path) -> dict[str, Group]:
    """All runs of a folder, those of one name in one group.

    Parameters
    ----------
    folder : str or Path
        As results/paper.

    Returns
    -------
    dict of str to Group
        By the groups' names, in the order of the alphabet.

    Raises
    ------
    HadamrnnError
        For a file that is not a run.
    """
    found = sorted(map(read, Path(folder).glob("*.json")), key=lambda run: (run.group, run.seed))
    names = dict.fromkeys(run.group for run in found)
    return {name: Group(name, tuple(r for r in found if r.group == name)) for name in names}


def by_benchmark(groups: Iterable[Group]) -> dict[str, list[Group]]:
    """Groups by their data sets, in the order they come in.

    Parameters
    ----------
    groups : iterable of Group

    Returns
    -------
    dict of str to list of Group
    """
    found: dict[str, list[Group]] = {}
    for group in groups:
        found.setdefault(group.first.benchmark, []).append(group)
    return found

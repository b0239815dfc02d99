"""HadamRNNClassifier with its defaults beside a random forest on flattened readings.

    python -m benchmarks.studies.estimators

Test accuracies of three data sets and three seeds, in results/studies/estimators.csv. The defaults
of the estimator were chosen on these same splits. JapaneseVowels is left out unless its two files
of the UEA archive lie in data/raw/JapaneseVowels.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from benchmarks.table import Table
from hadamrnn import HadamRNNClassifier
from hadamrnn.datasets.formats import settings, tables, ts, windows
from hadamrnn.errors import as_sentences

FOLDER = Path("results/studies")
COLUMNS = ("data", "seed", "trained_on", "tested_on", "readout", "hadamrnn", "random_forest")
SEEDS, TREES = (0, 1, 2), 500
VOWELS = "data/raw/JapaneseVowels"
WATCH = {
    "type": "csv",
    "path": "examples/data/watch/log_small.csv",
    "columns": {"time": "time", "inputs": ["ax", "ay", "az"], "label": "label", "group": "person"},
    "window": {"steps": 100, "hop": 25, "rate_hz": 25.0},
}
TESTED = "5"
"""The person of the wrist log who is not trained on."""


class Data(NamedTuple):
    """Sequences with their labels, and the groups of those that are trained on."""

    name: str
    train: tuple[Any, Any]
    test: tuple[Any, Any]
    groups: Any = None


def digits() -> Data:
    """The digits of scikit-learn, a pixel a step; 30 % of every class are tested on."""
    found = load_digits()
    parts = train_test_split(
        found.data, found.target, test_size=0.3, stratify=found.target, random_state=0
    )
    return Data("digits", (parts[0], parts[2]), (parts[1], parts[3]))


def vowels() -> Iterator[Data]:
    """JapaneseVowels with the archive's split, where it is."""
    if not Path(VOWELS).is_dir():
        return
    parts = []
    for part in ("TRAIN", "TEST"):
        section = {"type": "ts", "path": f"{VOWELS}/JapaneseVowels_{part}.ts"}
        recordings, _ = ts.read(settings.read(section, "data"))
        pieces = [piece for one in recordings for piece in windows.pieces(one, None)]
        parts.append(([p.values for p in pieces], np.array([p.label for p in pieces])))
    yield Data("JapaneseVowels", *parts)


def watch() -> Data:
    """Windows of the wrist log; one person is tested on, and whole people validate."""
    section = settings.read(WATCH, "data")
    recordings, _ = tables.read(section)
    pieces = [piece for one in recordings for piece in windows.pieces(one, section.window)]
    X = np.stack([piece.values for piece in pieces])
    y, people = (np.array([getattr(p, name) for p in pieces]) for name in ("label", "group"))
    own = people == TESTED
    return Data("watch", (X[~own], y[~own]), (X[own], y[own]), people[~own])


def flat(X: Any) -> np.ndarray:
    """All readings of a sequence side by side, zeros behind the end of short ones."""
    longest = max(map(len, X))
    rows = np.zeros((len(X), longest, np.reshape(X[0], (len(X[0]), -1)).shape[1]))
    for row, one in zip(rows, X, strict=True):
        row[: len(one)] = np.reshape(one, (len(one), -1))
    return rows.reshape(len(X), -1)


def row(data: Data, seed: int) -> dict[str, Any]:
    """Both test accuracies of one data set and seed."""
    (X, y), (unseen, labels) = data.train, data.test
    model = HadamRNNClassifier(random_state=seed).fit(X, y, groups=data.groups)
    together = flat([*X, *unseen])
    forest = RandomForestClassifier(TREES, random_state=seed).fit(together[: len(X)], y)
    return {
        "data": data.name,
        "seed": seed,
        "trained_on": len(X),
        "tested_on": len(unseen),
        "readout": model.readout_,
        "hadamrnn": round(model.score(unseen, labels), 4),
        "random_forest": round(forest.score(together[len(X) :], labels), 4),
    }


def main(folder: Path = FOLDER) -> None:
    """Write the table."""
    rows = []
    for data in (digits(), *vowels(), watch()):
        for seed in SEEDS:
            rows.append(row(data, seed))
            print(rows[-1])
    Table(folder / "estimators.csv", COLUMNS).replace(rows)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__.split("\n")[0]).parse_args()
    with as_sentences():
        main()

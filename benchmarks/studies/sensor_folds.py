"""Leave people out: accuracy of a training recipe on people it never saw, without test data.

    python -m benchmarks.studies.sensor_folds dsa19 rotation=30 channel_dropout=0.1
    python -m benchmarks.studies.sensor_folds har2 hidden_size=512 weight_bits=3 --seeds 1 2 3

Needs data/prepared/<benchmark> (dvc repro). The people of the training and validation rows are
dealt into FOLDS groups; each group is held out once and the model of the last epoch is measured on
it. Everything not named is as in params.yaml. Appends one row to results/studies/sensors.csv:
mean over seeds of the mean accuracy over folds in percent, standard deviation over seeds.
"""

import argparse
import statistics
from pathlib import Path

import numpy as np
import yaml

from benchmarks.studies import study
from benchmarks.table import Table
from hadamrnn.companding import compress
from hadamrnn.datasets.common import splits
from hadamrnn.errors import as_sentences
from hadamrnn.models import storage
from hadamrnn.params import Settings
from hadamrnn.prepared import arrays
from hadamrnn.prepared.coding import Coding
from hadamrnn.training import augmentation, batches, fit
from hadamrnn.training.configuration import configuration

FOLDS = 4
COLUMNS = (
    "benchmark",
    "options",
    "fold_scheme",
    "seeds",
    "mean_accuracy",
    "standard_deviation",
    "bytes",
)


def settings_of(benchmark: str, changes: dict) -> Settings:
    """The recipe of params.yaml with ``changes``, measured at its last epoch on people left out."""
    always = {"select": "last", "train_on_validation": False}
    named = ((f"benchmark.{benchmark}.{key}", value) for key, value in (changes | always).items())
    return study.settings_of(benchmark, named)


def rows_of(folder: Path, finer: bool = False) -> tuple[dict, np.ndarray, np.ndarray, np.ndarray]:
    """Companded signals, (finer) class ids and people of all rows but the test's."""
    card = arrays.read_card(folder)
    parts = [
        [arrays.read_array(folder, split, what) for split in ("train", "valid")]
        for what in ("inputs", "finer" if finer else "targets", "subjects")
    ]
    signals, targets, people = (np.concatenate(pair) for pair in parts)
    units = np.array(card["raw"]["companding"], dtype=np.float32)
    return card, compress(signals, units), targets, people


def fold_accuracy(
    settings: Settings,
    card: dict,
    signals: np.ndarray,
    targets: np.ndarray,
    held_out: np.ndarray,
    seed: int,
) -> float:
    """Accuracy on the rows where ``held_out`` is true, standardised by the others alone."""
    mean, deviation = splits.statistics(signals[~held_out])
    inputs = splits.standardise(signals, mean, deviation)
    card = card | {"raw": card["raw"] | {"zero": mean.tolist(), "scale": deviation.tolist()}}
    coding, size = Coding("dense"), settings.train.batch_size
    train = batches.Batches(
        inputs[~held_out],
        targets[~held_out],
        coding=coding,
        batch_size=size,
        seed=seed,
        augmentation=augmentation.from_card(settings.train, card),
    )
    rest = batches.Batches(inputs[held_out], targets[held_out], coding=coding, batch_size=256)
    model = storage.build(configuration(settings, card), seed)
    return fit.fit(model, train, rest, settings.train).history[-1]["valid_accuracy"]


def packed_bytes(settings: Settings, card: dict) -> int:
    """Bytes of signs, U, V and two biases' worth of 16 bits a state; no header."""
    bits = settings.weight_bits or 32
    arguments = configuration(settings, card)["arguments"]
    rows = arguments["input_size"] + arguments["output_size"]
    return round(settings.train.hidden_size * (rows * bits + 1 + 16) / 8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("benchmark", choices=("har2", "dsa19"))
    parser.add_argument("change", nargs="*", help="key=value of params.yaml's train section")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    given = parser.parse_args()
    pairs = (change.partition("=") for change in given.change)
    changes = {key: yaml.safe_load(value) for key, _, value in pairs}
    settings = settings_of(given.benchmark, changes)
    card, signals, targets, people = rows_of(
        Path("data/prepared", given.benchmark), settings.train.finer_classes
    )
    groups = [np.unique(people)[first::FOLDS] for first in range(FOLDS)]
    means = []
    for seed in given.seeds:
        scores = [
            100 * fold_accuracy(settings, card, signals, targets, np.isin(people, group), seed)
            for group in groups
        ]
        means.append(statistics.mean(scores))
        print(f"seed {seed}:", *(f"{score:.2f}" for score in scores), flush=True)
    row = (
        given.benchmark,
        " ".join(given.change),
        f"people in {FOLDS} folds",
        " ".join(map(str, given.seeds)),
        round(statistics.mean(means), 2),
        round(statistics.stdev(means), 2) if len(means) > 1 else "",
        packed_bytes(settings, card),
    )
    Table("results/studies/sensors.csv", COLUMNS).append(row)
    print(*row, sep=", ")


if __name__ == "__main__":
    with as_sentences():
        main()

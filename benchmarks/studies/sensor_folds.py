"""Leave people out: accuracy of a training recipe on people it never saw, without test data.

    python -m benchmarks.studies.sensor_folds dsa19 rotation=30 channel_dropout=0.1
    python -m benchmarks.studies.sensor_folds har2 hidden_size=512 weight_bits=3 --seeds 1 2 3

Needs data/prepared/<benchmark> (dvc repro). The people of the training and validation rows are
dealt into FOLDS groups; each group is held out once and the model of the last epoch is measured on
it. Everything not named is as in params.yaml. Appends one row to results/studies/sensors.csv:
mean over seeds of the mean accuracy over folds in percent, standard deviation over seeds, bytes of
the packed file (rows of commits up to 828531d: without its header).
"""

import argparse
import dataclasses
import statistics
from pathlib import Path

import numpy as np
import yaml

from benchmarks.studies import study
from benchmarks.table import Table
from hadamrnn.companding import compress
from hadamrnn.datasets.common import splits
from hadamrnn.errors import as_sentences
from hadamrnn.export.prepared import freeze_prepared
from hadamrnn.integer import accounting
from hadamrnn.models import storage
from hadamrnn.models.baselines.common import Baseline
from hadamrnn.models.storage import Model
from hadamrnn.params import Settings
from hadamrnn.prepared import arrays
from hadamrnn.prepared.coding import Coding
from hadamrnn.training import augmentation, batches, device, fit
from hadamrnn.training.configuration import configuration
from hadamrnn.training.run import FitResult

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


def fold_fit(
    settings: Settings,
    card: dict,
    signals: np.ndarray,
    targets: np.ndarray,
    held_out: np.ndarray,
) -> tuple[Model, FitResult]:
    """Train on the rows where ``held_out`` is false, standardised by themselves alone."""
    mean, deviation = splits.statistics(signals[~held_out])
    inputs = splits.standardise(signals, mean, deviation)
    card = card | {"raw": card["raw"] | {"zero": mean.tolist(), "scale": deviation.tolist()}}
    coding, size = Coding("dense"), settings.train.batch_size
    where = device.resolve(settings.device)
    train = batches.Batches(
        inputs[~held_out],
        targets[~held_out],
        coding=coding,
        batch_size=size,
        device=where,
        seed=settings.seed,
        augmentation=augmentation.from_card(settings.train, card),
    )
    rest = batches.Batches(
        inputs[held_out], targets[held_out], coding=coding, batch_size=256, device=where
    )
    model = storage.build(configuration(settings, card), settings.seed).to(where)
    return model, fit.fit(model, train, rest, settings.train)


def accuracies(settings: Settings, folder: Path) -> tuple[list[float], int]:
    """Accuracy in percent on each fold's people at the last epoch, and bytes of such a model."""
    card, signals, targets, people = rows_of(folder, settings.train.finer_classes)
    scores = []
    for first in range(FOLDS):
        held_out = np.isin(people, np.unique(people)[first::FOLDS])
        model, result = fold_fit(settings, card, signals, targets, held_out)
        scores.append(100 * result.history[-1]["valid_accuracy"])
    return scores, model_bytes(settings, folder, card, model)


def model_bytes(settings: Settings, folder: Path, card: dict, model: Model) -> int:
    """Bytes of the packed file of a trained model, names included; of a baseline, of its parts."""
    if isinstance(model, Baseline):
        return accounting.baseline_sizes(model)["total_bytes"]
    return accounting.sizes(freeze_prepared(settings, folder, model.cpu(), card))[
        "packed_file_bytes"
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("benchmark", choices=("har2", "har6", "dsa19"))
    parser.add_argument("change", nargs="*", help="key=value of params.yaml's train section")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    given = parser.parse_args()
    pairs = (change.partition("=") for change in given.change)
    changes = {key: yaml.safe_load(value) for key, _, value in pairs}
    settings = settings_of(given.benchmark, changes)
    folder, size = Path("data/prepared", given.benchmark), 0
    means = []
    for seed in given.seeds:
        scores, size = accuracies(dataclasses.replace(settings, seed=seed), folder)
        means.append(statistics.mean(scores))
        print(f"seed {seed}:", *(f"{score:.2f}" for score in scores), flush=True)
    row = (
        given.benchmark,
        " ".join(given.change),
        f"people in {FOLDS} folds",
        " ".join(map(str, given.seeds)),
        round(statistics.mean(means), 2),
        round(statistics.stdev(means), 2) if len(means) > 1 else "",
        size,
    )
    Table("results/studies/sensors.csv", COLUMNS).append(row)
    print(*row, sep=", ")


if __name__ == "__main__":
    with as_sentences():
        main()

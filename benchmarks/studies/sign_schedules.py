"""When should the signs train? Validation accuracy of the four schedules, several seeds.

    python -m benchmarks.studies.sign_schedules pdigits har2 pmnist

Needs data/prepared/<benchmark> (dvc repro). Writes results/studies/sign_schedules.csv, one row a
run: everything else as in params.yaml, but at most EPOCHS passes and d = 256 where it is larger.
Rows that are there are not made again: delete them after a change of params.yaml. No test data is
read.
"""

import dataclasses
import itertools
import sys
from pathlib import Path

import yaml

from benchmarks.table import Table
from hadamrnn import params
from hadamrnn.errors import as_sentences
from hadamrnn.models import storage
from hadamrnn.prepared import arrays
from hadamrnn.training import batches, fit
from hadamrnn.training.configuration import configuration

EPOCHS, MOST_HIDDEN, SEEDS = 20, 256, (1, 2, 3)
SCHEDULES = {
    "hold": {"sign_schedule": "hold"},
    "constant": {"sign_schedule": "constant", "sign_learning_rate": 0.001},
    "constant, slow": {"sign_schedule": "constant", "sign_learning_rate": 0.00001},
    "anneal": {"sign_schedule": "anneal", "sign_learning_rate": 0.001, "sign_epochs": 5},
    "warmup, slow": {"sign_schedule": "warmup", "sign_learning_rate": 0.00001, "sign_epochs": 10},
}
COLUMNS = (
    "benchmark", "schedule", "seed", "valid_accuracy", "valid_cross_entropy", "best_epoch",
    "flips_per_step", "seconds",
)  # fmt: skip


def settings_of(benchmark, change):
    document = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    document["benchmarks"] = [benchmark]
    settings = params.check(document)[benchmark]
    train = dataclasses.replace(
        settings.train,
        epochs=min(EPOCHS, settings.train.epochs),
        hidden_size=min(MOST_HIDDEN, settings.train.hidden_size),
        **change,
    )
    return dataclasses.replace(settings, train=train)


def run(benchmark, name, seed):
    settings, folder = settings_of(benchmark, SCHEDULES[name]), Path("data/prepared", benchmark)
    card = arrays.read_card(folder)
    coding = batches.InputCoding(*(card["input"][key] for key in ("kind", "scale", "offset")))
    train, valid = (
        batches.Batches(
            *arrays.load(folder, split, settings.train.finer_classes),
            coding,
            settings.train.batch_size,
            seed=s,
        )  # fmt: skip
        for split, s in (("train", seed), ("valid", None))
    )
    model = storage.build(configuration(settings, card), seed)
    result = fit.fit(model, train, valid, settings.train)
    best = result.history[result.best_epoch - 1]
    values = (
        benchmark, name, seed, round(best["valid_accuracy"], 5),
        round(best["valid_cross_entropy"], 5), result.best_epoch,
        round(result.flips_per_step, 2), round(result.seconds, 1),
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def main():
    table = Table("results/studies/sign_schedules.csv", COLUMNS)
    there = table.done(("benchmark", "schedule", "seed"))
    for benchmark, name, seed in itertools.product(sys.argv[1:], SCHEDULES, SEEDS):
        if (benchmark, name, str(seed)) not in there:
            row = run(benchmark, name, seed)
            table.append(row)
            print(row)


if __name__ == "__main__":
    with as_sentences():
        main()

"""When should the signs train? Validation accuracy of five schedules, several seeds.

    python -m benchmarks.studies.sign_schedules pdigits har2 pmnist

Needs data/prepared/<benchmark> (dvc repro). Writes results/studies/sign_schedules.csv, one row a
run: everything else as in params.yaml, but at most EPOCHS passes and d = 256 where it is larger.
Existing rows are skipped: delete them after a change of params.yaml.
Rows of commits up to 5d93f4c were trained without the recipe's augmentation.
"""

import argparse
import dataclasses
import itertools
from typing import Any

from benchmarks.studies import study
from benchmarks.table import Table
from hadamrnn.errors import as_sentences

EPOCHS, MOST_HIDDEN, SEEDS = 20, 256, (1, 2, 3)
SCHEDULES: dict[str, dict[str, Any]] = {
    "hold": {"sign_schedule": "hold"},
    "constant": {"sign_schedule": "constant", "sign_learning_rate": 0.001},
    "constant, slow": {"sign_schedule": "constant", "sign_learning_rate": 0.00001},
    "anneal": {"sign_schedule": "anneal", "sign_learning_rate": 0.001, "sign_epochs": 5},
    "warmup, slow": {"sign_schedule": "warmup", "sign_learning_rate": 0.00001, "sign_epochs": 10},
}
COLUMNS = (
    "benchmark",
    "schedule",
    "seed",
    "valid_accuracy",
    "valid_cross_entropy",
    "best_epoch",
    "flips_per_step",
    "seconds",
)


def run(benchmark: str, schedule: str, seed: int) -> dict:
    """One training run as the columns that follow from it."""
    held_out = ((f"benchmark.{benchmark}.train_on_validation", False),)
    settings = study.settings_of(benchmark, (("seed", seed), *held_out))
    train = dataclasses.replace(
        settings.train,
        epochs=min(EPOCHS, settings.train.epochs),
        hidden_size=min(MOST_HIDDEN, settings.train.hidden_size),
        **SCHEDULES[schedule],
    )
    return study.scores(study.train(dataclasses.replace(settings, train=train)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("benchmarks", nargs="+", help="prepared benchmarks of params.yaml")
    cases = (
        {"benchmark": benchmark, "schedule": schedule, "seed": seed}
        for benchmark, schedule, seed in itertools.product(
            parser.parse_args().benchmarks, SCHEDULES, SEEDS
        )
    )
    study.fill(Table("results/studies/sign_schedules.csv", COLUMNS), cases, run)


if __name__ == "__main__":
    with as_sentences():
        main()

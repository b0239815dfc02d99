"""Read-out, rates, moving signs and lost words on imdb, by validation.

    python -m benchmarks.studies.text_recipes 1 2 3

Needs data/prepared/imdb (dvc repro prepare@imdb). Every recipe names all that it changes, so the
rows do not follow params.yaml's own. Appends a row a recipe and seed of the command line to
results/studies/text_recipes.csv; existing rows are skipped. No test data is read.
"""

import argparse
import itertools
from pathlib import Path

import torch

from benchmarks.studies import study
from benchmarks.table import Table
from hadamrnn.errors import as_sentences

PATH = Path("results/studies/text_recipes.csv")
KEYS = (
    "readout",
    "learning_rate",
    "learning_rate_schedule",
    "learning_rate_decay",
    "epochs",
    "sign_schedule",
    "sign_learning_rate",
    "sign_epochs",
    "word_dropout",
)
COLUMNS = (
    *KEYS,
    "seed",
    "valid_accuracy",
    "valid_cross_entropy",
    "best_epoch",
    "flips_per_step",
    "seconds",
)
BEFORE = {
    "readout": "mean",
    "learning_rate": 0.01,
    "learning_rate_schedule": "cosine",
    "learning_rate_decay": 0.98,
    "epochs": 3,
    "sign_schedule": "hold",
    "sign_learning_rate": 0.001,
    "sign_epochs": 10,
    "word_dropout": 0,
}
"""What shipped before."""
SLOW = {
    "learning_rate": 0.0005,
    "learning_rate_schedule": "exponential",
    "learning_rate_decay": 0.99,
    "epochs": 12,
}
"""The published recipe's rates."""
LAST = {"readout": "last", "learning_rate": 0.002}
MOVING, FALLING = {"sign_schedule": "constant"}, {"sign_schedule": "anneal"}
CHANGES = (
    {"learning_rate": 0.02},
    MOVING,
    {**SLOW, **MOVING, "sign_learning_rate": 0.0005},
    {**LAST, "learning_rate": 0.01},
    {**LAST, "learning_rate": 0.003, "epochs": 5},
    {**LAST, "learning_rate": 0.003, "epochs": 6, "word_dropout": 0.3},
    {**LAST, **SLOW},
    {**LAST, **MOVING, "epochs": 6, "sign_learning_rate": 0.0005},
    {**LAST, **MOVING, "epochs": 6, "sign_learning_rate": 0.0005, "word_dropout": 0.2},
    {**LAST, **MOVING, "epochs": 5, "sign_learning_rate": 0.0005, "learning_rate": 0.004},
    {**LAST, **MOVING, "epochs": 6},
    {**LAST, **MOVING, "epochs": 6, "sign_learning_rate": 0.002},
    {**LAST, **FALLING, "epochs": 6, "sign_learning_rate": 0.0005, "sign_epochs": 5},
    {**LAST, **FALLING, "epochs": 8, "sign_learning_rate": 0.002, "sign_epochs": 8},
    {**LAST, **MOVING, "epochs": 10},
    {**LAST, **MOVING, "epochs": 8, "word_dropout": 0.2},
    {**LAST, **MOVING, "epochs": 8, "word_dropout": 0.2, "learning_rate": 0.004},
    {**LAST, **MOVING, "epochs": 10, "word_dropout": 0.3},
    {**LAST, **MOVING, "epochs": 12, "word_dropout": 0.4},
)
RECIPES = tuple({**BEFORE, **change} for change in ({}, *CHANGES))


def run(seed: int, **recipe) -> dict:
    """One training run as the columns that follow from it."""
    own = tuple((f"benchmark.imdb.{key}", recipe[key]) for key in KEYS)
    return study.scores(study.train(study.settings_of("imdb", (("seed", seed), *own))))


def fill(seeds: list[int], path: Path = PATH) -> None:
    """Append what is missing to the CSV file ``path``."""
    cases = ({**recipe, "seed": seed} for recipe, seed in itertools.product(RECIPES, seeds))
    study.fill(Table(path, COLUMNS), cases, run)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("seeds", type=int, nargs="+", help="a training run of every recipe each")
    torch.set_num_threads(1)
    fill(parser.parse_args().seeds)


if __name__ == "__main__":
    with as_sentences():
        main()

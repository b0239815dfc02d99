"""Read-out, rates, moving signs and lost words on imdb, by validation.

    python -m benchmarks.studies.text_recipes 1 2 3

Needs data/prepared/imdb (dvc repro prepare@imdb). Every recipe names all that it changes, so the
rows do not follow params.yaml's own. Appends a row a recipe and seed of the command line to
results/studies/text_recipes.csv and passes over those that are there. No test data is read.
"""

import itertools
import sys
import time
from pathlib import Path

import torch

from benchmarks.studies import trained
from benchmarks.table import Table
from hadamrnn.errors import as_sentences
from hadamrnn.models import storage
from hadamrnn.prepared import arrays as prepared
from hadamrnn.training import data, fit
from hadamrnn.training.configuration import configuration
from stages import common

PATH = Path("results/studies/text_recipes.csv")
KEYS = (
    "readout", "learning_rate", "learning_rate_schedule", "learning_rate_decay", "epochs",
    "sign_schedule", "sign_learning_rate", "sign_epochs", "word_dropout",
)  # fmt: skip
COLUMNS = (
    *KEYS, "seed", "valid_accuracy", "valid_cross_entropy", "best_epoch", "flips_per_step",
    "seconds",
)  # fmt: skip
BEFORE = {
    "readout": "mean", "learning_rate": 0.01, "learning_rate_schedule": "cosine",
    "learning_rate_decay": 0.98, "epochs": 3, "sign_schedule": "hold", "sign_learning_rate": 0.001,
    "sign_epochs": 10, "word_dropout": 0,
}  # fmt: skip
"""What shipped before."""
SLOW = {
    "learning_rate": 0.0005, "learning_rate_schedule": "exponential", "learning_rate_decay": 0.99,
    "epochs": 12,
}  # fmt: skip
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
)  # fmt: skip
RECIPES = tuple({**BEFORE, **change} for change in ({}, *CHANGES))


def run(recipe, seed, listener=None):
    """One training as a row of COLUMNS."""
    own = tuple((f"benchmark.imdb.{key}", recipe[key]) for key in KEYS)
    settings = trained.settings_of("imdb", (("seed", seed), *own))
    card = prepared.read_card(common.prepared("imdb"))
    train, valid = data.batches_of(
        settings, common.prepared(settings.benchmark), card, "cpu", (0, 1)
    )
    model, start = storage.build(configuration(settings, card), seed), time.perf_counter()
    result = fit.fit(model, train, valid, settings.train, listener=listener)
    best = result.history[result.best_epoch - 1]
    return (
        *(recipe[key] for key in KEYS), seed, round(best["valid_accuracy"], 5),
        round(best["valid_cross_entropy"], 5), result.best_epoch, round(result.flips_per_step, 5),
        round(time.perf_counter() - start, 1),
    )  # fmt: skip


def study(seeds, path=PATH):
    """Append what is missing to the CSV file ``path``."""
    table = Table(path, COLUMNS)
    there = table.done((*KEYS, "seed"))
    for recipe, seed in itertools.product(RECIPES, seeds):
        if tuple(str(value) for value in (*recipe.values(), seed)) not in there:
            row = run(recipe, seed)
            table.append(row)
            print(*row, sep=", ", flush=True)


def main():
    torch.set_num_threads(1)
    study([int(seed) for seed in sys.argv[1:]])


if __name__ == "__main__":
    with as_sentences():
        main()

"""Which learning rate suits a model? Validation accuracy at three rates, one seed, few epochs.

    python -m benchmarks.studies.learning_rates har2 lstm gru

Needs data/prepared/<benchmark> (dvc repro). Writes results/studies/learning_rates.csv, one row a
run: everything else as in params.yaml, but EPOCHS passes, the gradient clipped to norm CLIP, and
the hidden sizes below. Existing rows are skipped: delete them after a change of params.yaml.
Rows of commits up to 5d93f4c were trained without the recipe's augmentation.
"""

import argparse
import dataclasses

from benchmarks.studies import study
from benchmarks.table import Table
from hadamrnn.errors import as_sentences

EPOCHS, CLIP, RATES = 5, 1.0, (0.001, 0.003, 0.01)
HIDDEN_SIZES = {"lstm": 64, "gru": 64, "rnn": 64, "fastgrnn": 80}
"""Of the models that the study shrinks; the others have 128."""
COLUMNS = (
    "benchmark",
    "model",
    "hidden_size",
    "learning_rate",
    "valid_accuracy",
    "valid_cross_entropy",
    "best_epoch",
    "seconds",
)


def run(benchmark: str, model: str, learning_rate: float) -> dict:
    """One training run as the columns that follow from it."""
    changes = [("model", model), (f"benchmark.{benchmark}.train_on_validation", False)]
    if model != "hadamrnn":  # the others neither fade nor read logarithms
        own = study.settings_of(benchmark).readout
        changes += [("fade", None), ("readout", "mean" if own == "log_mean" else own)]
    settings = study.settings_of(benchmark, changes)
    train = dataclasses.replace(
        settings.train,
        epochs=EPOCHS,
        learning_rate=learning_rate,
        clip_gradient=CLIP,
        hidden_size=HIDDEN_SIZES.get(model, 128),
    )
    result = study.train(dataclasses.replace(settings, train=train))
    return {"hidden_size": train.hidden_size, **study.scores(result)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("benchmark", help="a prepared benchmark of params.yaml")
    parser.add_argument("models", nargs="+", help="values of params.yaml's model")
    given = parser.parse_args()
    cases = (
        {"benchmark": given.benchmark, "model": model, "learning_rate": rate}
        for model in given.models
        for rate in RATES
    )
    study.fill(Table("results/studies/learning_rates.csv", COLUMNS), cases, run)


if __name__ == "__main__":
    with as_sentences():
        main()

"""Which learning rate suits a model? Validation accuracy at three rates, one seed, few epochs.

    python -m benchmarks.studies.learning_rates har2 lstm gru

Needs data/prepared/<benchmark> (dvc repro). Writes results/studies/learning_rates.csv, one row a
run: everything else as in params.yaml, but EPOCHS passes, the gradient clipped to norm CLIP, and
the hidden sizes below. Rows that are there are not made again: delete them after a change of
params.yaml. No test data is read.
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

EPOCHS, CLIP, RATES = 5, 1.0, (0.001, 0.003, 0.01)
HIDDEN_SIZES = {"lstm": 64, "gru": 64, "rnn": 64, "fastgrnn": 80}  # the others: 128
COLUMNS = (
    "benchmark", "model", "hidden_size", "learning_rate", "valid_accuracy", "valid_cross_entropy",
    "best_epoch", "seconds",
)  # fmt: skip


def settings_of(benchmark, model, rate):
    document = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    document |= {"benchmarks": [benchmark], "model": model}
    settings = params.check(document)[benchmark]
    train = dataclasses.replace(
        settings.train, epochs=EPOCHS, learning_rate=rate, clip_gradient=CLIP,
        hidden_size=HIDDEN_SIZES.get(model, 128),
    )  # fmt: skip
    return dataclasses.replace(settings, train=train)


def run(benchmark, model, rate):
    settings, folder = settings_of(benchmark, model, rate), Path("data/prepared", benchmark)
    card, size = arrays.read_card(folder), settings.train.batch_size
    coding = batches.InputCoding(*(card["input"][key] for key in ("kind", "scale", "offset")))
    train, valid = (
        batches.Batches(
            *arrays.load(folder, split, settings.train.finer_classes), coding, size, seed=seed
        )
        for split, seed in (("train", settings.seed), ("valid", None))
    )
    network = storage.build(configuration(settings, card), settings.seed)
    result = fit.fit(network, train, valid, settings.train)
    best = result.history[result.best_epoch - 1]
    values = (
        benchmark, model, settings.train.hidden_size, rate, round(best["valid_accuracy"], 5),
        round(best["valid_cross_entropy"], 5), result.best_epoch, round(result.seconds, 1),
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def main():
    table = Table("results/studies/learning_rates.csv", COLUMNS)
    there = table.done(("benchmark", "model", "learning_rate"))
    benchmark, *models = sys.argv[1:]
    for model, rate in itertools.product(models, RATES):
        if (benchmark, model, str(rate)) not in there:
            row = run(benchmark, model, rate)
            table.append(row)
            print(row)


if __name__ == "__main__":
    with as_sentences():
        main()

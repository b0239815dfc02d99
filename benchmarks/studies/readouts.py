"""What do a second layer, both read-outs or a learned average gain? Validation accuracy.

    python -m benchmarks.studies.readouts pdigits har2
    python -m benchmarks.studies.readouts har2 --models hadamrnn hadamboth

Needs data/prepared/<benchmark> (dvc repro). Appends to results/studies/readouts.csv one row for
each run of CASES that it lacks: everything else as in params.yaml, but the epoch chosen by
accuracy on validation rows that are not trained on, and EPOCHS. No test data is read. Bytes count
U and V at their bits, signs at 1 and biases at 32, for hadamrnn as for the ablations (its packed
file has biases of 16).
"""

import argparse
import itertools
from pathlib import Path

import torch

from benchmarks.studies import trained
from benchmarks.table import Table
from hadamrnn.errors import as_sentences
from hadamrnn.models import storage
from hadamrnn.models.baselines.hadamlayer import HadamLayer
from hadamrnn.prepared import arrays as prepared
from hadamrnn.training import data, fit
from hadamrnn.training.configuration import configuration
from stages import common

SEEDS = (1, 2, 3)
EPOCHS = {"har2": 10}
CASES = {  # model, hidden_size, q, readout; None: the ablation has its own
    "pdigits": (
        ("hadamrnn", 128, 1, "last"), ("hadamrnn", 128, 1, "mean"), ("hadamrnn", 192, 3, "last"),
        ("hadamstack", 128, 1, "last"), ("hadamstack", 48, 3, "last"),
        ("hadamstack", 32, 1, "last"), ("hadamboth", 128, 1, None), ("hadamboth", 80, 5, None),
        ("hadamdecay", 128, 1, None),
    ),
    "har2": (
        ("hadamrnn", 256, 4, "mean"), ("hadamrnn", 256, 4, "last"), ("hadamrnn", 320, 5, "mean"),
        ("hadamrnn", 64, 1, "mean"), ("hadamstack", 256, 4, "mean"), ("hadamstack", 64, 1, "mean"),
        ("hadamboth", 256, 4, None), ("hadamboth", 192, 3, None), ("hadamdecay", 256, 4, None),
    ),
}  # fmt: skip
KEYS = ("benchmark", "model", "hidden_size", "q", "readout", "seed")
COLUMNS = (
    *KEYS, "valid_accuracy", "valid_cross_entropy", "best_epoch", "last_accuracy", "bytes",
    "shifts", "seconds",
)  # fmt: skip


def settings_of(benchmark, model, hidden_size, q, readout, seed):
    section = f"benchmark.{benchmark}"
    changes = {
        "model": model, "q": q, "readout": readout or "auto", "seed": seed, "device": "cpu",
        f"{section}.hidden_size": hidden_size, f"{section}.select": "accuracy",
        f"{section}.train_on_validation": False,
    }  # fmt: skip
    if benchmark in EPOCHS:
        changes[f"{section}.epochs"] = EPOCHS[benchmark]
    return trained.settings_of(benchmark, changes.items())


def run(benchmark, case, seed):
    settings = settings_of(benchmark, *case, seed)
    card = prepared.read_card(common.prepared(benchmark))
    config = configuration(settings, card)
    model = storage.build(config, seed)
    result = fit.fit(
        model,
        *data.batches_of(settings, common.prepared(settings.benchmark), card, "cpu", (0, 1)),
        settings.train,
    )
    best, last = result.history[result.best_epoch - 1], result.history[-1]
    counted = HadamLayer(**config["arguments"]) if settings.model == "hadamrnn" else model
    shifts = ""
    if settings.model == "hadamdecay":
        ordered = model.shifts().detach().sort().values
        shifts = " ".join(f"{ordered[at]:.0f}" for at in (0, len(ordered) // 2, -1))
    values = (
        benchmark, *("own" if value is None else value for value in case), seed,
        round(best["valid_accuracy"], 5), round(best["valid_cross_entropy"], 5),
        result.best_epoch, round(last["valid_accuracy"], 5), sum(counted.part_bytes().values()),
        shifts, round(result.seconds, 1),
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def study(benchmarks, models, path, progress=print):
    """Append to ``path`` what it lacks of the ``benchmarks``' cases; models : None for all."""
    table = Table(path, COLUMNS)
    found = table.done(KEYS)
    cases = [(benchmark, case) for benchmark in benchmarks for case in CASES[benchmark]]
    for (benchmark, case), seed in itertools.product(cases, SEEDS):
        named = (benchmark, *("own" if v is None else str(v) for v in case), str(seed))
        if named not in found and (not models or case[0] in models):
            row = run(benchmark, case, seed)
            table.append(row)
            progress(row)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("benchmark", nargs="+", choices=sorted(CASES))
    parser.add_argument("--models", nargs="+", choices=storage.MODELS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    study(given.benchmark, given.models, Path("results/studies/readouts.csv"))


if __name__ == "__main__":
    with as_sentences():
        main()

"""What do flips by trial, several draws of the signs, and a teacher gain? Validation figures.

    python -m benchmarks.studies.training_options pdigits har2

Needs data/prepared/<benchmark> (dvc repro). Everything else is as in params.yaml, but validation
rows are held out and choose the epoch by accuracy, and har2 trains for 10 epochs. Appends one row a
run to results/studies/training_options.csv and passes over the rows that are there; the teachers,
trained on the same rows, are kept under models/studies, and have rows of their own. Validation rows
that chose a draw flatter it; so the last rows choose by one half of them (of har2's people) and
score the last epoch on the other, both ways round. No test data is read.
"""

import dataclasses
import sys
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.studies import trained
from benchmarks.table import Table
from hadamrnn.errors import as_sentences
from hadamrnn.models import storage
from hadamrnn.prepared import arrays as prepared
from hadamrnn.training import batches, data, distillation, fit, sign_draws
from hadamrnn.training.configuration import configuration
from stages import common

RUNS = {"pdigits": ({}, (1, 2, 3)), "har2": ({"epochs": 10}, (1, 2, 3))}
"""By benchmark: what is set before any option, and the seeds."""
TOO_LONG = {"har2": ("accept, every 3 steps", "accept, every step", "8 draws, 5 epochs")}
"""Options passed over."""
TEACHERS = {
    "gru 64": (("model", "gru"), ("train.clip_gradient", 1)),
    "hadamrnn 1024": (),
}
OPTIONS = {
    "as shipped": {},
    "accept, every 10 steps": {"sign_schedule": "accept", "sign_steps": 10},
    "accept, every 3 steps": {"sign_schedule": "accept", "sign_steps": 3},
    "accept, every step": {"sign_schedule": "accept", "sign_steps": 1},
    "8 draws, 2 epochs": {"sign_draws": 8, "sign_draw_epochs": 2},
    "8 draws, 5 epochs": {"sign_draws": 8, "sign_draw_epochs": 5},
    "gru 64, weight 0.5, T 2": {"teacher": "gru 64", "distill_weight": 0.5},
    "hadamrnn 1024, weight 0.5, T 2": {"teacher": "hadamrnn 1024", "distill_weight": 0.5},
    "hadamrnn 1024, weight 0.9, T 4": {
        "teacher": "hadamrnn 1024", "distill_weight": 0.9, "distill_temperature": 4,
    },
}  # fmt: skip
DRAWS, CROSSED_EPOCHS = 8, {"pdigits": 5, "har2": 2}
ONE, CROSSED = "last epoch, halves, one draw", f"last epoch, halves, best of {DRAWS} draws"
COLUMNS = (
    "benchmark", "option", "seed", "valid_accuracy", "valid_cross_entropy", "best_epoch",
    "flips_per_step", "seconds",
)  # fmt: skip


def settings_of(benchmark, changes, seed=1, others=()):
    """Settings with ``changes`` in the benchmark's section and ``others`` anywhere."""
    section = {"select": "accuracy", "train_on_validation": False, **RUNS[benchmark][0], **changes}
    own = tuple((f"benchmark.{benchmark}.{key}", value) for key, value in section.items())
    return trained.settings_of(benchmark, (("seed", seed), *own, *others))


def teacher_settings(benchmark, name):
    return settings_of(benchmark, {"hidden_size": int(name.split()[1])}, others=TEACHERS[name])


def batches_of(settings):
    card = prepared.read_card(common.prepared(settings.benchmark))
    return card, *data.batches_of(
        settings, common.prepared(settings.benchmark), card, "cpu", (0, 1)
    )


def teach(benchmark, name):
    """A row of the teacher itself, trained if it is not kept yet."""
    settings = teacher_settings(benchmark, name)
    model, (_, _, valid) = trained.model_of(settings), batches_of(settings)
    scores = fit.evaluate(model, valid)
    summary = common.read_json(
        trained.folder_of(settings) / common.results(benchmark) / "train.json"
    )
    return (
        benchmark, f"teacher {name}", 1, round(scores["accuracy"], 5),
        round(scores["cross_entropy"], 5), summary["best_epoch"], 0, round(summary["seconds"], 1),
    )  # fmt: skip


def run(benchmark, name, seed):
    """A row of one training."""
    changes = dict(OPTIONS[name])
    if "teacher" in changes:
        folder = trained.folder_of(teacher_settings(benchmark, changes["teacher"]))
        changes["teacher"] = str(folder / common.models(benchmark))
    settings = settings_of(benchmark, changes, seed)
    card, train, valid = batches_of(settings)
    config, recipe = configuration(settings, card), settings.train
    model, start = storage.build(config, seed), time.perf_counter()
    teacher = distillation.load(recipe, config)
    if recipe.sign_draws > 1:
        sign_draws.choose(model, train, valid, recipe, seed, teacher=teacher)
    result = fit.fit(model, train, valid, recipe, teacher=teacher)
    best = result.history[result.best_epoch - 1]
    return (
        benchmark, name, seed, round(best["valid_accuracy"], 5),
        round(best["valid_cross_entropy"], 5), result.best_epoch,
        round(result.flips_per_step, 5), round(time.perf_counter() - start, 1),
    )  # fmt: skip


def halves_of(settings, valid):
    """Two Batches of the validation rows: every other person, or row where there are no people."""
    subjects = common.prepared(settings.benchmark) / "valid_subjects.npy"
    groups = np.load(subjects) if subjects.exists() else np.arange(len(valid.inputs))
    odd = np.isin(groups, np.unique(groups)[1::2])
    return [
        batches.Batches(valid.inputs[~part], valid.targets[~part], valid.coding, valid.batch_size)
        for part in (odd, ~odd)
    ]


def crossed(benchmark, epochs, seed):
    """Two rows: the first draw, and the best of DRAWS by the half that does not score it."""
    settings, start = settings_of(benchmark, {"select": "last"}, seed), time.perf_counter()
    card, train, valid = batches_of(settings)
    halves, recipe = halves_of(settings, valid), settings.train

    def scores(draw, recipe):
        model = storage.build(configuration(settings, card), seed)
        sign_draws.draw_signs(model, seed, draw)
        fit.fit(model, train, valid, recipe)
        return [fit.evaluate(model, half) for half in halves]

    short = dataclasses.replace(recipe, epochs=epochs)
    tried = [[half["cross_entropy"] for half in scores(draw, short)] for draw in range(DRAWS)]
    best = [int(np.argmin([losses[half] for losses in tried])) for half in (1, 0)]
    full = {draw: scores(draw, recipe) for draw in {0, *best}}
    for name, draws in ((ONE, (0, 0)), (f"{CROSSED}, {epochs} epochs", best)):
        found = [full[draw][half] for half, draw in enumerate(draws)]
        means = [np.mean([x[key] for x in found]) for key in ("accuracy", "cross_entropy")]
        seconds = round(time.perf_counter() - start, 1)
        yield benchmark, name, seed, *(round(m, 5) for m in means), recipe.epochs, 0.0, seconds


def study(benchmark, path):
    """Append what is missing to the CSV file ``path``."""
    table = Table(path, COLUMNS)
    there = table.done(("benchmark", "option", "seed"))
    work = [(f"teacher {name}", 1, teach, (benchmark, name)) for name in TEACHERS]
    for name in (name for name in OPTIONS if name not in TOO_LONG.get(benchmark, ())):
        work += [(name, seed, run, (benchmark, name, seed)) for seed in RUNS[benchmark][1]]
    work += [
        (ONE, seed, crossed, (benchmark, CROSSED_EPOCHS[benchmark], seed)) for seed in (1, 2, 3)
    ]
    for name, seed, function, arguments in work:
        if (benchmark, name, str(seed)) in there:
            continue
        rows = function(*arguments)
        for row in rows if function is crossed else [rows]:
            table.append(row)
            print(*row, sep=", ", flush=True)


def main():
    torch.set_num_threads(1)
    for benchmark in sys.argv[1:]:
        study(benchmark, Path("results/studies/training_options.csv"))


if __name__ == "__main__":
    with as_sentences():
        main()

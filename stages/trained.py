"""What a training leaves: models/<benchmark>/, train.json and history.csv."""

import csv

from hadamrnn.models import storage
from hadamrnn.training import device
from hadamrnn.training.fit import HISTORY_COLUMNS
from stages import common


def write_history(rows, path):
    """One line an epoch."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, HISTORY_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write(result, model, config, benchmark, validation_held_out):
    """The model, what its training took, and its history, for the stages behind."""
    storage.save(model, config, common.models(benchmark))
    summary = {
        "seconds": result.seconds,
        "epochs": len(result.history),
        "best_epoch": result.best_epoch,
        "validation_held_out": validation_held_out,
        "seconds_per_epoch": result.seconds / len(result.history),
        "flips_per_step": result.flips_per_step,
        "machine": device.machine(next(model.parameters()).device),
    }
    common.write_json(common.results(benchmark) / "train.json", summary)
    write_history(result.history, common.results(benchmark) / "history.csv")

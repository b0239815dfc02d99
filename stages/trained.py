"""What a training run leaves: models/<benchmark>/, train.json and history.csv."""

from collections.abc import Mapping
from typing import Any

from hadamrnn import files
from hadamrnn.models import storage
from hadamrnn.training import device
from hadamrnn.training.job import Job
from hadamrnn.training.run import HISTORY_COLUMNS, FitResult
from stages import common

HISTORY = "history.csv"


def write(result: FitResult, job: Job, chosen: Mapping[str, Any]) -> None:
    """Write the model, what its training took, and its history, for the stages behind.

    Parameters
    ----------
    result : FitResult
        Of the finished run.
    job : Job
        That run; its model has the chosen epoch's parameters.
    chosen : mapping
        What became of keys that were ``auto``.
    """
    benchmark, held_out = job.settings.benchmark, not job.settings.train.train_on_validation
    with files.replacing_folder(common.models(benchmark)) as saved:
        storage.save(job.model, job.config, saved)
    folder = common.results(benchmark)
    files.write_csv(folder / HISTORY, HISTORY_COLUMNS, result.history)
    summary: dict[str, Any] = {
        "seconds": result.seconds,
        "epochs": len(result.history),
        "best_epoch": result.best_epoch,
        "validation_held_out": held_out,
        "seconds_per_epoch": result.seconds / len(result.history),
        "flips_per_step": result.flips_per_step,
        "machine": device.machine(next(job.model.parameters()).device),
        "checksums": {HISTORY: files.checksum_of(folder / HISTORY)},
    }
    if chosen:
        summary["chosen"] = dict(chosen)
    files.write_json(folder / "train.json", summary, sealed=True)

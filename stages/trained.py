"""What a training run leaves: models/<benchmark>/, train.json and history.csv."""

from collections.abc import Mapping
from typing import Any

from hadamrnn import files
from hadamrnn.models import storage
from hadamrnn.models.storage import Model
from hadamrnn.training import device
from hadamrnn.training.run import HISTORY_COLUMNS, FitResult
from stages import common

HISTORY = "history.csv"


def write(
    result: FitResult, model: Model, config: Mapping[str, Any], benchmark: str, held_out: bool
) -> None:
    """Write the model, what its training took, and its history, for the stages behind.

    Parameters
    ----------
    result : FitResult
        Of the finished run.
    model : Model
        With the chosen epoch's parameters.
    config : mapping
        What the model was built from.
    benchmark : str
        Its name.
    held_out : bool
        Whether no validation row was trained on.
    """
    with files.replacing_folder(common.models(benchmark)) as saved:
        storage.save(model, config, saved)
    folder = common.results(benchmark)
    files.write_csv(folder / HISTORY, HISTORY_COLUMNS, result.history)
    summary = {
        "seconds": result.seconds,
        "epochs": len(result.history),
        "best_epoch": result.best_epoch,
        "validation_held_out": held_out,
        "seconds_per_epoch": result.seconds / len(result.history),
        "flips_per_step": result.flips_per_step,
        "machine": device.machine(next(model.parameters()).device),
        "checksums": {HISTORY: files.checksum_of(folder / HISTORY)},
    }
    files.write_json(folder / "train.json", summary, sealed=True)

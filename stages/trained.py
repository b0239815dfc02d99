"""What a training run leaves: models/<benchmark>/, train.json and history.csv."""

from typing import Any

from torch import nn

from hadamrnn import files
from hadamrnn.models import storage
from hadamrnn.training import device
from hadamrnn.training.fit import HISTORY_COLUMNS, FitResult
from stages import common


def write(
    result: FitResult,
    model: nn.Module,
    config: dict[str, Any],
    benchmark: str,
    validation_held_out: bool,
) -> None:
    """Write the model, what its training took, and its history, for the stages behind.

    Parameters
    ----------
    result : FitResult
        Of the finished run.
    model : torch.nn.Module
        With the chosen epoch's parameters.
    config : dict
        What the model was built from.
    benchmark : str
        Its name.
    validation_held_out : bool
        Whether no validation row was trained on.
    """
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
    folder = common.results(benchmark)
    files.write_csv(folder / "history.csv", HISTORY_COLUMNS, result.history)
    files.write_json(folder / "train.json", summary, sealed=True)

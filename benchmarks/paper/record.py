"""What an experiment left, as one record of results/paper."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from benchmarks.machine import machine
from benchmarks.paper import plan
from hadamrnn import params
from hadamrnn.errors import HadamrnnError
from hadamrnn.report import records

MACHINE = ("cpu", "cores", "system", "python", "versions")
"""What a record says of a machine."""


def model_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What a table says of a model.

    Parameters
    ----------
    settings : mapping
        As of ``parameters``.

    Returns
    -------
    dict
        ``name``, ``hidden_size``, ``q`` (None without blocks) and ``weight_bits`` (32 for float32):
        what the model has, whatever params.yaml says for the others.
    """
    from hadamrnn.models.storage import MODELS  # loads torch

    name = settings["model"]
    quantized = getattr(MODELS[name], "quantized", True)
    return {
        "name": name,
        "hidden_size": settings["train"]["hidden_size"],
        "q": settings["q"] if name in params.HADAMARD_MODELS else None,
        "weight_bits": (settings["weight_bits"] if quantized else None) or 32,
    }


def record_of(
    changes: Mapping[str, Any],
    read: Callable[[str], bytes | None],
    commit: str,
    finished: str,
) -> records.Record:
    """The record of one finished experiment.

    Parameters
    ----------
    changes : mapping
        What the run set, by dotted keys, as ``sweeps.runs.expand`` gives.
    read : callable
        Content of a file of the experiment by its path, None where there is none.
    commit : str
        Of the code that the experiment started from.
    finished : str
        Date and time.

    Returns
    -------
    dict
        By ``records.KEYS``; its command is empty, as it hangs on the params.yaml of the day.

    Raises
    ------
    HadamrnnError
        Where the experiment lacks its metrics or parameters, or has wrong ones.
    """
    benchmark = changes["benchmarks"][0]
    folder = f"results/{benchmark}"

    def text(path: str) -> str:
        content = read(path)
        if content is None:
            raise HadamrnnError(f"{path}: must be in every experiment; {commit[:7]} has none")
        return content.decode()

    settings = plan.parameters(yaml.safe_load(text("params.yaml")), benchmark)
    trained = json.loads(text(f"{folder}/train.json"))
    here = machine()
    unknown = {"collected_on": {key: here[key] for key in MACHINE}}
    return {
        "benchmark": benchmark,
        "model": model_of(settings),
        "seed": settings["seed"],
        "command": "",
        "commit": commit,
        "finished": finished,
        "machine": trained.get("machine", unknown),
        "set": dict(changes),
        "params": settings,
        "metrics": json.loads(text(f"{folder}/metrics.json")),
        "confusion": records.confusion(text(f"{folder}/confusion.csv")),
        "history": records.history(text(f"{folder}/history.csv")),
    }

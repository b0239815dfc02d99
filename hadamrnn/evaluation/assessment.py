"""What a trained and exported model is worth: the parts of metrics.json.

The float model has quantized weights and float activations; the integer model is what ships.
"""

import statistics
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from hadamrnn import integer
from hadamrnn.errors import HadamrnnError
from hadamrnn.evaluation import forms, onnx_sessions
from hadamrnn.evaluation.tasks import Task
from hadamrnn.integer import IntegerModel, accounting, c_header
from hadamrnn.metrics import balanced_accuracy, by_class, errors, merge
from hadamrnn.prepared import lengths

Array = npt.NDArray[Any]
MOST_ROWS = 100_000
"""Steps that confusion.csv has at most; every plot draws all of it."""
MOST_DETAILS = 50
"""Classes, and groups, of which each has scores of its own."""
NOTHING_SHIPPED: Mapping[str, Any] = {
    "integer": None,
    "parity": None,
    "latency_us": {"c_sequence": None, "onnx_sequence": None},
}
"""In place of what is measured on an exported model: a baseline has no integer form."""
ONNX_SEQUENCES = 256
"""Test sequences compared with ONNX; onnxruntime walks long sequences slowly."""


@torch.no_grad()
def float_logits(
    model: torch.nn.Module, batches: Iterable[tuple[torch.Tensor, ...]]
) -> npt.NDArray[np.float32]:
    """Logits of all batches in order.

    Parameters
    ----------
    model : torch.nn.Module
        In evaluation mode.
    batches : iterable of (inputs, targets), or (inputs, targets, lengths, weights)
        On the model's device.

    Returns
    -------
    array of float32, (n, classes) or (n, time, classes)
        Its outputs.
    """
    return np.concatenate([model(x, *facts[:1]).cpu().numpy() for x, _, *facts in batches])


def confusion_rows(task: Task, predicted: Array) -> list[dict[str, str]]:
    """Actual and predicted class, or number, of every answer.

    Parameters
    ----------
    task : Task
        Of the copy task only the steps whose target is not class 0 count (the recalled symbols).
    predicted : array
        As ``Task.predicted``.

    Returns
    -------
    list of dict
        {"actual", "predicted"}: a name each, or a number; of more than MOST_ROWS steps so many,
        evenly spread.
    """
    wanted = task.wanted
    if task.score == "recalled_accuracy":
        predicted, wanted = predicted[wanted > 0], wanted[wanted > 0]
    if task.every_step:
        chosen = np.linspace(0, len(wanted) - 1, min(MOST_ROWS, len(wanted))).astype(np.int64)
        predicted, wanted = predicted[chosen], wanted[chosen]
    names = task.card["output"]["names"]

    def shown(value: Any) -> str:
        return f"{value:.9g}" if task.units is not None else names[value]

    return [
        {"actual": shown(actual), "predicted": shown(guess)}
        for actual, guess in zip(wanted.tolist(), predicted.tolist(), strict=True)
    ]


def add_details(
    metrics: dict[str, Any], answers: Mapping[str, Array], folder: Path, task: Task
) -> None:
    """Add balanced accuracies, and of the user's own data what each class and group is worth.

    Parameters
    ----------
    metrics : dict
        Of metrics.json, changed: "balanced_accuracy" of each model, "classes"
        (``metrics.by_class``) and "groups" (accuracy, or errors of numbers, and how many sequences
        or steps). More than MOST_DETAILS classes or groups, which would fill every table, are left
        out.
    answers : mapping of str to array
        Of the models "float" and, where there is one, "integer", as ``Task.answers``.
    folder : Path
        Prepared data.
    task : Task
        Of the test rows.
    """
    card, wanted = task.card, task.wanted
    if task.score == "recalled_accuracy":
        return
    if task.units is None:
        for part, values in answers.items():
            metrics[part]["balanced_accuracy"] = balanced_accuracy(values.argmax(-1), wanted)
    if not card.get("own"):
        return
    names, predicted = card["output"]["names"], answers.get("integer", answers["float"])
    predicted = task.predicted(predicted)
    if task.units is None and len(names) <= MOST_DETAILS:
        metrics["classes"] = by_class(predicted, wanted, names)
    groups = task.groups(folder)
    if groups is None:
        return
    tested = np.unique(groups)
    if len(tested) <= MOST_DETAILS:
        counted = "steps" if task.every_step else "sequences"
        metrics["groups"] = {
            card["groups"][group]: {
                **_of_group(task, predicted[groups == group], wanted[groups == group]),
                counted: int((groups == group).sum()),
            }
            for group in tested
        }


def _of_group(task: Task, predicted: Array, wanted: Array) -> dict[str, float]:
    if task.units is None:
        return {"accuracy": float((predicted == wanted).mean())}
    found = errors(predicted, wanted)
    return {key: found[key] for key in ("mae", "rmse")}  # R2 says little of so few


def torch_latency_us(model: torch.nn.Module, one_input: Array, repeats: int = 21) -> float:
    """Median microseconds of the torch model on one sequence, on one thread.

    Parameters
    ----------
    model : torch.nn.Module
        On the CPU.
    one_input : array, (1, time, ...)
        Real numbers or ids.
    repeats : int
        Runs that are timed.
    """
    one_tensor = torch.from_numpy(one_input)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            with torch.no_grad():
                model(one_tensor)
            times.append(1e6 * (time.perf_counter() - start))
    finally:
        torch.set_num_threads(threads)
    return statistics.median(times)


def size_and_operations(
    model: IntegerModel, embedding_size: int | None = None
) -> dict[str, dict[str, int]]:
    """The sections "size" and "operations_per_step" of metrics.json.

    Parameters
    ----------
    model : IntegerModel
        As exported.
    embedding_size : int, optional
        As ``accounting.sizes``.
    """
    return {
        "size": accounting.sizes(model, embedding_size),
        "operations_per_step": accounting.operations_per_step(model),
    }


def of_export(
    folder: Path,
    readings: Array,
    real: Array,
    float_logits: Array,
    config: dict[str, Any],
    task: Task,
) -> tuple[dict[str, Any], Array]:
    """What an export is worth on test data.

    Parameters
    ----------
    folder : Path
        exports/<benchmark>.
    readings : array, (n, time, features) or (n, time)
        As the recorder gave them, for the integer model.
    real : array of the same shape
        What the float model makes of them (``Coding.decode``).
    float_logits : array
        All outputs of the float model, for agreement and ONNX; numbers in the targets' units.
    config : dict
        Of the trained model (training.configuration).
    task : Task
        Of the test rows.

    Returns
    -------
    parts : dict
        "integer", "size", "operations_per_step", "parity" and "latency_us" of metrics.json.
    logits : array of float64
        Real values of the integer model's, of the classes where the model has finer ones; numbers
        in the targets' units.

    Raises
    ------
    HadamrnnError
        If model.h has other tables than model.hrnn, or the export does not say what readings are.
    """
    frozen = integer.load(folder / "model.hrnn")
    if c_header.to_text(frozen) != (folder / "model.h").read_text(encoding="utf-8"):
        raise HadamrnnError(
            f"{folder / 'model.h'}: must hold the tables of model.hrnn beside it; got others; "
            f"run dvc repro -f export@{folder.name}"
        )
    steps = task.steps
    integer_logits, parity, c_latency = forms.parity_and_logits(frozen, readings, steps)
    class_of = config.get("class_of")
    units = [
        (rows, frozen.real_logits(integer_logits[rows], length))
        for rows, length in lengths.parts(steps, real.shape)
    ]
    logits = merge(forms.in_order(units, len(real)), class_of)
    some = slice(0, ONNX_SEQUENCES)
    parity["onnx_sequences"] = len(real[some])
    parity["onnx_mismatches"] = forms.onnx_mismatches(
        folder / "model.onnx",
        real[some],
        float_logits[some],
        None if steps is None else steps[some],
        None if task.units is None else float(task.units.scale),
    )
    answers = task.answers(logits)
    near = task.agreement(answers, task.answers(merge(float_logits, class_of)))
    return {
        "integer": task.scores(answers) | near,
        **size_and_operations(frozen, config["arguments"].get("embedding_size")),
        "parity": parity,
        "latency_us": {
            "c_sequence": c_latency,
            "onnx_sequence": onnx_sessions.latency_us(folder / "model.onnx", real[0]),
        },
    }, logits

"""What a trained and exported model is worth: the parts of metrics.json.

The float model has quantized weights and float activations; the integer model is what ships.
"""

import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from hadamrnn import integer
from hadamrnn.errors import HadamrnnError
from hadamrnn.evaluation import forms, onnx_sessions
from hadamrnn.integer import IntegerModel, accounting, c_header
from hadamrnn.metrics import balanced_accuracy, by_class, merge, scores
from hadamrnn.prepared import arrays, lengths

Array = npt.NDArray[Any]
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


def confusion_rows(
    predicted: Array, targets: Array, names: Sequence[str], per_step: bool
) -> list[dict[str, str]]:
    """Actual and predicted class of every sample.

    Parameters
    ----------
    predicted, targets : array of int, (n,) or (n, time)
        Class ids.
    names : sequence of str
        Of the classes.
    per_step : bool
        Whether there is a time axis. Only the steps whose target is not class 0 count then (the
        recalled symbols of the copy task).

    Returns
    -------
    list of dict
        {"actual", "predicted"}: a name each.
    """
    if per_step:
        predicted, targets = predicted[targets > 0], targets[targets > 0]
    return [
        {"actual": names[actual], "predicted": names[guess]}
        for actual, guess in zip(targets.tolist(), predicted.tolist(), strict=True)
    ]


def add_details(
    metrics: dict[str, Any],
    logits: Mapping[str, Array],
    folder: Path,
    card: Mapping[str, Any],
    targets: Array,
) -> None:
    """Add balanced accuracies, and of the user's own data what each class and group is worth.

    Parameters
    ----------
    metrics : dict
        Of metrics.json, changed: "balanced_accuracy" of each model, "classes"
        (``metrics.by_class``) and "groups" (accuracy, sequences). More than MOST_DETAILS classes
        or groups, which would fill every table, are left out.
    logits : mapping of str to array, (n, classes)
        Of the models "float" and, where there is one, "integer".
    folder : Path
        Prepared data.
    card : mapping
        card.json of the folder.
    targets : array of int, (n,)
        Class ids of the test rows.
    """
    if card["output"]["per_step"]:
        return
    for part, values in logits.items():
        metrics[part]["balanced_accuracy"] = balanced_accuracy(values.argmax(-1), targets)
    if not card.get("own"):
        return
    names, predicted = card["output"]["names"], logits.get("integer", logits["float"]).argmax(-1)
    if len(names) <= MOST_DETAILS:
        metrics["classes"] = by_class(predicted, targets, names)
    if "groups" not in card:
        return
    groups = arrays.read_array(folder, "test", "groups")
    tested = np.unique(groups)
    if len(tested) <= MOST_DETAILS:
        metrics["groups"] = {
            card["groups"][group]: {
                "accuracy": float((predicted == targets)[groups == group].mean()),
                "sequences": int((groups == group).sum()),
            }
            for group in tested
        }


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
    targets: Array,
    float_logits: Array,
    config: dict[str, Any],
    steps: Array | None = None,
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
    targets : array of int
        Class ids.
    float_logits : array
        All outputs of the float model, for agreement and ONNX.
    config : dict
        Of the trained model (training.configuration).
    steps : array of int, (n,), optional
        Of each sequence, where they differ.

    Returns
    -------
    parts : dict
        "integer", "size", "operations_per_step", "parity" and "latency_us" of metrics.json.
    logits : array of float64
        Real values of the integer model's, of the classes where the model has finer ones.

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
    )
    agreement = float(np.mean(logits.argmax(-1) == merge(float_logits, class_of).argmax(-1)))
    return {
        "integer": scores(logits, targets) | {"agreement": agreement},
        **size_and_operations(frozen, config["arguments"].get("embedding_size")),
        "parity": parity,
        "latency_us": {
            "c_sequence": c_latency,
            "onnx_sequence": onnx_sessions.latency_us(folder / "model.onnx", real[0]),
        },
    }, logits

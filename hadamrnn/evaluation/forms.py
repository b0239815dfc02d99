"""The forms of an exported model side by side: C and ONNX against Python, row by row."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn.evaluation import onnx_sessions
from hadamrnn.integer import IntegerModel, with_engine
from hadamrnn.prepared import lengths
from hadamrnn.targets import host

Array = npt.NDArray[Any]


NUMBERS_APART = 1e-3
"""Of a target's deviation: numbers of ONNX that are further apart differ."""


def onnx_mismatches(
    path: Path,
    inputs: Array,
    logits: Array,
    steps: Array | None = None,
    deviation: float | None = None,
) -> int:
    """Sequences whose predicted class (at any step) differs between ONNX and the float model.

    Parameters
    ----------
    path : Path
        model.onnx.
    inputs : array, (n, time, features) or (n, time)
        Real numbers, or ids.
    logits : array
        The float model's.
    steps : array of int, (n,), optional
        Of each sequence, where they differ.
    deviation : float, optional
        Of targets that are numbers, which differ by more than NUMBERS_APART of it.
    """
    count = 0
    for rows, length in lengths.parts(steps, inputs.shape):
        found = onnx_sessions.run(path, inputs[rows, :length])
        wanted = logits[rows][:, :length] if found.ndim == 3 else logits[rows]
        if deviation is not None:
            differs = np.abs(found - wanted) > NUMBERS_APART * deviation
        else:
            differs = found.argmax(-1) != wanted.argmax(-1)
        count += int(differs.reshape(len(differs), -1).any(1).sum())
    return count


def parity_and_logits(
    model: IntegerModel, readings: Array, steps: Array | None = None
) -> tuple[Array, dict[str, int], float]:
    """All sequences, C against Python.

    Parameters
    ----------
    model : IntegerModel
        As exported, whatever runs it elsewhere.
    readings : array, (n, time, features) or (n, time)
        In the recorder's units, or ids. C codes them itself.
    steps : array of int, (n,), optional
        Of each sequence, where they differ.

    Returns
    -------
    logits : array of int64
        NumPy's.
    parity : dict
        {"sequences", "c_mismatches"}.
    microseconds : float
        Median of one sequence in C.
    """
    found, mismatches = [], 0
    definition = with_engine(model, "numpy")
    with host.HostProgram(model) as program:
        for rows, length in lengths.parts(steps, readings.shape):
            part = readings[rows, :length]
            result = program.run(model, part, workers=2, raw=True)
            logits = definition.run_logits(model.quantize_raw(part))
            differs = (logits != result.logits).reshape(len(logits), -1).any(1)
            mismatches += int(differs.sum())
            found.append((rows, logits))
        usual = readings.shape[1] if steps is None else int(steps[0])
        one = np.repeat(readings[:1, :usual], 21, axis=0)
        latency = float(np.median(program.run(model, one, raw=True).microseconds))
    parity = {"sequences": len(readings), "c_mismatches": mismatches}
    return in_order(found, len(readings)), parity, latency


def in_order(found: Sequence[tuple[Any, Array]], count: int) -> Array:
    """Results of some rows each, as those of all rows.

    Parameters
    ----------
    found : sequence of (rows, array)
        Rows as ``lengths.parts`` gives them; together all.
    count : int
        Of all rows.

    Returns
    -------
    array, (count, ...)
        Of answers at every step zeros behind a sequence's end.
    """
    shape = np.max([values.shape[1:] for _, values in found], axis=0)
    result = np.zeros((count, *shape), dtype=found[0][1].dtype)
    for rows, values in found:
        if values.ndim == 3:
            result[rows, : values.shape[1]] = values
        else:
            result[rows] = values
    return result

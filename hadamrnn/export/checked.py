"""A folder for a device from a trained classifier, its forms compared before it is handed over."""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch

from hadamrnn import files
from hadamrnn.compiler import find_compiler
from hadamrnn.errors import HadamrnnError
from hadamrnn.export import firmware, from_torch, onnx_float
from hadamrnn.integer import IntegerModel, packed, with_engine
from hadamrnn.metrics import errors
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.prepared.numbers import Units
from hadamrnn.targets import host

Array = npt.NDArray[Any]
FLOAT32 = 1e-6
"""Of a number in float32: a few of its roundings."""
COMPARED = 64
"""Sequences of a length that are run in every form."""
TOLERANCE = 1e-3
"""Of ONNX's logits, beside the largest of torch's: both sum in float32, in another order."""


@dataclasses.dataclass(frozen=True)
class Exported:
    """What an export wrote, and how its forms compared.

    Parameters
    ----------
    folder : Path
        Of model.hrnn, model.onnx and the C sources.
    model : IntegerModel
        The model in model.hrnn.
    sequences : int
        Compared.
    c_checked : bool
        Whether C ran and equalled the integer model; False where there is no C compiler.
    agreement : float
        Share of the sequences (and steps) to which integer and torch model give one class; of
        numbers the R2 of the integer model's about those of torch, 1 where they are equal.
    """

    folder: Path
    model: IntegerModel
    sequences: int
    c_checked: bool
    agreement: float


def by_length(sequences: Iterable[npt.ArrayLike]) -> Iterator[npt.NDArray[Any]]:
    """Sequences as batches in which all have one length, the shortest first.

    Parameters
    ----------
    sequences : iterable of array_like
        (time, features) or (time,) each.

    Examples
    --------
    >>> [batch.shape for batch in by_length([[1, 2], [3], [4, 5]])]
    [(1, 1), (2, 2)]
    """
    arrays = [np.asarray(one) for one in sequences]
    for steps in sorted({len(one) for one in arrays}):
        yield np.stack([one for one in arrays if len(one) == steps])


def write(
    classifier: HadamClassifier,
    model: IntegerModel,
    folder: str | Path,
    sequences: Sequence[npt.ArrayLike],
    units: Units | None = None,
) -> Exported:
    """Write model.hrnn, model.onnx and the C sources, after all were compared.

    Parameters
    ----------
    classifier : HadamClassifier
        Trained.
    model : IntegerModel
        Frozen from it.
    folder : str or Path
        Made if it is not there.
    sequences : sequence of array_like
        As the classifier reads them: (time, features) floats, or (time,) ids.
    units : Units, optional
        Of outputs that are numbers, in which the exported forms give them.

    Returns
    -------
    Exported

    Raises
    ------
    HadamrnnError
        C differs from the integer model, or ONNX from torch, or the folder cannot be written.
    """
    weights = from_torch.float_weights(classifier)
    weights = weights if units is None else weights.in_units(units.zero, units.scale)
    graph = onnx_float.float_graph(
        weights, model.readout, model.per_step, model.input_kind
    ).SerializeToString()
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    batches = [batch[:COMPARED] for batch in by_length(sequences)]
    c_checked, answers = _has_compiler(), []
    program = host.HostProgram(model) if c_checked else None
    try:
        for batch in batches:
            x_int = model.quantize_input(batch)
            integers = with_engine(model, "numpy").run_logits(x_int)
            if program and (program.run(model, x_int).logits != integers).any():
                raise HadamrnnError("export: C must equal the integer model; got other logits")
            floats = _torch_logits(classifier, batch)
            _check_onnx(session, batch, floats, units)
            numbers = model.real_logits(integers, batch.shape[1])
            if units is not None:
                floats = units.real(floats)
            answers.append((numbers, floats))
    finally:
        if program:
            program.__exit__()
    folder = Path(folder)
    packed.write(model, folder / "model.hrnn")
    files.write_bytes(folder / "model.onnx", graph)
    firmware.write(model, folder)
    count = sum(len(numbers) for numbers, _ in answers)
    return Exported(folder, model, count, c_checked, _agreement(answers, units))


def _agreement(answers: list[tuple[Array, Array]], units: Units | None) -> float:
    """How near (integer, torch) outputs of several lengths are."""
    if units is None:
        same = [(one.argmax(-1) == two.argmax(-1)).mean() * len(one) for one, two in answers]
        return float(sum(same) / max(1, sum(len(one) for one, _ in answers)))
    numbers, wanted = (np.concatenate(parts) for parts in zip(*answers, strict=True))
    outputs = zip(numbers.T, wanted.T, strict=True)
    return float(np.mean([errors(found, right)["r2"] for found, right in outputs]))


def _has_compiler() -> bool:
    try:
        return bool(find_compiler())
    except HadamrnnError:
        return False


@torch.no_grad()
def _torch_logits(classifier: HadamClassifier, batch: npt.NDArray[Any]) -> npt.NDArray[Any]:
    classifier.eval()
    given = torch.as_tensor(batch).to(classifier.output_weight.device)
    logits: npt.NDArray[Any] = classifier(given).cpu().numpy()
    return logits


def _check_onnx(
    session: onnxruntime.InferenceSession, batch: Array, logits: Array, units: Units | None
) -> None:
    wanted = session.get_inputs()[0]
    kind = np.float32 if wanted.type == "tensor(float)" else np.int64
    found = np.asarray(session.run(["logits"], {wanted.name: batch.astype(kind)})[0])
    allowed = TOLERANCE * max(1.0, float(np.abs(logits).max()))
    if units is not None:  # numbers far from 0 have fewer bits left for their differences
        found = (found.astype(np.float64) - units.zero) / units.scale
        allowed += FLOAT32 * float(np.max(np.abs(units.zero) / units.scale))
    error = float(np.abs(found - logits).max())
    if not error <= allowed:
        raise HadamrnnError(f"export: ONNX must equal the torch model; got logits {error:g} apart")

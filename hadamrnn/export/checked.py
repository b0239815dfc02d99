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
from hadamrnn.integer import IntegerModel, packed
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.targets import host

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
        Share of the sequences (and steps) to which integer and torch model give one class.
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

    Returns
    -------
    Exported

    Raises
    ------
    HadamrnnError
        C differs from the integer model, or ONNX from torch, or the folder cannot be written.
    """
    graph = onnx_float.float_graph(
        from_torch.float_weights(classifier), model.readout, model.per_step, model.input_kind
    ).SerializeToString()
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    batches = [batch[:COMPARED] for batch in by_length(sequences)]
    c_checked, count, agreeing = _has_compiler(), 0, 0.0
    program = host.HostProgram(model) if c_checked else None
    try:
        for batch in batches:
            x_int = model.quantize_input(batch)
            integers = model.run_logits(x_int)
            if program and (program.run(model, x_int).logits != integers).any():
                raise HadamrnnError("export: C must equal the integer model; got other logits")
            floats = _torch_logits(classifier, batch)
            _check_onnx(session, batch, floats)
            agreeing += float((integers.argmax(-1) == floats.argmax(-1)).mean()) * len(batch)
            count += len(batch)
    finally:
        if program:
            program.__exit__()
    folder = Path(folder)
    packed.write(model, folder / "model.hrnn")
    files.write_bytes(folder / "model.onnx", graph)
    firmware.write(model, folder)
    return Exported(folder, model, count, c_checked, agreeing / max(1, count))


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
    session: onnxruntime.InferenceSession, batch: npt.NDArray[Any], logits: npt.NDArray[Any]
) -> None:
    wanted = session.get_inputs()[0]
    kind = np.float32 if wanted.type == "tensor(float)" else np.int64
    found = np.asarray(session.run(["logits"], {wanted.name: batch.astype(kind)})[0])
    error = float(np.abs(found - logits).max())
    if not error <= TOLERANCE * max(1.0, float(np.abs(logits).max())):
        raise HadamrnnError(f"export: ONNX must equal the torch model; got logits {error:g} apart")

"""Inputs as users have them: .csv, .npy and .npz files as arrays that a model can read."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn import files
from hadamrnn.cli import csv_file
from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import IntegerModel
from hadamrnn.prepared import arrays
from hadamrnn.prepared.coding import Coding
from hadamrnn.prepared.copy_task import expand_copy

NPY, ZIP = b"\x93NUMPY", b"PK\x03\x04"
"""First bytes of an array, and of an archive of arrays."""
INPUTS = "inputs"
"""Array of an archive that is read where there are several."""


def read_npy(path: Path) -> npt.NDArray[Any]:
    """The array of numbers in a .npy file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    array
        As stored; read as it is used.

    Raises
    ------
    HadamrnnError
        If the file cannot be read, is no array of numbers, or is shorter than it claims.
    """
    try:
        with path.open("rb") as file:
            start = file.read(len(NPY))
    except OSError as error:
        raise HadamrnnError(f"{path}: must be a readable file; got {error.strerror}") from error
    if start[: len(ZIP)] == ZIP:
        raise HadamrnnError(
            f"{path}: must be one array (numpy.save); got an archive, such as .npz files are"
        )
    if start != NPY:
        raise HadamrnnError(f"{path}: must be an array (numpy.save); got a start of {start!r}")
    try:
        # A map takes no memory for what a damaged header claims beyond the end of the file.
        with np.errstate(all="ignore"):
            array = np.lib.format.open_memmap(path, mode="r")
    except Exception as error:  # a damaged header fails in many ways within NumPy
        raise HadamrnnError(f"{path}: must be a whole array of numbers; got {error}") from error
    if array.dtype.kind not in "iufb":
        raise HadamrnnError(f"{path}: must be an array of numbers; got {array.dtype}")
    return array


def read_npz(path: Path) -> npt.NDArray[Any]:
    """The array ``inputs`` of a .npz file, or the only one in it.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    array
        Of numbers.

    Raises
    ------
    HadamrnnError
        If the file cannot be read, or holds no such array of numbers.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            names = sorted(archive.files)
            chosen = INPUTS if INPUTS in names else names[0] if len(names) == 1 else None
            array = None if chosen is None else archive[chosen]
    except OSError as error:
        words = error.strerror or error
        raise HadamrnnError(f"{path}: must be a readable file; got {words}") from error
    except Exception as error:  # a damaged archive fails in many ways within NumPy
        raise HadamrnnError(f"{path}: must be an archive of arrays; got {error}") from error
    if array is None:
        raise HadamrnnError(
            f"{path}: must hold one array, or one that is named {INPUTS}; got {', '.join(names)}"
        )
    if array.dtype.kind not in "iufb":
        raise HadamrnnError(f"{path}: must hold an array of numbers; got {array.dtype}")
    numbers: npt.NDArray[Any] = array
    return numbers


def read_inputs(path: Path, model: IntegerModel) -> npt.NDArray[Any]:
    """Readings, or symbol ids, of a file as ``IntegerModel.predict`` takes them.

    Parameters
    ----------
    path : Path
        A .npy or .npz file holds one sequence or many, in a .npz as its only array or as
        ``inputs``. A .csv file holds one sequence, a line a sample. Where card.json lies beside a
        .npy file (a prepared folder) and the model does not say what readings are, what is stored
        is decoded as the card says.
    model : IntegerModel
        Who reads.

    Returns
    -------
    array, (n, T, d_in) or (n, T)
        Not checked against the model. Where a step reads several samples, the last ones that do
        not fill a step are left out.

    Raises
    ------
    HadamrnnError
        For a file of another kind, or one that cannot be read.
    """
    symbol = model.input_kind == "symbol"
    if path.suffix == ".csv":
        rows = csv_file.read(path)
        return rows.reshape(1, -1) if symbol else _framed(rows[None], model)
    if path.suffix not in (".npy", ".npz"):
        raise HadamrnnError(f"{path}: must be a .csv, .npy or .npz file; got {path.suffix!r}")
    stored = read_npy(path) if path.suffix == ".npy" else read_npz(path)
    card_path = path.with_name(arrays.CARD)
    if path.suffix == ".npy" and card_path.is_file():
        card = files.read_json(card_path)
        if card.get("layout") == "copy" and path.stem.endswith("_messages"):
            return expand_copy(stored, card["steps"])[0]
        if model.recording is None:
            stored = np.asarray(Coding.from_card(card, str(card_path)).decode(stored))
    sequences = stored[None] if stored.ndim == (1 if symbol else 2) else stored
    return sequences if symbol else _framed(sequences, model)


def _framed(samples: npt.NDArray[Any], model: IntegerModel) -> npt.NDArray[Any]:
    """(n, samples, channels) as (n, T, frame * channels); anything else as it is."""
    recording = model.recording
    if recording is None or recording.frame == 1 or samples.ndim != 3:
        return samples
    count, length, width = samples.shape
    steps = length // recording.frame
    if width != recording.channels or not steps:
        return samples
    whole = samples[:, : steps * recording.frame]
    return whole.reshape(count, steps, recording.frame * width)

"""Inputs as users have them: .npy and .csv files as arrays that a model can read."""

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


def read_inputs(path: Path, model: IntegerModel) -> npt.NDArray[Any]:
    """Real inputs, or symbol ids, of a .npy or .csv file.

    Parameters
    ----------
    path : Path
        A .npy file holds one sequence or many. If a card.json lies beside it (a prepared data
        set), the stored numbers are decoded as it says. A .csv file holds one sequence, a line a
        step.
    model : IntegerModel
        Who reads.

    Returns
    -------
    array, (n, T, d_in) or (n, T)
        Not checked against the model.

    Raises
    ------
    HadamrnnError
        For a file of another kind, or one that cannot be read.
    """
    symbol = model.input_kind == "symbol"
    if path.suffix == ".csv":
        rows = csv_file.read(path)
        return rows.reshape(1, -1) if symbol else rows[None]
    if path.suffix != ".npy":
        raise HadamrnnError(f"{path}: must be a .npy or .csv file; got {path.suffix!r}")
    stored = read_npy(path)
    card_path = path.with_name(arrays.CARD)
    if card_path.is_file():
        card = files.read_json(card_path)
        if card.get("layout") == "copy" and path.stem.endswith("_messages"):
            return expand_copy(stored, card["steps"])[0]
        stored = np.asarray(Coding.from_card(card, str(card_path)).decode(stored))
    return stored[None] if stored.ndim == (1 if symbol else 2) else stored

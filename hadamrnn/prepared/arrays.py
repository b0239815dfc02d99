"""Prepared folders as the training sees them: card.json and the arrays of a split.

Kept apart from the modules that make the folders, so that a new download address re-runs the
preparation and, where its bytes stay the same, nothing else. Whatever made a folder, its arrays
are checked here, so that a model never learns from damaged files, gaps or labels without meaning.
"""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hadamrnn import files
from hadamrnn.errors import HadamrnnError
from hadamrnn.prepared.copy_task import SYMBOLS, expand_copy

SPLITS = ("train", "valid", "test")
UNLABELLED = "unlabelled"
"""A further split of some benchmarks: inputs alone, for others to score."""
CARD = "card.json"


def _remedy(folder: Path) -> str:
    return f"run dvc repro prepare@{folder.name}"


def read_card(folder: str | Path) -> dict[str, Any]:
    """card.json of a prepared folder.

    Parameters
    ----------
    folder : str or Path
        A prepared folder.

    Returns
    -------
    dict
        What the arrays are: shapes, checksums, coding of the inputs, classes.

    Raises
    ------
    HadamrnnError
        The file is missing or damaged.
    """
    path = Path(folder) / CARD
    return files.read_json(path, _remedy(path.parent), sealed=True)


def read_array(folder: str | Path, split: str, what: str) -> np.ndarray:
    """``<split>_<what>.npy`` of a prepared folder.

    Parameters
    ----------
    folder : str or Path
        A prepared folder.
    split : str
        "train", "valid", "test" or "unlabelled".
    what : str
        Such as "inputs", "targets", "finer", "subjects", "messages".

    Returns
    -------
    numpy.ndarray
        The array as stored.

    Raises
    ------
    HadamrnnError
        The split is unknown, or the file is missing or not the one that card.json describes.
    """
    if split not in (*SPLITS, UNLABELLED):
        raise HadamrnnError(f"split: must be one of {', '.join(SPLITS)}; got {split!r}")
    path = Path(folder) / f"{split}_{what}.npy"
    card, remedy = read_card(folder), _remedy(path.parent)
    data = files.read_checked(path, card["checksums"].get(path.name), remedy)
    try:
        array: np.ndarray = np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise files.damaged(path, f"no .npy file ({error})", remedy) from None
    shape = card["shapes"].get(path.name)
    if list(array.shape) != shape:
        raise HadamrnnError(
            f"{path}: must have the shape {shape} of {CARD}; got {list(array.shape)}"
        )
    return array


def load(folder: str | Path, split: str, finer: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets of one split, checked.

    Parameters
    ----------
    folder : str or Path
        A prepared folder. One whose card has the "layout" "copy" stores messages alone, and the
        sequences are made from them here.
    split : str
        "train", "valid" or "test".
    finer : bool
        Take the ids of the finer classes that ``finer_classes`` names.

    Returns
    -------
    inputs : (n, T, d) uint8 or float32, or (n, T) symbol ids
    targets : (n,) or (n, T) integers from 0, or (n,) float64 where they are numbers

    Raises
    ------
    HadamrnnError
        A file is missing, damaged, or holds what cannot be learned: no rows, unequal counts,
        numbers that are not finite, ids or labels out of range.
    """
    card = read_card(folder)
    if card.get("layout") == "copy":
        messages = read_array(folder, split, "messages")
        _check_ids(Path(folder) / f"{split}_messages.npy", messages, 1, SYMBOLS)
        return expand_copy(messages, card["steps"])
    if not finer and "target" in card["output"]:
        inputs, numbers = read_array(folder, split, "inputs"), read_array(folder, split, "targets")
        _check_numbers(Path(folder) / f"{split}_targets.npy", numbers, len(inputs))
        _check_inputs(Path(folder) / f"{split}_inputs.npy", inputs, card["input"])
        return inputs, numbers
    classes = len(finer_classes(card)["class_of"]) if finer else card["output"]["size"]
    what = "finer" if finer else "targets"
    inputs, targets = read_array(folder, split, "inputs"), read_array(folder, split, what)
    path = Path(folder) / f"{split}_{what}.npy"
    _check_ids(path, targets, 0, classes - 1)
    if len(targets) != len(inputs):
        raise HadamrnnError(
            f"{path}: must have one row for each of the {len(inputs)} rows of "
            f"{split}_inputs.npy; got {len(targets)}"
        )
    _check_inputs(Path(folder) / f"{split}_inputs.npy", inputs, card["input"])
    return inputs, targets


def _check_numbers(path: Path, targets: np.ndarray, rows: int) -> None:
    """A finite number for each row, of one row at least."""
    if targets.shape != (rows,) or not rows:
        raise HadamrnnError(f"{path}: must have shape ({rows},), not empty; got {targets.shape}")
    if targets.dtype != np.float64 or not np.isfinite(targets).all():
        raise HadamrnnError(f"{path}: must hold finite numbers (float64); got {targets.dtype}")


def _check_inputs(path: Path, inputs: np.ndarray, coding: dict[str, Any]) -> None:
    if coding["kind"] == "symbol":
        _check_ids(path, inputs, 0, coding["size"] - 1)
        return
    if inputs.ndim != 3 or inputs.shape[2] != coding["size"]:
        raise HadamrnnError(
            f"{path}: must have the shape (sequences, steps, {coding['size']}); got {inputs.shape}"
        )
    if inputs.dtype.kind not in "fiub":
        raise HadamrnnError(f"{path}: must hold numbers; got {inputs.dtype}")
    if inputs.dtype.kind == "f" and not np.isfinite(inputs).all():
        row, step, channel = (int(k[0]) for k in np.nonzero(~np.isfinite(inputs)))
        raise HadamrnnError(
            f"{path}: must hold finite numbers; got {inputs[row, step, channel]} in row {row}, "
            f"step {step}, channel {channel} (counted from 0)"
        )


def _check_ids(path: Path, ids: np.ndarray, lowest: int, highest: int) -> None:
    """Integers in lowest..highest, at least one row of them."""
    if len(ids) == 0:
        raise HadamrnnError(f"{path}: must have at least one row; got none")
    if ids.dtype.kind not in "iu":
        raise HadamrnnError(f"{path}: must hold integers; got {ids.dtype}")
    found = int(ids.min()), int(ids.max())
    if not lowest <= found[0] <= found[1] <= highest:
        raise HadamrnnError(f"{path}: must lie in {lowest}..{highest}; got {found[0]}..{found[1]}")


def finer_classes(card: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The finer classes that a card tells apart.

    Parameters
    ----------
    card : mapping
        card.json of the prepared data.

    Returns
    -------
    dict
        "names" of them, and "class_of": the class id of each.

    Raises
    ------
    HadamrnnError
        The data set has none.
    """
    if "finer" not in card["output"]:
        raise HadamrnnError(
            "train.finer_classes: must be false for a data set whose card.json names no finer "
            "classes; got true"
        )
    finer: dict[str, list[Any]] = card["output"]["finer"]
    return finer


def load_unlabelled(folder: str | Path) -> np.ndarray:
    """Inputs of a test set whose labels are not published.

    Parameters
    ----------
    folder : str or Path
        A prepared folder.

    Returns
    -------
    numpy.ndarray
        As ``load``'s inputs.

    Raises
    ------
    HadamrnnError
        There is none.
    """
    if f"{UNLABELLED}_inputs.npy" not in read_card(folder)["shapes"]:
        raise HadamrnnError(
            f"{folder}: must hold an unlabelled test set, as the GLUE benchmarks do; got none"
        )
    return read_array(folder, UNLABELLED, "inputs")

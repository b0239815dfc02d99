"""Prepared folders as the training sees them: card.json and the arrays of a split.

Kept apart from the modules that make the folders, so that a new download address re-runs the
preparation and, where its bytes stay the same, nothing else.
"""

import json
from pathlib import Path

import numpy as np

from hadamrnn.errors import HadamrnnError
from hadamrnn.prepared.copy_task import expand_copy

SPLITS = ("train", "valid", "test")
UNLABELLED = "unlabelled"
"""A further split of some benchmarks: inputs alone, for others to score."""
CARD = "card.json"


def read_card(folder):
    """card.json of a prepared folder, as a dict. Raises HadamrnnError when it is not there."""
    path = Path(folder) / CARD
    if not path.is_file():
        raise HadamrnnError(f"{path}: must exist before it is loaded (dvc repro); got no such file")
    return json.loads(path.read_bytes())


def read_array(folder, split, what):
    """``<split>_<what>.npy`` of a prepared folder.

    Raises HadamrnnError for an unknown split, a missing file, or one whose shape is not the card's.
    """
    if split not in (*SPLITS, UNLABELLED):
        raise HadamrnnError(f"split: must be one of {', '.join(SPLITS)}; got {split!r}")
    path = Path(folder) / f"{split}_{what}.npy"
    shape = read_card(folder)["shapes"].get(path.name)
    if not path.is_file():
        raise HadamrnnError(f"{path}: must exist before it is loaded (dvc repro); got no such file")
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise HadamrnnError(f"{path}: must be a whole .npy file; got {error}") from error
    if list(array.shape) != shape:
        raise HadamrnnError(
            f"{path}: must have the shape {shape} of {CARD}; got {list(array.shape)}"
        )
    return array


def load(folder, split, finer=False):
    """(inputs, targets) of one split.

    folder : a prepared folder; split : "train", "valid" or "test"; finer : ids of the finer classes
    that ``finer_classes`` names instead of the classes' own. A card whose "layout" is "copy"
    stores the messages alone, and the sequences are made from them here.
    inputs (n, T, d) uint8 or float32, or (n, T) symbol ids; targets (n,) or (n, T) uint8.
    """
    card = read_card(folder)
    if card.get("layout") == "copy":
        return expand_copy(read_array(folder, split, "messages"), card["steps"])
    targets = read_array(folder, split, "finer" if finer else "targets")
    return read_array(folder, split, "inputs"), targets


def finer_classes(card):
    """{"names", "class_of"} of the finer classes that a card tells apart.

    class_of : the class id of each. Raises HadamrnnError for a data set without them.
    """
    if "finer" not in card["output"]:
        raise HadamrnnError(
            "train.finer_classes: must be false for a data set whose card.json names no finer "
            "classes; got true"
        )
    return card["output"]["finer"]


def load_unlabelled(folder):
    """Inputs of a test set whose labels are not published, or HadamrnnError where there is none."""
    if f"{UNLABELLED}_inputs.npy" not in read_card(folder)["shapes"]:
        raise HadamrnnError(
            f"{folder}: must hold an unlabelled test set, as the GLUE benchmarks do; got none"
        )
    return read_array(folder, UNLABELLED, "inputs")

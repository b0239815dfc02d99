"""Permuted digits: 8 x 8 images read pixel by pixel in a fixed random order; no download.

A small stand-in for permuted MNIST: scikit-learn ships 1,797 digits of the UCI collection
"Optical Recognition of Handwritten Digits", 64 pixels of 0 to 16 each.
"""

from pathlib import Path
from typing import Any

import numpy as np
from pydantic.dataclasses import dataclass

from hadamrnn import params
from hadamrnn.datasets.common import download, splits
from hadamrnn.errors import HadamrnnError

SIDE, MAXIMUM, CLASSES = 8, 16, 10
SIZES = {"train": 1197, "valid": 200, "test": 400}
SPLIT_SEED = 1797
PERMUTATION_SEED = 92916  # that of permuted MNIST
CONTENT_SHA256 = "0db9bacbbd14d2841c008008b049b37d5d0703b1f39b74973e3cdf9efc12455c"


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Data(params.Data):
    """There are no settings."""

    facts = params.Facts(image=True)


def permutation() -> np.ndarray:
    """Reading order of the pixels: (64,) int64.

    >>> sorted(permutation().tolist()) == list(range(64))
    True
    """
    return np.random.RandomState(PERMUTATION_SEED).permutation(SIDE * SIDE)  # noqa: NPY002


def prepare(folder: Path, settings: Data) -> None:
    """Write the splits of scikit-learn's digits.

    Parameters
    ----------
    folder : Path
        Written to.
    settings : Data
        From the section of params.yaml.

    Raises
    ------
    HadamrnnError
        When the installed scikit-learn ships other digits.
    """
    from sklearn.datasets import load_digits  # takes a second, which checking settings has not

    digits = load_digits()
    raw = {"images": digits.data.astype(np.uint8), "targets": digits.target.astype(np.uint8)}
    checksum = download.content_sha256(raw)
    if checksum != CONTENT_SHA256:
        raise HadamrnnError(
            f"sklearn.datasets.load_digits: must have sha256 {CONTENT_SHA256}; got {checksum}"
        )
    inputs = raw["images"][:, permutation(), None]
    parts = splits.stratified(raw["targets"], list(SIZES.values()), SPLIT_SEED)
    arrays = {}
    for split, rows in zip(SIZES, parts, strict=True):
        arrays[f"{split}_inputs"] = inputs[rows]
        arrays[f"{split}_targets"] = raw["targets"][rows]
    splits.write(folder, arrays, _card())


def _card() -> dict[str, Any]:
    return {
        "title": "Permuted digits (8 x 8, 64 steps)",
        "source": "sklearn.datasets.load_digits, a copy of the test set of "
        "https://archive.ics.uci.edu/dataset/80",
        "licence": "CC BY 4.0",
        "citation": "Alpaydin & Kaynak 1998, Optical Recognition of Handwritten Digits, UCI",
        "preprocessing": [
            "Pixels are read in the order RandomState(92916).permutation(64).",
            f"Rows are cut into {SIZES['train']}, {SIZES['valid']} and {SIZES['test']}, each with "
            f"nearly the same class shares, by a PCG64 shuffle with seed {SPLIT_SEED}.",
            "The writers are not identified, so the same hand may occur in several splits: "
            "accuracy on new writers will be lower.",
        ],
        "input": {"kind": "dense", "size": 1, "scale": 1 / MAXIMUM, "offset": 0.0},
        "output": {
            "size": CLASSES,
            "names": [str(digit) for digit in range(CLASSES)],
            "per_step": False,
        },
        "steps": SIDE * SIDE,
        "image": {"shape": [SIDE, SIDE], "order": permutation().tolist()},
    }

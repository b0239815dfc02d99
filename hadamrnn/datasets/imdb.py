"""IMDB: 50,000 film reviews, positive or negative, as sequences of word ids (Maas et al. 2011).

The published file holds each review as the ranks of its words by frequency. Ids follow Keras, in
which this data set is usually read: 0 padding, 1 start of a review, 2 a word that is too rare,
and rank + 3 for the others (so id 4 is the most frequent word, "the").
"""

import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO, Annotated, Any

import numpy as np
from pydantic.dataclasses import dataclass

from hadamrnn import params
from hadamrnn.datasets.common import splits
from hadamrnn.datasets.common.download import RawFile, fetch
from hadamrnn.datasets.common.text import PADDING, fixed_length, lengths
from hadamrnn.params.rules import Seed, Steps, whole
from hadamrnn.prepared.arrays import SPLITS

START, RARE, OFFSET = 1, 2, 3
NAMES = ("negative", "positive")
REVIEWS = 25_000  # of the training set, and of the test set
_ALLOWED = {
    *(("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct")),
    *(("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode")),
}


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Data(params.Data):
    """Settings: ids in all, T, reviews of the training set that validate, and which ones."""

    facts = params.Facts(symbols=True)

    words: Annotated[int, whole(OFFSET + 2, 65_535)] = 10_000
    steps: Steps = 500
    valid_reviews: Annotated[int, whole(2, REVIEWS - 2)] = 2_500
    data_seed: Seed = 1


class _ListsOnly(pickle.Unpickler):
    """Builds an object array of lists of integers, and refuses every other name."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise ValueError(f"must hold an array of lists alone, got {module}.{name}")
        return super().find_class(module, name)


def decode(path: Path) -> dict[str, np.ndarray]:
    """Reviews and labels in the .npz file: unpickled, so only after its checksum matched.

    Parameters
    ----------
    path : Path
        Of the file of both halves.

    Returns
    -------
    dict of str to numpy.ndarray
        "<part>_ranks" (all words,) int32, "<part>_lengths" (n,) int32 and "<part>_labels" (n,)
        uint8 of the parts train and test.

    Raises
    ------
    KeyError, ValueError
        For another content.
    """
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        for part in ("train", "test"):
            with archive.open(f"x_{part}.npy") as file:
                _read_header(file)
                reviews = _ListsOnly(file).load()
            with archive.open(f"y_{part}.npy") as file:
                labels = np.lib.format.read_array(file, allow_pickle=False)
            counts = [len(review) for review in reviews]
            arrays[f"{part}_ranks"] = np.concatenate([np.asarray(r, np.int32) for r in reviews])
            arrays[f"{part}_lengths"] = np.array(counts, dtype=np.int32)
            arrays[f"{part}_labels"] = labels.astype(np.uint8)
    return arrays


def _read_header(file: IO[bytes]) -> None:
    """Move past the .npy header in front of the pickled array."""
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise ValueError(f"must be a .npy member of version 1.0, got {version}")
    np.lib.format.read_array_header_1_0(file)


RAW = RawFile(
    name="imdb.npz",
    mirror_paths=("imdb/imdb_keras_equivalent.npz", "imdb/imdb.npz", "imdb.npz"),
    urls=("https://storage.googleapis.com/tensorflow/tf-keras-datasets/imdb.npz",),
    decode=decode,
    file_sha256=(
        "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",  # as published
        # the same reviews encoded again from their texts, in the same order
        "83bc174e58450bf6dd71eb3a0cc56fee79cd2c8317bb4004c20a6b49458ea7eb",
    ),
)


def word_ids(ranks: np.ndarray, lengths: np.ndarray, words: int) -> list[np.ndarray]:
    """Reviews as ids below ``words``, each with START in front.

    Parameters
    ----------
    ranks : (all words,) int32
        From 1.
    lengths : (n,) int32
        Words of each review.
    words : int
        Ids in all.

    Returns
    -------
    list of (length + 1,) int

    Examples
    --------
    >>> [ids.tolist() for ids in word_ids(np.array([1, 14, 9]), np.array([2, 1]), 15)]
    [[1, 4, 2], [1, 12]]
    """
    ids = ranks + OFFSET
    ids[ids >= words] = RARE
    return [np.r_[START, review] for review in np.split(ids, np.cumsum(lengths)[:-1])]


def prepare(folder: Path, settings: Data) -> None:
    """Write the official test set, and the official training set cut into train and valid.

    Parameters
    ----------
    folder : Path
        Written to.
    settings : Data
        From the section of params.yaml.

    Raises
    ------
    HadamrnnError
        When the raw file cannot be had.
    """
    raw = fetch(RAW)
    rows, labels = {}, {}
    for part in ("train", "test"):
        ids = word_ids(raw[f"{part}_ranks"], raw[f"{part}_lengths"], settings.words)
        rows[part], labels[part] = fixed_length(ids, settings.steps), raw[f"{part}_labels"]
    valid = settings.valid_reviews
    sizes = [len(rows["train"]) - valid, valid]
    parts = splits.stratified(labels["train"], sizes, settings.data_seed)
    arrays = {}
    for split, positions in zip(("train", "valid"), parts, strict=True):
        arrays[f"{split}_inputs"] = rows["train"][positions]
        arrays[f"{split}_targets"] = labels["train"][positions]
    arrays["test_inputs"], arrays["test_targets"] = rows["test"], labels["test"]
    splits.write(folder, arrays, _card(settings, arrays))


def _card(settings: Data, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    return {
        "title": f"IMDB film reviews, {settings.words:,} word ids, T = {settings.steps}",
        "source": RAW.urls[0],
        "licence": "not stated by the publisher; the citation is asked for",
        "citation": "Maas, Daly, Pham, Huang, Ng & Potts 2011, Learning word vectors for sentiment "
        "analysis, ACL",
        "preprocessing": [
            f"Ids as in Keras: {PADDING} padding, {START} start of a review, {RARE} a word whose "
            f"id would be {settings.words} or more, else its rank by frequency + {OFFSET}.",
            f"A review keeps its last {settings.steps} ids (the start id may be cut away); "
            "shorter ones are padded at the front.",
            f"Test: the official 25,000 reviews. Validation: {settings.valid_reviews} of the "
            "official 25,000 training reviews, half of each class, drawn by data_seed; the test "
            "set takes no part in it.",
        ],
        "settings": asdict(settings),
        "lengths": {split: lengths(arrays[f"{split}_inputs"]) for split in SPLITS},
        "input": {"kind": "symbol", "size": settings.words, "scale": 1.0, "offset": 0.0},
        "output": {"size": len(NAMES), "names": NAMES, "per_step": False},
        "steps": settings.steps,
    }

"""SST-2 of GLUE: phrases of film reviews, positive or negative, as word pieces.

Socher et al. 2013; Wang et al. 2019. The training file holds the sentences of the treebank and
their phrases, so most rows are parts of others, and a random part of them would be no test of
anything. Validation takes long phrases, and training leaves out what overlaps with them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic.dataclasses import dataclass

from hadamrnn import params
from hadamrnn.datasets.common import glue, splits
from hadamrnn.datasets.common.download import RawFile, fetch
from hadamrnn.datasets.common.text import fixed_length, lengths
from hadamrnn.errors import HadamrnnError
from hadamrnn.params.rules import Seed, Steps, whole
from hadamrnn.prepared.arrays import SPLITS

NAMES = ("negative", "positive")
LONG = 12
"""Fewest words of a validation phrase: the development set has whole sentences."""
INSIDE, SHARED = 3, 8
"""Training leaves out phrases of INSIDE words or more that are part of a validation phrase, and
those that share SHARED words in a row with one."""
TABLE_BYTES = 1 << 22  # train.tsv has 3.8 MB


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Data(params.Data):
    """Settings: T, phrases of the training file that validate, and which ones."""

    facts = params.Facts(symbols=True)

    steps: Steps = 128
    valid_phrases: Annotated[int, whole(2)] = 1_000
    data_seed: Seed = 1


def decode(path: Path) -> dict[str, np.ndarray]:
    """The three tables of the archive as bytes, see ``glue.read_archive``."""
    return glue.read_archive(path, "SST-2", TABLE_BYTES)


RAW = RawFile(
    name="SST-2.zip",
    mirror_paths=("glue/SST-2.zip", "SST-2.zip"),
    urls=("https://dl.fbaipublicfiles.com/glue/data/SST-2.zip",),
    decode=decode,
    content_sha256="56715d8a956e7bc878fef51ebdc50063428d7c0b0dd7617c4def58868eccacc1",
)


def _runs(words: Sequence[str], length: int) -> Iterator[tuple[str, ...]]:
    """All runs of ``length`` words, as tuples."""
    return zip(*(words[start:] for start in range(length)), strict=False)


def hold_out(
    phrases: Sequence[str], targets: np.ndarray, count: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Positions for training and validation, without texts that overlap.

    Validation is drawn among the phrases of LONG words or more; training has all phrases that do
    not overlap with a chosen one as INSIDE and SHARED say.

    Parameters
    ----------
    phrases : sequence of str
        Of train.tsv.
    targets : (n,) int
        Class ids.
    count : int
        Of validation, half of each class.
    seed : int
        Of the draw.

    Returns
    -------
    train, valid : (k,) int64
        Sorted.

    Raises
    ------
    HadamrnnError
        When a class has too few long phrases.
    """
    words = [phrase.split() for phrase in phrases]
    generator = np.random.Generator(np.random.PCG64(seed))
    long = np.array([len(w) >= LONG for w in words])
    chosen = []
    for label, size in enumerate((count // 2, count - count // 2)):
        rows = np.flatnonzero(long & (targets == label))
        if len(rows) < size:
            raise HadamrnnError(
                f"benchmark.sst2.data.valid_phrases: must leave at most {len(rows)} phrases of "
                f"{LONG} words of class {NAMES[label]}; got {count}"
            )
        chosen.append(generator.permutation(rows)[:size])
    valid = np.sort(np.concatenate(chosen))
    inside: set[tuple[str, ...]] = set()
    shared: set[tuple[str, ...]] = set()
    for row in valid:
        for length in range(INSIDE, len(words[row]) + 1):
            inside.update(_runs(words[row], length))
        shared.update(_runs(words[row], SHARED))
    overlaps = np.array(
        [tuple(w) in inside or any(run in shared for run in _runs(w, SHARED)) for w in words]
    )
    return np.flatnonzero(~overlaps), valid


def prepare(folder: Path, settings: Data) -> None:
    """Write train and valid from train.tsv, test from dev.tsv, and test.tsv without labels.

    Parameters
    ----------
    folder : Path
        Written to. ``unlabelled_inputs.npy`` holds GLUE's test set in its order.
    settings : Data
        From the section of params.yaml.

    Raises
    ------
    HadamrnnError
        When a raw file cannot be had, or there are too few long phrases.
    """
    raw, pieces = fetch(RAW), glue.WordPieces(fetch(glue.RAW_VOCABULARY)["vocabulary"])
    rows, targets = {}, {}
    for part in ("train", "dev"):
        texts, marks = glue.table(raw[part], ["sentence", "label"])
        rows[part], targets[part] = texts, glue.labels(marks)
    (rows["test"],) = glue.table(raw["test"], ["sentence"])
    parts = hold_out(rows["train"], targets["train"], settings.valid_phrases, settings.data_seed)
    ids = {part: fixed_length(pieces.encode(rows[part]), settings.steps) for part in glue.PARTS}
    arrays = {}
    for split, positions in zip(("train", "valid"), parts, strict=True):
        arrays[f"{split}_inputs"] = ids["train"][positions]
        arrays[f"{split}_targets"] = targets["train"][positions]
    arrays |= {"test_inputs": ids["dev"], "test_targets": targets["dev"]}
    arrays["unlabelled_inputs"] = ids["test"]
    left_out = len(rows["train"]) - sum(map(len, parts))
    splits.write(folder, arrays, _card(settings, arrays, left_out))


def _card(settings: Data, arrays: Mapping[str, np.ndarray], left_out: int) -> dict[str, Any]:
    return {
        "title": f"SST-2 (GLUE), word pieces, T = {settings.steps}",
        "source": RAW.urls[0],
        "licence": "research use; GLUE and the treebank ask to be cited",
        "citation": "Socher, Perelygin, Wu, Chuang, Manning, Ng & Potts 2013, Recursive deep "
        "models for semantic compositionality over a sentiment treebank, EMNLP; Wang, Singh, "
        "Michael, Hill, Levy & Bowman 2019, GLUE, ICLR",
        "preprocessing": [
            *glue.WORD_PIECES,
            f"A phrase keeps its last {settings.steps} ids; shorter ones are padded at the front.",
            "test here is GLUE's development set (dev.tsv), because the labels of GLUE's test set "
            "are not published; nothing was chosen on it. unlabelled is GLUE's test set.",
            f"Validation: {settings.valid_phrases} phrases of {LONG} words or more of train.tsv, "
            f"half of each class, drawn by data_seed. Training: the other phrases of train.tsv but "
            f"for {left_out} of {INSIDE} words or more that are part of a validation phrase, or "
            f"that share {SHARED} words in a row with one.",
        ],
        "settings": asdict(settings),
        "left_out": left_out,
        "lengths": {split: lengths(arrays[f"{split}_inputs"]) for split in SPLITS},
        "input": {"kind": "symbol", "size": glue.VOCABULARY, "scale": 1.0, "offset": 0.0},
        "output": {"size": len(NAMES), "names": NAMES, "per_step": False},
        "steps": settings.steps,
    }

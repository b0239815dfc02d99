"""SST-2 of GLUE: phrases of film reviews, positive or negative, as word pieces.

Socher et al. 2013; Wang et al. 2019. The training file holds the sentences of the treebank and
their phrases, so most rows are parts of others, and a random part of them would be no test of
anything. Validation takes long phrases, and training leaves out what overlaps with them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic.dataclasses import dataclass

from hadamrnn import params
from hadamrnn.datasets.common import glue, splits
from hadamrnn.datasets.common.download import RawFile, fetch
from hadamrnn.datasets.common.text import PADDING, ended, fixed_length, lengths, most_frequent
from hadamrnn.errors import HadamrnnError
from hadamrnn.params.rules import Seed, Steps, means, whole
from hadamrnn.prepared.arrays import SPLITS
from hadamrnn.prepared.lengths import WHAT

NAMES = ("negative", "positive")
LONG = 12
"""Fewest words of a validation phrase: the development set has whole sentences."""
INSIDE, SHARED = 3, 8
"""Training leaves out phrases of INSIDE words or more that are part of a validation phrase, and
those that share SHARED words in a row with one."""
RARE, FIRST = 1, 2
"""Ids of a piece that is none of the most frequent ones, and of the first of those."""
TABLE_BYTES = 1 << 22  # train.tsv has 3.8 MB


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Data(params.Data):
    """Settings: T, what is done with shorter phrases, ids in all, and which phrases validate."""

    facts = params.Facts(symbols=True)

    steps: Steps = 128
    lengths: Literal["pad", "mask"] = "pad"
    pieces: (
        Annotated[int, whole(FIRST + 1, glue.VOCABULARY)]
        | Annotated[None, means("null for those of the whole vocabulary")]
    ) = None
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
    train, valid = hold_out(
        rows["train"], targets["train"], settings.valid_phrases, settings.data_seed
    )
    ids = {part: pieces.encode(rows[part]) for part in glue.PARTS}
    split: dict[str, Sequence[Any]] = {
        "train": [ids["train"][row] for row in train],
        "valid": [ids["train"][row] for row in valid],
        "test": ids["dev"],
        "unlabelled": ids["test"],
    }
    names = {number: piece for piece, number in pieces.ids.items()}
    vocabulary = None
    if settings.pieces is not None:
        kept = most_frequent(split["train"], settings.pieces - FIRST)
        vocabulary = [names[number] for number in kept.tolist()]
        split = {name: _renumbered(texts, kept) for name, texts in split.items()}
    arrays: dict[str, np.ndarray] = {}
    for name, found in split.items():
        if settings.lengths == "mask":
            arrays[f"{name}_inputs"], arrays[f"{name}_{WHAT}"] = ended(found, settings.steps)
        else:
            arrays[f"{name}_inputs"] = fixed_length(found, settings.steps)
    arrays |= {"train_targets": targets["train"][train], "valid_targets": targets["train"][valid]}
    arrays["test_targets"] = targets["dev"]
    left_out = len(rows["train"]) - len(train) - len(valid)
    splits.write(folder, arrays, _card(settings, arrays, left_out, vocabulary))


def _renumbered(texts: Sequence[Sequence[int]], kept: np.ndarray) -> list[np.ndarray]:
    """Texts with FIRST, FIRST + 1, ... for the pieces that are kept, RARE for all others."""
    number = np.full(glue.VOCABULARY, RARE)
    number[kept] = FIRST + np.arange(len(kept))
    return [number[np.asarray(ids, np.int64)] for ids in texts]


def _card(
    settings: Data,
    arrays: Mapping[str, np.ndarray],
    left_out: int,
    vocabulary: Sequence[str] | None,
) -> dict[str, Any]:
    symbols, words = glue.VOCABULARY, []
    if vocabulary is not None:
        symbols = FIRST + len(vocabulary)
        words = [
            f"Ids: {PADDING} padding, {RARE} a piece that is not in the vocabulary, {FIRST} and "
            f"more the {len(vocabulary)} most frequent pieces of the training phrases."
        ]
    padded = "shorter ones are padded at the front"
    if settings.lengths == "mask":
        padded = "what is behind the end of a shorter one is not read"
    return {
        "title": f"SST-2 (GLUE), word pieces, T = {settings.steps}",
        "source": RAW.urls[0],
        "licence": "research use; GLUE and the treebank ask to be cited",
        "citation": "Socher, Perelygin, Wu, Chuang, Manning, Ng & Potts 2013, Recursive deep "
        "models for semantic compositionality over a sentiment treebank, EMNLP; Wang, Singh, "
        "Michael, Hill, Levy & Bowman 2019, GLUE, ICLR",
        "preprocessing": [
            *glue.WORD_PIECES,
            *words,
            f"A phrase keeps its last {settings.steps} ids; {padded}.",
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
        "input": {"kind": "symbol", "size": symbols, "scale": 1.0, "offset": 0.0},
        "output": {"size": len(NAMES), "names": NAMES, "per_step": False},
        "steps": settings.steps,
        **({} if vocabulary is None else {"vocabulary": list(vocabulary)}),
    }

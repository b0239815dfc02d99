"""QQP of GLUE: do two questions from Quora ask the same? Pairs as word pieces.

Iyer, Dandekar & Csernai 2017; Wang et al. 2019. Only the format of the archive is known here, not
its checksum: what is read is checked by its columns and by its numbers of complete rows.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic.dataclasses import dataclass

from hadamrnn import params
from hadamrnn.datasets.common import glue, splits
from hadamrnn.datasets.common.download import RawFile, fetch
from hadamrnn.datasets.common.text import fixed_length, lengths
from hadamrnn.params.rules import MOST_STEPS, Seed, whole
from hadamrnn.prepared.arrays import SPLITS

NAMES = ("different", "same")
ROWS = {"train": 363_846, "dev": 40_430, "test": 390_965}
QUESTIONS, LABEL = ["question1", "question2"], "is_duplicate"
TABLE_BYTES = 1 << 27  # more than twice what 390,965 pairs of questions take


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Data(params.Data):
    """Settings: T, pairs of the training file that validate, and which ones."""

    facts = params.Facts(symbols=True)

    steps: Annotated[int, whole(3, MOST_STEPS)] = 128
    valid_pairs: Annotated[int, whole(2, ROWS["train"] - 2)] = 10_000
    data_seed: Seed = 1


def decode(path: Path) -> dict[str, np.ndarray]:
    """The three tables of the archive as bytes, see ``glue.read_archive``.

    Parameters
    ----------
    path : Path
        Of the archive.

    Returns
    -------
    dict of str to numpy.ndarray

    Raises
    ------
    ValueError
        For another number of rows than the published ones.
    """
    content = glue.read_archive(path, "QQP", TABLE_BYTES)
    for part, rows in ROWS.items():
        found = len(_columns(content, part)[0])
        if found != rows:
            raise ValueError(f"{part}.tsv must have {rows} rows, got {found}")
    return content


def _columns(content: Mapping[str, np.ndarray], part: str) -> list[list[str]]:
    """Both questions of every complete row, and the labels but for the test set."""
    columns = QUESTIONS if part == "test" else [*QUESTIONS, LABEL]
    return glue.table(content[part], columns, skip_short=True)


RAW = RawFile(
    name="QQP-clean.zip",
    mirror_paths=("glue/QQP-clean.zip", "QQP-clean.zip"),
    urls=("https://dl.fbaipublicfiles.com/glue/data/QQP-clean.zip",),
    decode=decode,
    unverified=True,
)


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
        When a raw file cannot be had.
    """
    raw, pieces = fetch(RAW), glue.WordPieces(fetch(glue.RAW_VOCABULARY)["vocabulary"])
    rows, targets = {}, {}
    for part in glue.PARTS:
        first, second, *marks = _columns(raw, part)
        rows[part] = fixed_length(pieces.encode_pairs(first, second), settings.steps)
        if marks:
            targets[part] = glue.labels(marks[0])
    sizes = [len(rows["train"]) - settings.valid_pairs, settings.valid_pairs]
    parts = splits.stratified(targets["train"], sizes, settings.data_seed)
    arrays = {}
    for split, positions in zip(("train", "valid"), parts, strict=True):
        arrays[f"{split}_inputs"] = rows["train"][positions]
        arrays[f"{split}_targets"] = targets["train"][positions]
    arrays |= {"test_inputs": rows["dev"], "test_targets": targets["dev"]}
    arrays["unlabelled_inputs"] = rows["test"]
    checksums = {part: hashlib.sha256(raw[part].tobytes()).hexdigest() for part in glue.PARTS}
    splits.write(folder, arrays, _card(settings, arrays, checksums))


def _card(
    settings: Data, arrays: Mapping[str, np.ndarray], checksums: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "title": f"QQP (GLUE), pairs of questions as word pieces, T = {settings.steps}",
        "source": RAW.urls[0],
        "source_checksums": checksums,
        "licence": "Quora's terms of service; GLUE asks to be cited",
        "citation": "Iyer, Dandekar & Csernai 2017, First Quora dataset release: question pairs; "
        "Wang, Singh, Michael, Hill, Levy & Bowman 2019, GLUE, ICLR",
        "preprocessing": [
            *glue.WORD_PIECES,
            "A pair is the pieces of the first question, [SEP] [SEP], and those of the second.",
            f"A pair keeps its last {settings.steps} ids; shorter ones are padded at the front.",
            "test here is GLUE's development set (dev.tsv), because the labels of GLUE's test set "
            "are not published; nothing was chosen on it. unlabelled is GLUE's test set.",
            f"Validation: {settings.valid_pairs} pairs of train.tsv with its class shares, drawn "
            "by data_seed. A question may occur in pairs of both.",
            "Rows with too few fields are left out.",
            "The checksum of upstream's archive was not known when this was written: "
            "source_checksums are those of the tables that were read.",
        ],
        "settings": asdict(settings),
        "lengths": {split: lengths(arrays[f"{split}_inputs"]) for split in SPLITS},
        "input": {"kind": "symbol", "size": glue.VOCABULARY, "scale": 1.0, "offset": 0.0},
        "output": {"size": len(NAMES), "names": NAMES, "per_step": False},
        "steps": settings.steps,
    }

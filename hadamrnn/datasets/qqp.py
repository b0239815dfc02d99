"""QQP of GLUE: do two questions from Quora ask the same? Pairs as word pieces.

Iyer, Dandekar & Csernai 2017; Wang et al. 2019. Only the format of the archive is known here, not
its checksum: what is read is checked by its columns and by its numbers of complete rows.
"""

import hashlib

from hadamrnn.datasets.common import glue, splits
from hadamrnn.datasets.common.download import RawFile, fetch
from hadamrnn.datasets.common.text import fixed_length, lengths
from hadamrnn.errors import HadamrnnError

DEFAULTS = {"steps": 128, "valid_pairs": 10_000, "data_seed": 1}
NAMES = ("different", "same")
ROWS = {"train": 363_846, "dev": 40_430, "test": 390_965}
QUESTIONS, LABEL = ["question1", "question2"], "is_duplicate"


def decode(path):
    """The three tables of the archive as bytes, see ``glue.read_archive``.

    Raises ValueError for another number of rows than the published ones.
    """
    content = glue.read_archive(path, "QQP")
    for part, rows in ROWS.items():
        found = len(_columns(content, part)[0])
        if found != rows:
            raise ValueError(f"{part}.tsv must have {rows} rows, got {found}")
    return content


def _columns(content, part):
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


def prepare(folder, settings):
    """Write train and valid from train.tsv, test from dev.tsv, and test.tsv without labels.

    folder : written to; settings : mapping with any of steps (T), valid_pairs, data_seed.
    ``unlabelled_inputs.npy`` holds GLUE's test set in its order. Raises HadamrnnError for a wrong
    setting or when a raw file cannot be had.
    """
    chosen = splits.read_settings("qqp", DEFAULTS, settings)
    for name, low, high in (("steps", 3, 1 << 20), ("valid_pairs", 2, ROWS["train"] - 2)):
        if not low <= chosen[name] <= high:
            raise HadamrnnError(
                f"qqp.{name}: must be an integer from {low} to {high}; got {chosen[name]}"
            )
    raw, pieces = fetch(RAW), glue.WordPieces(fetch(glue.RAW_VOCABULARY)["vocabulary"])
    rows, targets = {}, {}
    for part in glue.PARTS:
        first, second, *marks = _columns(raw, part)
        rows[part] = fixed_length(pieces.encode_pairs(first, second), chosen["steps"])
        if marks:
            targets[part] = glue.labels(marks[0])
    sizes = [len(rows["train"]) - chosen["valid_pairs"], chosen["valid_pairs"]]
    parts = splits.stratified(targets["train"], sizes, chosen["data_seed"])
    arrays = {}
    for split, positions in zip(("train", "valid"), parts, strict=True):
        arrays[f"{split}_inputs"] = rows["train"][positions]
        arrays[f"{split}_targets"] = targets["train"][positions]
    arrays |= {"test_inputs": rows["dev"], "test_targets": targets["dev"]}
    arrays["unlabelled_inputs"] = rows["test"]
    checksums = {part: hashlib.sha256(raw[part].tobytes()).hexdigest() for part in glue.PARTS}
    splits.write(folder, arrays, _card(chosen, arrays, checksums))


def _card(chosen, arrays, checksums):
    return {
        "title": f"QQP (GLUE), pairs of questions as word pieces, T = {chosen['steps']}",
        "source": RAW.urls[0],
        "source_checksums": checksums,
        "licence": "Quora's terms of service; GLUE asks to be cited",
        "citation": "Iyer, Dandekar & Csernai 2017, First Quora dataset release: question pairs; "
        "Wang, Singh, Michael, Hill, Levy & Bowman 2019, GLUE, ICLR",
        "preprocessing": [
            *glue.WORD_PIECES,
            "A pair is the pieces of the first question, [SEP] [SEP], and those of the second.",
            f"A pair keeps its last {chosen['steps']} ids; shorter ones are padded at the front.",
            "test here is GLUE's development set (dev.tsv), because the labels of GLUE's test set "
            "are not published; nothing was chosen on it. unlabelled is GLUE's test set.",
            f"Validation: {chosen['valid_pairs']} pairs of train.tsv with its class shares, drawn "
            "by data_seed. A question may occur in pairs of both.",
            "Rows with too few fields are left out.",
            "The checksum of upstream's archive was not known when this was written: "
            "source_checksums are those of the tables that were read.",
        ],
        "settings": chosen,
        "lengths": {split: lengths(arrays[f"{split}_inputs"]) for split in splits.SPLITS},
        "input": {"kind": "symbol", "size": glue.VOCABULARY, "scale": 1.0, "offset": 0.0},
        "output": {"size": len(NAMES), "names": NAMES, "per_step": False},
        "steps": chosen["steps"],
    }

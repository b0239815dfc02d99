"""What the GLUE benchmarks share: tables in zip archives, word pieces, submission files.

Word pieces are those of bert-base-uncased (Devlin et al. 2019): lower case without accents, split
at white space and punctuation, then into the longest pieces of a vocabulary of 30,522. Its id 0 is
padding; [CLS] and [SEP] are put nowhere but between the two texts of a pair.
"""

import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from hadamrnn.datasets.common.archives import read_member
from hadamrnn.datasets.common.download import RawFile

VOCABULARY = 30_522
UNKNOWN, SEPARATOR = "[UNK]", "[SEP]"
PARTS = ("train", "dev", "test")
SUBMISSIONS = {"sst2": "SST-2.tsv", "qqp": "QQP.tsv"}
"""The file name that GLUE expects of what a model says of a benchmark's unlabelled test set."""
WORD_PIECES = [
    "Texts: word pieces of bert-base-uncased (lower case, accents removed) made by the tokenizers "
    "library, without [CLS] and [SEP]; [UNK] for what has no pieces.",
]


def _plain(content: bytes) -> np.ndarray:
    """Bytes of a text without what other systems add: a byte order mark, CR before line feeds.

    So a file that an editor or Git converted has the content, and the checksum, of the original.
    """
    text = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    return np.frombuffer(text, dtype=np.uint8)


def _read_vocabulary(path: Path) -> dict[str, np.ndarray]:
    return {"vocabulary": _plain(path.read_bytes())}


RAW_VOCABULARY = RawFile(
    name="bert-base-uncased-vocab.txt",
    mirror_paths=("bert/bert-base-uncased-vocab.txt", "bert-base-uncased-vocab.txt"),
    urls=(
        "https://huggingface.co/bert-base-uncased/resolve/main/vocab.txt",
        "https://s3.amazonaws.com/models.huggingface.co/bert/bert-base-uncased-vocab.txt",
    ),
    decode=_read_vocabulary,
    content_sha256="74df60c10fdb3cf8fe42cdb70dc1ed50d74cebe1213f537d8136ed55c2cb7187",
)


def read_archive(path: Path, task: str, most: int) -> dict[str, np.ndarray]:
    """The tables of a GLUE archive as bytes, with LF line ends and no byte order mark.

    Parameters
    ----------
    path : Path
        A zip archive.
    task : str
        Its folder, such as "SST-2".
    most : int
        Bytes that a table may have.

    Returns
    -------
    dict of str to numpy.ndarray
        uint8, by the names in ``PARTS``.

    Raises
    ------
    KeyError
        When a member is missing.
    ValueError
        For a larger table.
    """
    with zipfile.ZipFile(path) as archive:
        return {part: _plain(read_member(archive, f"{task}/{part}.tsv", most)) for part in PARTS}


def table(content: np.ndarray, columns: Sequence[str], skip_short: bool = False) -> list[list[str]]:
    """Chosen columns of a .tsv file with a header line.

    Parameters
    ----------
    content : (n,) uint8
        UTF-8. Quotes have no meaning in GLUE's files.
    columns : sequence of str
        Their names in the header.
    skip_short : bool
        Leave out lines with fewer fields than the header, and allow more.

    Returns
    -------
    list of list of str
        The texts of each column.

    Raises
    ------
    ValueError
        For a missing column or, without ``skip_short``, a line with another number of fields.

    Examples
    --------
    >>> table(np.frombuffer(b"sentence\\tlabel\\nso so \\t1\\n", np.uint8), ["label", "sentence"])
    [['1'], ['so so ']]
    """
    lines = content.tobytes().decode().rstrip("\n").split("\n")
    header, rows = lines[0].split("\t"), [line.split("\t") for line in lines[1:]]
    places = [header.index(name) for name in columns]
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header) and not skip_short:
            raise ValueError(f"line {number} has {len(row)} fields, {len(header)} are needed")
    whole = [row for row in rows if len(row) >= len(header)]
    return [[row[place] for row in whole] for place in places]


def labels(texts: Sequence[str]) -> np.ndarray:
    """Class ids 0 and 1 that are written as text.

    Parameters
    ----------
    texts : sequence of str
        A column of a table.

    Returns
    -------
    (n,) uint8

    Raises
    ------
    ValueError
        For other texts.
    """
    if not set(texts) <= {"0", "1"}:
        raise ValueError(f"labels must be 0 or 1, got {sorted(set(texts) - {'0', '1'})[:3]}")
    return np.array([text == "1" for text in texts], dtype=np.uint8)


def submission(classes: Iterable[int]) -> str:
    """A submission file: a line for each example in GLUE's order, under a header.

    Parameters
    ----------
    classes : (n,) int
        Class ids, 0 or 1 as in the training file.

    Returns
    -------
    str

    Examples
    --------
    >>> submission([1, 0])
    'index\\tprediction\\n0\\t1\\n1\\t0\\n'
    """
    lines = [f"{number}\t{int(label)}" for number, label in enumerate(classes)]
    return "\n".join(["index\tprediction", *lines]) + "\n"


class WordPieces:
    """Texts to ids.

    Parameters
    ----------
    vocabulary : (n,) uint8
        A text file with one piece a line, whose ids are the numbers of the lines from 0.
    """

    def __init__(self, vocabulary: np.ndarray) -> None:
        from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

        pieces = vocabulary.tobytes().decode().splitlines()
        self.ids = {piece: number for number, piece in enumerate(pieces)}
        self._tokenizer = Tokenizer(models.WordPiece(self.ids, unk_token=UNKNOWN))
        self._tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
        self._tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """A list of ids for each text."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch(texts)]

    def encode_pairs(self, first: Sequence[str], second: Sequence[str]) -> list[list[int]]:
        """Ids of both texts of each pair, with two [SEP] between them."""
        separators = [self.ids[SEPARATOR]] * 2
        pairs = zip(self.encode(first), self.encode(second), strict=True)
        return [a + separators + b for a, b in pairs]

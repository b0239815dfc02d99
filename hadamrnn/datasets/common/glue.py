"""What the GLUE benchmarks share: tables in zip archives, word pieces, and ids of one length.

Word pieces are those of bert-base-uncased (Devlin et al. 2019): lower case without accents, split
at white space and punctuation, then into the longest pieces of a vocabulary of 30,522. Its id 0 is
padding; [CLS] and [SEP] are put nowhere but between the two texts of a pair.
"""

import zipfile

import numpy as np

from hadamrnn.datasets.common.download import RawFile

VOCABULARY = 30_522
UNKNOWN, SEPARATOR = "[UNK]", "[SEP]"
PARTS = ("train", "dev", "test")
WORD_PIECES = [
    "Texts: word pieces of bert-base-uncased (lower case, accents removed) made by the tokenizers "
    "library, without [CLS] and [SEP]; [UNK] for what has no pieces.",
]


def _read_bytes(path):
    return {"vocabulary": np.frombuffer(path.read_bytes(), dtype=np.uint8)}


RAW_VOCABULARY = RawFile(
    name="bert-base-uncased-vocab.txt",
    mirror_paths=("bert/bert-base-uncased-vocab.txt", "bert-base-uncased-vocab.txt"),
    urls=(
        "https://huggingface.co/bert-base-uncased/resolve/main/vocab.txt",
        "https://s3.amazonaws.com/models.huggingface.co/bert/bert-base-uncased-vocab.txt",
    ),
    decode=_read_bytes,
    file_sha256=("07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",),
)


def read_archive(path, task):
    """The .tsv members of a GLUE archive as bytes: {part: uint8 array} for PARTS.

    path : zip; task : its folder, such as "SST-2". Raises KeyError when a member is missing.
    """
    with zipfile.ZipFile(path) as archive:
        return {
            part: np.frombuffer(archive.read(f"{task}/{part}.tsv"), dtype=np.uint8)
            for part in PARTS
        }


def table(content, columns, skip_short=False):
    """Chosen columns of a .tsv file with a header line: a list of texts for each.

    content : uint8 array, UTF-8; columns : names. Quotes have no meaning in GLUE's files.
    skip_short : leave out lines with fewer fields than the header, and allow more.
    Raises ValueError for a missing column or, otherwise, a line with another number of fields.

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


def labels(texts):
    """Class ids 0 and 1 written as text: (n,) uint8. Raises ValueError for other texts."""
    if not set(texts) <= {"0", "1"}:
        raise ValueError(f"labels must be 0 or 1, got {sorted(set(texts) - {'0', '1'})[:3]}")
    return np.array([text == "1" for text in texts], dtype=np.uint8)


class WordPieces:
    """Texts to ids. vocabulary : uint8 array of a text file with one piece a line."""

    def __init__(self, vocabulary):
        from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

        pieces = vocabulary.tobytes().decode().splitlines()
        self.ids = {piece: number for number, piece in enumerate(pieces)}
        self._tokenizer = Tokenizer(models.WordPiece(self.ids, unk_token=UNKNOWN))
        self._tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
        self._tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()

    def encode(self, texts):
        """A list of ids for each text."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch(texts)]

    def encode_pairs(self, first, second):
        """Ids of both texts of each pair, with two [SEP] between them."""
        separators = [self.ids[SEPARATOR]] * 2
        pairs = zip(self.encode(first), self.encode(second), strict=True)
        return [a + separators + b for a, b in pairs]

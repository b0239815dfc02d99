"""Text benchmarks on tiny files written exactly in the upstream formats."""

import dataclasses
import hashlib
import io
import os
import pickle
import zipfile
from collections import Counter

import numpy as np
import pytest

from hadamrnn.datasets import imdb, qqp, sst2
from hadamrnn.datasets.common import download, glue, text
from hadamrnn.errors import HadamrnnError
from hadamrnn.prepared import arrays as prepared
from hadamrnn.prepared import lengths
from tests.datasets.facts import facts_of


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """The mirror is ``tmp_path``, the cache is empty."""
    monkeypatch.setenv(download.MIRROR, str(tmp_path))
    monkeypatch.setenv(download.CACHE, str(tmp_path / "cache"))
    return tmp_path


def refused(prepare, folder, *parts):
    with pytest.raises(HadamrnnError) as caught:
        prepare(folder)
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message


# --- sequences of one length


def test_fixed_length_keeps_the_end():
    rows = text.fixed_length([[9], [], [1, 2, 3, 4, 5], [7, 8, 65535]], 3)
    assert rows.dtype == np.uint16
    assert rows.tolist() == [[0, 0, 9], [0, 0, 0], [3, 4, 5], [7, 8, 65535]]


# --- IMDB

REVIEWS = [[1, 14, 9996, 9997, 88584], [5], [7] * 12, [2, 3], [9, 9], [8], [6, 6], [4, 5]]


def npy_of_lists(lists):
    """A .npy file of version 1.0 with a pickled object array, as published."""
    array = np.empty(len(lists), dtype=object)
    array[:] = lists
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def imdb_archive(path, reviews=None):
    labels = np.array([1, 1, 1, 1, 0, 0, 0, 0], dtype=np.int64)
    with zipfile.ZipFile(path, "w") as archive:
        for part, lists in (("train", REVIEWS), ("test", REVIEWS[::-1])):
            archive.writestr(f"x_{part}.npy", reviews or npy_of_lists(lists))
            archive.writestr(f"y_{part}.npy", npy(labels))


def use_imdb(path, monkeypatch):
    raw = download.RawFile(
        "imdb.npz",
        (path.name,),
        imdb.RAW.urls,
        imdb.decode,
        file_sha256=(hashlib.sha256(path.read_bytes()).hexdigest(),),
    )
    monkeypatch.setattr(imdb, "RAW", raw)
    monkeypatch.setattr(imdb, "REVIEWS", len(REVIEWS))


def prepare_imdb(folder, valid_reviews=2, **settings):
    imdb.prepare(folder, imdb.Data(steps=6, valid_reviews=valid_reviews, **settings))
    return {split: prepared.load(folder, split) for split in prepared.SPLITS}


def test_imdb_ids_are_those_of_keras(places, monkeypatch):
    imdb_archive(places / "imdb.npz")
    use_imdb(places / "imdb.npz", monkeypatch)
    arrays = prepare_imdb(places / "out")
    assert imdb.Data.facts == facts_of(places / "out")
    inputs, targets = arrays["test"]
    assert inputs.dtype == np.uint16 and targets.tolist() == [1, 1, 1, 1, 0, 0, 0, 0]
    assert inputs[-1].tolist() == [1, 4, 17, 9999, 2, 2]  # 9996 + 3 is the last id
    assert inputs[-2].tolist() == [0, 0, 0, 0, 1, 8]
    assert inputs[-3].tolist() == [10] * 6  # the start was cut away
    assert inputs.max() < 10_000


def test_imdb_validation_is_a_balanced_part_of_training(places, monkeypatch):
    imdb_archive(places / "imdb.npz")
    use_imdb(places / "imdb.npz", monkeypatch)
    arrays = prepare_imdb(places / "out", valid_reviews=4)
    rows = {s: {tuple(r) for r in inputs} for s, (inputs, _) in arrays.items()}
    assert sorted(arrays["valid"][1].tolist()) == [0, 0, 1, 1]
    assert rows["train"] | rows["valid"] == rows["test"] and not rows["train"] & rows["valid"]
    again = prepare_imdb(places / "again", valid_reviews=4)
    assert all((a[0] == b[0]).all() for a, b in zip(arrays.values(), again.values(), strict=True))
    others = [
        prepare_imdb(places / "o", valid_reviews=4, data_seed=s)["valid"] for s in range(2, 9)
    ]
    assert any((other[0] != arrays["valid"][0]).any() for other in others)


def test_imdb_of_unknown_checksum_is_not_unpickled(places, monkeypatch):
    imdb_archive(places / "imdb.npz", reviews=evil(places))
    refused(prepare_imdb, places / "out", "must have sha256 6966")
    assert not (places / "ran").exists()


def evil(folder):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(folder / "ran"),)

    return npy_of_lists([[1]]).split(b"\n")[0] + b"\n" + pickle.dumps(Evil(), protocol=2)


def test_imdb_unpickles_nothing_but_lists(places, monkeypatch):
    imdb_archive(places / "imdb.npz", reviews=evil(places))
    use_imdb(places / "imdb.npz", monkeypatch)
    words = "must hold an array of lists alone, got posix.mkdir"
    refused(prepare_imdb, places / "out", "truncated or damaged", words)
    assert not (places / "ran").exists()


# --- GLUE

PIECES = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "a",
    "film",
    "'",
    "s",
    "good",
    "##ness",
    "bad",
    "not",
    "is",
    "it",
]
SHORT = ["good", "bad", "it"]
LONG = [
    "it",
    "is",
    "good",
    "it",
    "is",
    "not",
    "a",
    "bad",
    "film",
    "a",
    "good",
    "film",
]  # twelve words


def glue_archive(path, task, tables):
    """tables : {part: list of rows}, the header first; fields are joined by tabs as upstream's."""
    with zipfile.ZipFile(path, "w") as archive:
        for part, rows in tables.items():
            body = "".join("\t".join(row) + "\n" for row in rows)
            archive.writestr(f"{task}/{part}.tsv", body)


@pytest.fixture
def vocabulary(places, monkeypatch):
    path = places / "vocab.txt"
    path.write_text("\n".join(PIECES) + "\n")
    known = download.content_sha256(glue.RAW_VOCABULARY.decode(path))
    raw = download.RawFile("vocab.txt", ("vocab.txt",), (), glue.RAW_VOCABULARY.decode, known)
    monkeypatch.setattr(glue, "RAW_VOCABULARY", raw)
    return glue.WordPieces(download.fetch(raw)["vocabulary"])


def names(ids):
    return [PIECES[i] for i in ids if i]


def test_word_pieces(vocabulary):
    texts = ["A Film's GOODNESS", "\u00e0 gro\u00dfartig film", ""]
    pieces = [names(ids) for ids in vocabulary.encode(texts)]
    assert pieces == [["a", "film", "'", "s", "good", "##ness"], ["a", "[UNK]", "film"], []]
    (pair,) = vocabulary.encode_pairs(["is it good"], ["not bad"])
    assert names(pair) == ["is", "it", "good", "[SEP]", "[SEP]", "not", "bad"]


def test_quotes_have_no_meaning_in_tables():
    content = np.frombuffer(b'sentence\tlabel\n"a \t0\nb" \t1\n', np.uint8)
    assert glue.table(content, ["sentence", "label"]) == [['"a ', 'b" '], ["0", "1"]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"sentence\tlabel\na\t0\tx\n", "line 2 has 3 fields, 2 are needed"),
        (b"text\tlabel\na\t0\n", "'sentence' is not in list"),
    ],
)
def test_broken_tables(content, words):
    with pytest.raises(ValueError, match=words):
        glue.table(np.frombuffer(content, np.uint8), ["sentence", "label"])


@pytest.mark.parametrize("prefix, line_end", [(b"\xef\xbb\xbf", b"\n"), (b"", b"\r\n")])
def test_tables_and_vocabularies_of_other_systems_are_the_same(places, prefix, line_end):
    glue_archive(places / "plain.zip", "SST-2", sst2_tables())
    with zipfile.ZipFile(places / "plain.zip") as archive:
        texts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(places / "other.zip", "w") as archive:
        for name, text in texts.items():
            archive.writestr(name, prefix + text.replace(b"\n", line_end))
    plain, other = (sst2.decode(places / f"{name}.zip") for name in ("plain", "other"))
    assert download.content_sha256(plain) == download.content_sha256(other)

    pieces = "\n".join(PIECES).encode() + b"\n"
    (places / "vocabulary.txt").write_bytes(prefix + pieces.replace(b"\n", line_end))
    read = glue.RAW_VOCABULARY.decode(places / "vocabulary.txt")["vocabulary"]
    assert read.tobytes() == pieces


def test_broken_labels():
    with pytest.raises(ValueError, match="labels must be 0 or 1, got"):
        glue.labels(["0", "1", "", "2"])


def sst2_tables():
    """Eight long phrases, parts of them, and short ones; rows as upstream prints them."""
    phrases = [[*LONG[:n], "a", *LONG[n:]] for n in range(1, 9)]
    rows = [(p, str(n % 2)) for n, p in enumerate(phrases)]
    rows += [(p[2:6], "1") for p in phrases] + [(["film", w], "0") for w in SHORT]
    rows += [(["not", *p], "1") for p in phrases]
    train = [["sentence", "label"], *([" ".join(p) + " ", label] for p, label in rows)]
    dev = [["sentence", "label"], ["it 's good .", "1"], ["bad", "0"]]
    test = [["index", "sentence"], ["0", "not bad"], ["1", "a bad film"], ["2", "film"]]
    return {"train": train, "dev": dev, "test": test}


@pytest.fixture
def sst2_folder(places, vocabulary, monkeypatch):
    glue_archive(places / "SST-2.zip", "SST-2", sst2_tables())
    known = download.content_sha256(sst2.decode(places / "SST-2.zip"))
    raw = download.RawFile("SST-2.zip", ("SST-2.zip",), (), sst2.decode, known)
    monkeypatch.setattr(sst2, "RAW", dataclasses.replace(raw, urls=sst2.RAW.urls))
    sst2.prepare(places / "out", sst2.Data(steps=16, valid_phrases=2))
    return places / "out"


def test_sst2_splits(sst2_folder):
    assert sst2.Data.facts == facts_of(sst2_folder)
    inputs, targets = prepared.load(sst2_folder, "test")
    assert targets.tolist() == [1, 0] and inputs.dtype == np.uint16 and inputs.shape == (2, 16)
    assert names(inputs[0]) == ["it", "'", "s", "good", "[UNK]"] and not inputs[0, :-5].any()
    unlabelled = prepared.load_unlabelled(sst2_folder)
    assert [names(row) for row in unlabelled] == [["not", "bad"], ["a", "bad", "film"], ["film"]]
    card = prepared.read_card(sst2_folder)
    assert card["counts"]["unlabelled"] == 3 and card["class_counts"]["valid"] == [1, 1]
    rows = len(sst2_tables()["train"]) - 1
    assert card["counts"]["train"] + card["counts"]["valid"] + card["left_out"] == rows


def test_sst2_of_the_most_frequent_pieces_ends_where_phrases_end(places, sst2_folder):
    whole, _ = prepared.load(sst2_folder, "train")
    sst2.prepare(places / "few", sst2.Data(steps=16, valid_phrases=2, lengths="mask", pieces=7))
    few, _ = prepared.load(places / "few", "train")
    card = prepared.read_card(places / "few")
    words = card["vocabulary"]
    assert card["input"]["size"] == 7 == 2 + len(words)
    often = Counter(piece for row in whole for piece in names(row))
    assert sorted(often.values())[-5:] == sorted(often[word] for word in words)
    steps = lengths.read(places / "few", "train", card)
    for before, now, count in zip(whole, few, steps, strict=True):
        pieces = names(before)
        assert count == len(pieces) and not now[count:].any()
        wanted = [2 + words.index(piece) if piece in words else 1 for piece in pieces]
        assert now[:count].tolist() == wanted
    for split in ("valid", "test", "unlabelled"):
        assert lengths.read(places / "few", split, card).min() > 0
    assert "vocabulary" not in prepared.read_card(sst2_folder)


def test_sst2_training_phrases_do_not_overlap_with_validation(sst2_folder):
    train, _ = prepared.load(sst2_folder, "train")
    valid, _ = prepared.load(sst2_folder, "valid")
    for phrase in (names(row) for row in train):
        for held_out in (names(row) for row in valid):
            text, other = " ".join(phrase), " ".join(held_out)
            assert len(phrase) < sst2.INSIDE or text not in other
            runs = [" ".join(phrase[i : i + sst2.SHARED]) for i in range(len(phrase) - 7)]
            assert not any(run in other for run in runs)
    assert sum(len(names(row)) == 2 for row in train) == len(SHORT)  # short ones stay


def test_sst2_with_too_few_long_phrases(places, sst2_folder):
    words = "benchmark.sst2.data.valid_phrases: must leave at most 4 phrases of 12 words of class"
    refused(lambda folder: sst2.prepare(folder, sst2.Data(valid_phrases=50)), places / "no", words)


def test_no_unlabelled_test_set(places, monkeypatch):
    imdb_archive(places / "imdb.npz")
    use_imdb(places / "imdb.npz", monkeypatch)
    prepare_imdb(places / "out")
    with pytest.raises(HadamrnnError, match="must hold an unlabelled test set, as the GLUE"):
        prepared.load_unlabelled(places / "out")


# --- QQP: the columns of GLUE's release, made-up rows

QQP_HEADER = ["id", "qid1", "qid2", "question1", "question2", "is_duplicate"]


def qqp_tables(pairs=12):
    rows = [
        [str(n), str(2 * n), str(2 * n + 1), "is it good ?", "not" + " bad" * n, str(n % 2)]
        for n in range(pairs)
    ]
    test = [["id", "question1", "question2"], ["0", '"is it', "good"], ["1", "a film", "a film"]]
    rows.insert(5, ["5", "1", "2", "cut off"])  # incomplete: left out
    return {"train": [QQP_HEADER, *rows], "dev": [QQP_HEADER, *rows[:3]], "test": test}


@pytest.fixture
def qqp_archive(places, vocabulary, monkeypatch):
    glue_archive(places / "QQP-clean.zip", "QQP", qqp_tables())
    monkeypatch.setattr(qqp, "ROWS", {"train": 12, "dev": 3, "test": 2})
    return places / "QQP-clean.zip"


def prepare_qqp(folder):
    qqp.prepare(folder, qqp.Data(steps=9, valid_pairs=4))


def test_qqp_pairs(places, qqp_archive):
    prepare_qqp(places / "out")
    assert qqp.Data.facts == facts_of(places / "out")
    card = prepared.read_card(places / "out")
    assert card["counts"] == {"train": 8, "valid": 4, "test": 3, "unlabelled": 2}
    assert card["class_counts"]["valid"] == [2, 2]
    inputs, targets = prepared.load(places / "out", "test")
    assert targets.tolist() == [0, 1, 0]
    assert names(inputs[1]) == ["is", "it", "good", "[UNK]", "[SEP]", "[SEP]", "not", "bad"]
    assert names(inputs[2]) == ["is", "it", "good", "[UNK]", "[SEP]", "[SEP]", "not", "bad", "bad"]
    rows = [names(row) for row in prepared.load_unlabelled(places / "out")]
    assert rows[0] == ["[UNK]", "is", "it", "[SEP]", "[SEP]", "good"]
    assert len(card["source_checksums"]["train"]) == 64


def test_qqp_with_another_number_of_rows(places, qqp_archive, monkeypatch):
    monkeypatch.setattr(qqp, "ROWS", {"train": 12, "dev": 3, "test": 3})
    words = ("QQP-clean.zip: must be a whole copy", "test.tsv must have 3 rows, got 2")
    refused(prepare_qqp, places / "out", *words)


def test_qqp_missing(places, vocabulary, monkeypatch):
    monkeypatch.setattr(qqp, "RAW", dataclasses.replace(qqp.RAW, urls=()))
    refused(prepare_qqp, places / "out", "QQP-clean.zip: must come from")

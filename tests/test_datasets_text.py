"""Text benchmarks on tiny files written exactly in the upstream formats."""

import io
import os
import pickle
import zipfile

import numpy as np
import pooch
import pytest

from hadamrnn.datasets import download, imdb, prepared, text
from hadamrnn.errors import HadamrnnError


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """The mirror is ``tmp_path``, the cache is empty."""
    monkeypatch.setenv(download.MIRROR, str(tmp_path))
    monkeypatch.setenv(download.CACHE, str(tmp_path / "cache"))
    return tmp_path


def refused(prepare, settings, *parts):
    with pytest.raises(HadamrnnError) as caught:
        prepare(settings)
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
        file_sha256=(pooch.file_hash(str(path)),),
    )
    monkeypatch.setattr(imdb, "RAW", raw)
    monkeypatch.setattr(imdb, "REVIEWS", len(REVIEWS))


def prepare_imdb(folder, **settings):
    imdb.prepare(folder, {"steps": 6, "valid_reviews": 2, **settings})
    return {split: prepared.load(folder, split) for split in prepared.SPLITS}


def test_imdb_ids_are_those_of_keras(places, monkeypatch):
    imdb_archive(places / "imdb.npz")
    use_imdb(places / "imdb.npz", monkeypatch)
    arrays = prepare_imdb(places / "out")
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
    refused(lambda s: imdb.prepare(places / "out", s), {}, "must have sha256 6966")
    assert not (places / "ran").exists()


def evil(folder):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(folder / "ran"),)

    return npy_of_lists([[1]]).split(b"\n")[0] + b"\n" + pickle.dumps(Evil(), protocol=2)


def test_imdb_unpickles_nothing_but_lists(places, monkeypatch):
    imdb_archive(places / "imdb.npz", reviews=evil(places))
    use_imdb(places / "imdb.npz", monkeypatch)
    refused(
        lambda s: imdb.prepare(places / "out", s), {"valid_reviews": 2},
        "truncated or damaged", "must hold an array of lists alone, got posix.mkdir",
    )  # fmt: skip
    assert not (places / "ran").exists()


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"words": 4}, "imdb.words: must be an integer from 5 to 65535; got 4"),
        ({"words": 65_536}, "imdb.words: must be an integer from 5 to 65535; got 65536"),
        ({"steps": 0}, "imdb.steps: must be an integer from 1 to 1048576; got 0"),
        ({"valid_reviews": 25_000}, "imdb.valid_reviews: must be an integer from 2 to 24998"),
        ({"word": 4}, "imdb.word: is not a setting of this benchmark"),
    ],
)
def test_imdb_settings(places, setting, words):
    refused(lambda s: imdb.prepare(places / "out", s), setting, words)

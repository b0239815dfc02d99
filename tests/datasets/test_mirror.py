"""Raw files from a mirror folder, the cache, and the checksums that decide."""

import hashlib
import io

import numpy as np
import pytest

from hadamrnn.datasets.common import download
from hadamrnn.errors import HadamrnnError

ARRAY = np.random.default_rng(0).integers(0, 256, size=5_000, dtype=np.uint8)
NAME = "part/raw.npy"


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


BODY = npy(ARRAY)


def read_npy(path):
    return {"x": np.load(path, allow_pickle=False)}


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """An empty cache, no mirror."""
    monkeypatch.setenv(download.CACHE, str(tmp_path / "cache"))
    monkeypatch.delenv(download.MIRROR, raising=False)
    return tmp_path


def raw_file():
    known = download.content_sha256({"x": ARRAY})
    return download.RawFile(NAME, (NAME, "raw.npy"), (), read_npy, known)


def fails(raw, *parts):
    """``fetch`` raises one sentence that has all the parts."""
    with pytest.raises(HadamrnnError) as caught:
        download.fetch(raw)
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message
    return message


def mirror(places, monkeypatch, body, name=NAME):
    path = places / "mirror" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    monkeypatch.setenv(download.MIRROR, str(places / "mirror"))
    return path


@pytest.mark.parametrize("name", [NAME, "raw.npy"])
def test_mirror_folder(places, monkeypatch, name):
    mirror(places, monkeypatch, BODY, name)
    assert (download.fetch(raw_file())["x"] == ARRAY).all()


def test_mirror_file_address(places, monkeypatch):
    mirror(places, monkeypatch, BODY)
    monkeypatch.setenv(download.MIRROR, (places / "mirror").as_uri())
    assert (download.fetch(raw_file())["x"] == ARRAY).all()


def test_mirror_file_truncated(places, monkeypatch):
    path = mirror(places, monkeypatch, BODY[:-1])
    fails(raw_file(), str(path), "truncated or damaged", download.MIRROR)
    assert not (places / "cache" / NAME).exists()


def test_mirror_file_of_unknown_content(places, monkeypatch):
    path = mirror(places, monkeypatch, npy(ARRAY + np.uint8(1)))
    raw = raw_file()
    fails(raw, str(path), "must hold the known content", raw.content_sha256, download.MIRROR)


def test_mirror_that_does_not_exist(places, monkeypatch):
    monkeypatch.setenv(download.MIRROR, "../nowhere")
    fails(raw_file(), f"{download.MIRROR}: must be a folder that exists", "'../nowhere'")


def test_relative_mirror_is_found_from_dvc_experiment_folders(places, monkeypatch):
    mirror(places, monkeypatch, BODY)
    workplace = places / "repository" / ".dvc" / "tmp" / "exps" / "a"
    workplace.mkdir(parents=True)
    monkeypatch.chdir(workplace)
    monkeypatch.setenv(download.MIRROR, "../mirror")
    assert (download.fetch(raw_file())["x"] == ARRAY).all()


def test_mirror_file_is_kept_for_runs_without_the_mirror(places, monkeypatch):
    path = mirror(places, monkeypatch, BODY)
    download.fetch(raw_file())
    path.unlink()
    for value in ("", "../lost", "http://127.0.0.1:1"):
        monkeypatch.setenv(download.MIRROR, value)
        assert (download.fetch(raw_file())["x"] == ARRAY).all()


def test_file_checksum_is_demanded_before_decoding(places, monkeypatch):
    """Some formats execute what they contain (pickles): those are never opened unchecked."""
    path = mirror(places, monkeypatch, BODY)
    digest = hashlib.sha256(BODY).hexdigest()
    opened = []
    raw = download.RawFile(
        NAME, (NAME,), (), lambda p: opened.append(p) or read_npy(p), file_sha256=(digest,)
    )
    assert (download.fetch(raw)["x"] == ARRAY).all()
    opened.clear()
    path.write_bytes(BODY[:-1] + b"!")
    fails(raw, str(path), f"must have sha256 {digest}; got")
    assert not opened


def test_content_checksum_depends_on_names_types_shapes_and_values():
    x = np.arange(6, dtype=np.uint16)
    others = [{"y": x}, {"x": x.astype(np.uint32)}, {"x": x.reshape(2, 3)}, {"x": x + np.uint16(1)}]
    sums = [download.content_sha256(arrays) for arrays in ({"x": x}, *others)]
    assert len(set(sums)) == len(sums)
    pair = {"x": x, "y": x}
    assert download.content_sha256(pair) == download.content_sha256(dict(reversed(pair.items())))
    assert download.content_sha256({"x": x.astype(">u2")}) == sums[0]
    assert download.content_sha256({"x": np.repeat(x, 2)[::2]}) == sums[0]


def test_cache_that_cannot_be_written(places, monkeypatch):
    (places / "file").touch()
    monkeypatch.setenv(download.CACHE, str(places / "file"))
    fails(raw_file(), str(places / "file"), "writable", download.CACHE)
    mirror(places, monkeypatch, BODY)
    assert (download.fetch(raw_file())["x"] == ARRAY).all()

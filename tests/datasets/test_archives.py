"""Compressed files within bounds: bombs are refused while they are read."""

import contextlib
import gzip
import io
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from hadamrnn.datasets import dsa19, sst2
from hadamrnn.datasets.common import archives, download, mnist, uci_har
from hadamrnn.errors import HadamrnnError

ZEROS = 110_000_000


def piecewise(write, size=ZEROS):
    """Hand ``size`` zeros to ``write`` a piece at a time."""
    piece = bytes(1 << 20)
    for start in range(0, size, len(piece)):
        write(piece[: size - start])


def zip_of(path, name, size=ZEROS, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive, archive.open(name, "w") as file:
        piecewise(file.write, size)


@contextlib.contextmanager
def memory_below(most):
    """What is allocated inside, at its peak."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


@pytest.fixture(scope="module")
def bombs(tmp_path_factory):
    """110 MB of zeros as gzip, and as the first member that each reader of a zip opens."""
    folder = tmp_path_factory.mktemp("bombs")
    with gzip.open(folder / "mnist.gz", "wb", compresslevel=1) as file:
        piecewise(file.write)
    zip_of(folder / "har2.zip", "UCI HAR Dataset/train/y_train.txt")
    zip_of(folder / "inner.zip", "inner.zip")
    zip_of(folder / "sst2.zip", "SST-2/train.tsv")
    zip_of(folder / "packed.npz", "lo.npy")
    zip_of(folder / "texts.zip", "data/a01/p1/s01.txt")
    return folder


@pytest.mark.parametrize(
    ("decode", "file", "most"),
    [
        (mnist.read_idx, "mnist.gz", 47_040_016),
        (uci_har.decode, "har2.zip", 1 << 24),
        (uci_har.decode, "inner.zip", 1 << 26),
        (sst2.decode, "sst2.zip", 1 << 22),
        (dsa19.decode, "packed.npz", 102_600_128),
        (dsa19.decode, "texts.zip", 135_000),
    ],
)
def test_what_grows_beyond_its_known_size(bombs, decode, file, most):
    words = pytest.raises(ValueError, match=f"grows beyond the {most} bytes that it may have")
    with memory_below(1.3 * most + (8 << 20)), words:
        decode(bombs / file)


def test_the_error_is_one_sentence(bombs, tmp_path, monkeypatch):
    monkeypatch.setenv(download.MIRROR, str(bombs))
    monkeypatch.setenv(download.CACHE, str(tmp_path))
    raw = download.RawFile("x", ("sst2.zip",), (), sst2.decode, "0" * 64)
    words = (
        "sst2.zip: must be a whole copy of x; got a truncated or damaged file .ValueError: SST-2"
    )
    with pytest.raises(HadamrnnError, match=words):
        download.fetch(raw)


def test_a_member_whose_stated_size_is_false(tmp_path):
    """The size in a zip's directory says 10 bytes; the data go on for 110 MB."""
    zip_of(tmp_path / "x.zip", "a")
    content = bytearray((tmp_path / "x.zip").read_bytes())
    place = content.index(b"PK\x01\x02") + 24
    assert struct.unpack_from("<I", content, place)[0] == ZEROS
    struct.pack_into("<I", content, place, 10)
    (tmp_path / "x.zip").write_bytes(content)
    refused = pytest.raises(zipfile.BadZipFile)
    with zipfile.ZipFile(tmp_path / "x.zip") as archive, memory_below(16 << 20), refused:
        archives.read_member(archive, "a", 1000)


def test_lzma_is_read_in_small_pieces(tmp_path):
    zip_of(tmp_path / "x.zip", "a", ZEROS, zipfile.ZIP_LZMA)
    words = pytest.raises(ValueError, match="^a grows beyond the 1000 bytes that it may have$")
    with zipfile.ZipFile(tmp_path / "x.zip") as archive, memory_below(80 << 20), words:
        archives.read_member(archive, "a", 1000)


def test_a_method_that_cannot_be_read_piece_by_piece(tmp_path):
    zip_of(tmp_path / "x.zip", "a", 100, zipfile.ZIP_BZIP2)
    words = pytest.raises(ValueError, match="^a must be stored, or compressed by deflate or LZMA$")
    with zipfile.ZipFile(tmp_path / "x.zip") as archive, words:
        archives.read_member(archive, "a", 1000)


def test_contents_of_the_largest_size(tmp_path):
    (tmp_path / "x.gz").write_bytes(gzip.compress(b"12345"))
    assert archives.read_gzip(tmp_path / "x.gz", 5) == b"12345"
    with pytest.raises(ValueError, match="grows beyond the 4 bytes"):
        archives.read_gzip(tmp_path / "x.gz", 4)


# --- arrays


def npz(path, content):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", content)
    return path


def npy(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays(tmp_path, order):
    array = np.arange(6, dtype=np.uint16).reshape(2, 3, order=order)
    read = archives.read_npz(npz(tmp_path / "x.npz", npy(array)), ["x"], 1000)["x"]
    assert (read == array).all() and read.dtype == array.dtype


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (npy(np.array([[1]], dtype=object), allow_pickle=True), "must hold numbers, got objects"),
        (npy(np.zeros(9)).replace(b"(9,)", b"(8,)"), "reshape"),
        (npy(np.zeros(99999, np.uint8)).replace(b"(99999,), }", b"(10**15,),}"), "malformed"),
        (npy(np.zeros(9)).replace(b"NUMPY\x01", b"NUMPY\x02"), r"of version 1\.0, got \(2, 0\)"),
        (b"no array", "magic"),
    ],
)
def test_arrays_that_are_none(tmp_path, content, words):
    with pytest.raises(ValueError, match=words):
        archives.read_npz(npz(tmp_path / "x.npz", content), ["x"], 1 << 20)


def test_a_header_that_claims_terabytes(tmp_path):
    content = npy(np.zeros(9)).replace(b"(9,), }            ", b"(9000000000000,), }")
    with pytest.raises(ValueError, match="reshape array of size 9 into shape"):
        archives.read_npz(npz(tmp_path / "x.npz", content), ["x"], 1 << 20)


def test_missing_array(tmp_path):
    with pytest.raises(KeyError, match=r"y\.npy"):
        archives.read_npz(npz(tmp_path / "x.npz", npy(np.zeros(1))), ["y"], 1000)


# --- archives in archives


def test_open_zip_looks_into_inner_archives(tmp_path):
    inner, path = io.BytesIO(), tmp_path / "outer.zip"
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a/b.txt", "text")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("__MACOSX/._inner.zip", "not a zip")
        archive.writestr("inner.zip", inner.getvalue())
    with archives.open_zip(path, "a/b.txt", 1000) as archive:
        assert archive.read("a/b.txt") == b"text"
    with pytest.raises(KeyError, match=r"no member c\.txt"):
        archives.open_zip(path, "c.txt", 1000)

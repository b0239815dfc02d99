"""Readers of the upstream formats, on tiny files written exactly in them."""

import dataclasses
import gzip
import io
import struct
import zipfile

import numpy as np
import pytest

from hadamrnn.companding import compress
from hadamrnn.datasets import dsa19, har2, har6, pmnist, smnist
from hadamrnn.datasets.common import download, mnist, uci_har
from hadamrnn.errors import HadamrnnError
from hadamrnn.prepared import arrays as prepared
from hadamrnn.prepared.coding import Coding
from tests.datasets.facts import facts_of

# --- MNIST


def write_idx(path, array):
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes()))


def test_idx(tmp_path):
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    write_idx(tmp_path / "x.gz", images)
    assert (mnist.read_idx(tmp_path / "x.gz")["data"] == images).all()


@pytest.mark.parametrize("content", [b"", b"\0\0\x0d\x01\0\0\0\1....", b"\0\0\x08\x03\0\0\0\1"])
def test_other_than_idx(tmp_path, content):
    (tmp_path / "x.gz").write_bytes(gzip.compress(content))
    with pytest.raises(ValueError, match="not an IDX file"):
        mnist.read_idx(tmp_path / "x.gz")


def test_idx_with_bytes_missing(tmp_path):
    (tmp_path / "x.gz").write_bytes(gzip.compress(b"\0\0\x08\x01\0\0\0\5...."))
    with pytest.raises(ValueError, match="reshape"):
        mnist.read_idx(tmp_path / "x.gz")


@pytest.mark.parametrize("benchmark", [smnist, pmnist])
def test_mnist_order_and_splits(tmp_path, monkeypatch, benchmark):
    """60 + 20 images whose pixels tell image and place; the last 10 of the 60 validate."""
    pixels = np.arange(784) % 251
    images = ((pixels + np.arange(80)[:, None]) % 251).astype(np.uint8).reshape(80, 28, 28)
    labels = (np.arange(80) % 10).astype(np.uint8)
    small = {"train": slice(60), "test": slice(60, 80)}
    parts = {f"{name}_images": images[rows] for name, rows in small.items()}
    parts |= {f"{name}_labels": labels[rows] for name, rows in small.items()}
    raw = {}
    for name, array in parts.items():
        write_idx(tmp_path / f"{name}.gz", array)
        known = download.content_sha256({"data": array})
        raw[name] = download.RawFile(name, (f"{name}.gz",), (), mnist.read_idx, known)
    monkeypatch.setattr(mnist, "RAW", raw)
    monkeypatch.setattr(mnist, "VALID", 10)
    monkeypatch.setenv(download.MIRROR, str(tmp_path))
    monkeypatch.setenv(download.CACHE, str(tmp_path / "cache"))
    benchmark.prepare(tmp_path / "out", benchmark.Data())

    assert benchmark.Data.facts == facts_of(tmp_path / "out")
    order = pmnist.permutation() if benchmark is pmnist else np.arange(784)
    for split, rows in (("train", range(50)), ("valid", range(50, 60)), ("test", range(60, 80))):
        inputs, targets = prepared.load(tmp_path / "out", split)
        assert (inputs[:, :, 0] == images.reshape(80, 784)[rows][:, order]).all()
        assert (targets == labels[rows]).all()


# --- UCI HAR

SUBJECTS = {"train": [1, 3, 6, 6, 29], "test": [2, 4]}
ACTIVITIES = {"train": [1, 2, 3, 4, 5], "test": [6, 1]}


def har_signals(part):
    seed = {"train": 0, "test": 1}[part]
    values = np.random.default_rng(seed).normal(size=(len(SUBJECTS[part]), 128, 9))
    return np.array([[float(f"{v:.7e}") for v in row] for row in values.reshape(-1, 9)]).reshape(
        values.shape
    )


def har_archive(path, nested):
    """Numbers as upstream prints them: "  1.8085150e-004", three digits of exponent, CRLF."""

    def lines(rows):
        printed = [[f"{v: .7e}".replace("e-", "e-0").replace("e+", "e+0") for v in r] for r in rows]
        return "".join("".join(f" {v}" for v in row) + "\r\n" for row in printed)

    buffer, root = io.BytesIO(), "UCI HAR Dataset"
    with zipfile.ZipFile(buffer, "w") as archive:
        for part in ("train", "test"):
            for column, channel in enumerate(uci_har.CHANNELS):
                name = f"{root}/{part}/Inertial Signals/{channel}_{part}.txt"
                archive.writestr(name, lines(har_signals(part)[:, :, column]))
            for stem, column in (("y", ACTIVITIES[part]), ("subject", SUBJECTS[part])):
                text = "".join(f"{value}\n" for value in column)
                archive.writestr(f"{root}/{part}/{stem}_{part}.txt", text)
    content = buffer.getvalue()
    if nested:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("UCI HAR Dataset.zip", content)
            archive.writestr("UCI HAR Dataset.names", "text")
    else:
        path.write_bytes(content)


@pytest.mark.parametrize("nested", [False, True])
def test_har_archive(tmp_path, nested):
    har_archive(tmp_path / "har.zip", nested)
    arrays = uci_har.decode(tmp_path / "har.zip")
    for part in ("train", "test"):
        assert (arrays[f"{part}_signals"] == har_signals(part).astype(np.float32)).all()
        assert arrays[f"{part}_activities"].tolist() == ACTIVITIES[part]
        assert arrays[f"{part}_subjects"].tolist() == SUBJECTS[part]


def use(module, tmp_path, monkeypatch, file):
    """Let ``module`` read the synthetic file as if its content were the known one."""
    known = download.content_sha256(module.decode(tmp_path / file))
    raw = dataclasses.replace(module.RAW, mirror_paths=(file,), content_sha256=known)
    monkeypatch.setattr(module, "RAW", raw)
    monkeypatch.setenv(download.MIRROR, str(tmp_path))
    monkeypatch.setenv(download.CACHE, str(tmp_path / "cache"))


def test_har2_classes_and_subjects(tmp_path, monkeypatch):
    har_archive(tmp_path / "har.zip", True)
    use(uci_har, tmp_path, monkeypatch, "har.zip")
    har2.prepare(tmp_path / "out", har2.Data())
    assert har2.Data.facts == facts_of(tmp_path / "out")
    expected = {  # subjects; walking, upstairs | downstairs, sitting, standing | laying, walking
        "train": ([1, 3], [1, 0]),
        "valid": ([6, 6, 29], [1, 0, 1]),
        "test": ([2, 4], [0, 1]),
    }
    for split, (subjects, classes) in expected.items():
        inputs, targets = prepared.load(tmp_path / "out", split)
        assert inputs.shape == (len(subjects), 128, 9) and inputs.dtype == np.float32
        assert targets.tolist() == classes
        assert prepared.read_array(tmp_path / "out", split, "subjects").tolist() == subjects


def test_har6_has_the_windows_of_har2_and_the_activities_as_classes(tmp_path, monkeypatch):
    har_archive(tmp_path / "har.zip", True)
    use(uci_har, tmp_path, monkeypatch, "har.zip")
    settings = {"body_acc_companding": 0.01, "body_gyro_companding": 0.02}
    for module, name in ((har2, "two"), (har6, "six")):
        module.prepare(tmp_path / name, module.Data(**settings))
    assert har6.Data.facts == facts_of(tmp_path / "six")
    card = prepared.read_card(tmp_path / "six")
    assert card["output"]["names"] == list(uci_har.ACTIVITIES)
    for split in prepared.SPLITS:
        inputs, targets = prepared.load(tmp_path / "six", split)
        same, finer = prepared.load(tmp_path / "two", split, True)
        assert np.array_equal(inputs, same) and np.array_equal(targets, finer)
    assert prepared.load(tmp_path / "six", "test")[1].tolist() == [5, 0]


def test_har2_companding_comes_before_standardising(tmp_path, monkeypatch):
    har_archive(tmp_path / "har.zip", True)
    use(uci_har, tmp_path, monkeypatch, "har.zip")
    folders = {"linear": {}, "companded": {"body_acc_companding": 0.1, "body_gyro_companding": 2}}
    stored, seen, raw = {}, {}, {}
    for name, settings in folders.items():
        har2.prepare(tmp_path / name, har2.Data(**settings))
        card = prepared.read_card(tmp_path / name)
        stored[name] = prepared.read_array(tmp_path / name, "test", "inputs")
        inputs = Coding.from_card(card).decode(stored[name]).astype(np.float64)
        raw[name] = card["raw"]
        seen[name] = inputs * raw[name]["scale"] + raw[name]["zero"]
    assert stored["linear"].tobytes() == stored["companded"].tobytes()  # as recorded
    np.testing.assert_allclose(seen["linear"], stored["linear"], atol=1e-4)
    assert raw["linear"]["companding"] == [0.0] * 9
    assert raw["companded"]["companding"] == [0.1] * 3 + [2.0] * 3 + [0.0] * 3
    expected = compress(stored["linear"], np.array(raw["companded"]["companding"]))
    np.testing.assert_allclose(seen["companded"], expected, atol=1e-4)


def test_har_archive_with_a_member_missing(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "har.zip", "w") as archive:
        archive.writestr("UCI HAR Dataset/train/y_train.txt", "1\n")
    raw = dataclasses.replace(uci_har.RAW, mirror_paths=("har.zip",))
    monkeypatch.setenv(download.MIRROR, str(tmp_path))
    with pytest.raises(HadamrnnError, match=r"har\.zip: must be a whole copy.*subject_train"):
        download.fetch(raw)


# --- UCI DSADS

VALUES = [0.0, -0.0, 8.1305, -119.81, 120.53, 0.00010934, -1.5e-05, 7.0, -0.79127]
KEYS = [(a, p, 1) for a in (1, 2) for p in range(1, 9)]


def dsads_segments():
    return np.random.default_rng(2).choice(VALUES, size=(len(KEYS), 125, 45))


def dsads_texts(path, line_end="\n"):
    """data/aAA/pP/sSS.txt: 125 lines of 45 numbers as "%.5g", comma between, no header."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data/", "")
        for key, segment in reversed(list(zip(KEYS, dsads_segments(), strict=True))):
            text = "".join(",".join(f"{v:.5g}" for v in row) + line_end for row in segment)
            archive.writestr("data/a{:02d}/p{}/s{:02d}.txt".format(*key), text)


def dsads_packed(path):
    values = dsads_segments().transpose(0, 2, 1)
    decimals = np.array([next(k for k in range(12) if round(v, k) == v) for v in VALUES])
    which = (values[..., None] == np.array(VALUES)).argmax(-1)
    integer = np.rint(values * 10.0 ** decimals[which]).astype(np.int64) + (1 << 17)
    np.savez_compressed(
        path,
        lo=(integer & 0xFFFF).astype(np.uint16),
        hd=((integer >> 16) | decimals[which] << 2).astype(np.uint8),
        activity=np.array([a for a, _, _ in KEYS], dtype=np.uint8),
        subject=np.array([p for _, p, _ in KEYS], dtype=np.uint8),
    )


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_dsads_texts_and_packed_form_decode_to_the_same_arrays(tmp_path, monkeypatch, line_end):
    monkeypatch.setattr(dsa19, "SLICE", 5)  # several slices, the last one shorter
    dsads_texts(tmp_path / "texts.zip", line_end)
    dsads_packed(tmp_path / "packed.npz")
    texts, packed = dsa19.decode(tmp_path / "texts.zip"), dsa19.decode(tmp_path / "packed.npz")
    assert (texts["signals"] == dsads_segments().astype(np.float32)).all()
    assert download.content_sha256(texts) == download.content_sha256(packed)


def test_dsa19_splits(tmp_path, monkeypatch):
    dsads_texts(tmp_path / "texts.zip")
    use(dsa19, tmp_path, monkeypatch, "texts.zip")
    dsa19.prepare(tmp_path / "out", dsa19.Data())
    assert dsa19.Data.facts == facts_of(tmp_path / "out")
    people = {"train": [1, 2, 3], "valid": [4], "test": [5, 6, 7, 8]}
    for split, subjects in people.items():
        inputs, targets = prepared.load(tmp_path / "out", split)
        assert inputs.shape == (2 * len(subjects), 125, 45)
        assert targets.tolist() == [0] * len(subjects) + [1] * len(subjects)
        found = prepared.read_array(tmp_path / "out", split, "subjects")
        assert found.tolist() == [*subjects, *subjects]


def test_segments_that_end_in_zeros_are_found():
    signals = np.ones((3, 125, 45), dtype=np.float32)
    signals[1, 100:] = 0
    signals[2, 101:] = 0
    assert dsa19._cut_short(signals).tolist() == [False, True, False]

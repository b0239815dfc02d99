"""MNIST as sequences of 784 pixels: the raw files and what smnist and pmnist have in common."""

from pathlib import Path
from typing import Any

import numpy as np

from hadamrnn.datasets.common import splits
from hadamrnn.datasets.common.archives import read_gzip
from hadamrnn.datasets.common.download import RawFile, fetch

SIDE, CLASSES = 28, 10
PIXELS = SIDE * SIDE
VALID = 10_000  # the last ones of the 60,000 training images
MOST_BYTES = 16 + 60_000 * PIXELS  # of the training images behind their header
_HOSTS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)


def read_idx(path: Path) -> dict[str, np.ndarray]:
    """The array in a gzipped IDX file of unsigned bytes (magic 0x08 and the number of axes).

    Parameters
    ----------
    path : Path
        Of a gzipped IDX file.

    Returns
    -------
    dict of str to numpy.ndarray
        "data", uint8.

    Raises
    ------
    ValueError
        For another format, a wrong length, or more bytes than MNIST's largest file has.
    """
    content = read_gzip(path, MOST_BYTES)
    axes = content[3] if len(content) > 3 else 0
    if content[:3] != b"\0\0\x08" or len(content) < 4 + 4 * axes:
        raise ValueError("not an IDX file of unsigned bytes")
    shape = np.frombuffer(content, ">u4", count=axes, offset=4).tolist()
    data = np.frombuffer(content, np.uint8, offset=4 + 4 * axes)
    return {"data": data.reshape(shape)}


def _raw_file(stem: str, content_sha256: str) -> RawFile:
    name = f"{stem}-ubyte.gz"
    return RawFile(
        name=f"mnist/{name}",
        mirror_paths=(f"mnist/{name}", f"MNIST/raw/{name}", name),
        urls=tuple(host + name for host in _HOSTS),
        decode=read_idx,
        content_sha256=content_sha256,
    )


RAW = {
    "train_images": _raw_file(
        "train-images-idx3", "4476a065853b4ee493b6ecd95ba138aaa84ed2b20f52d15310aaa929da5746f9"
    ),
    "train_labels": _raw_file(
        "train-labels-idx1", "a29e4b39bc7e6c14b09cc33eac5973ef24b225bdde01511bdbc98779c77eaeeb"
    ),
    "test_images": _raw_file(
        "t10k-images-idx3", "69c0144e069767b5f0a266d8d78357ee197ddd9be83dd8b75f45371c5e2c762d"
    ),
    "test_labels": _raw_file(
        "t10k-labels-idx1", "91e3c8e32ff7a4957a215471d635fe9146de6193ce26b6b803685e248c60db46"
    ),
}


def prepare_sequences(folder: Path, order: np.ndarray, title: str, reading: str) -> None:
    """Write the splits with pixels in the given order.

    Parameters
    ----------
    folder : Path
        Written to.
    order : (784,) int
        Positions in the row-major image.
    title, reading : str
        Text for the card.

    Raises
    ------
    HadamrnnError
        When a raw file cannot be had.
    """
    raw = {name: fetch(file)["data"] for name, file in RAW.items()}
    inputs = {
        name: raw[f"{name}_images"].reshape(-1, PIXELS)[:, order, None]
        for name in ("train", "test")
    }
    arrays = {
        "train_inputs": inputs["train"][:-VALID],
        "train_targets": raw["train_labels"][:-VALID],
        "valid_inputs": inputs["train"][-VALID:],
        "valid_targets": raw["train_labels"][-VALID:],
        "test_inputs": inputs["test"],
        "test_targets": raw["test_labels"],
    }
    splits.write(folder, arrays, _card(order, title, reading))


def _card(order: np.ndarray, title: str, reading: str) -> dict[str, Any]:
    return {
        "title": title,
        "source": _HOSTS[0] + " (originally http://yann.lecun.com/exdb/mnist)",
        "licence": "commonly given as CC BY-SA 3.0 (Yann LeCun, Corinna Cortes)",
        "citation": "LeCun, Bottou, Bengio & Haffner 1998, Gradient-based learning applied to "
        "document recognition",
        "preprocessing": [
            reading,
            "Validation: the last 10,000 of the 60,000 training images; test: the official one.",
        ],
        "input": {"kind": "dense", "size": 1, "scale": 1 / 255, "offset": 0.0},
        "output": {
            "size": CLASSES,
            "names": [str(digit) for digit in range(CLASSES)],
            "per_step": False,
        },
        "steps": PIXELS,
        "image": {"shape": [SIDE, SIDE], "order": order.tolist()},
    }

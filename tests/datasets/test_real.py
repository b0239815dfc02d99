"""The real data sets, where they lie at hand: counts, splits, and bytes equal on every machine."""

import hashlib
import importlib
import io
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from hadamrnn.datasets import dsa19, har2
from hadamrnn.datasets.common import download, uci_har
from hadamrnn.prepared import arrays
from hadamrnn.prepared.coding import Coding
from tests.compiling import shared_folder

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "datasets"
MIRROR = os.environ.get(download.MIRROR) or (str(BESIDE) if BESIDE.is_dir() else "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not MIRROR, reason=f"{download.MIRROR} is not set: no real data at hand"),
]
SHAPES = {
    "smnist": {"train": (50000, 784, 1), "valid": (10000, 784, 1), "test": (10000, 784, 1)},
    "pmnist": {"train": (50000, 784, 1), "valid": (10000, 784, 1), "test": (10000, 784, 1)},
    "har2": {"train": (5591, 128, 9), "valid": (1761, 128, 9), "test": (2947, 128, 9)},
    "har6": {"train": (5591, 128, 9), "valid": (1761, 128, 9), "test": (2947, 128, 9)},
    "dsa19": {"train": (3420, 125, 45), "valid": (1140, 125, 45), "test": (4560, 125, 45)},
    "imdb": {"train": (22500, 500), "valid": (2500, 500), "test": (25000, 500)},
    "sst2": {"train": (58419, 128), "valid": (1000, 128), "test": (872, 128)},
}
TYPES = {"smnist": np.uint8, "pmnist": np.uint8, "imdb": np.uint16, "sst2": np.uint16}
TEST_INPUTS_SHA256 = {
    "smnist": "49c2c931c3e785b7170762e8bf475c9a7b36476ece553d2783bea24c2bff2156",
    "pmnist": "041da7deaf4e2f878d23febf252f8317aae7beabc821532370eb04b228a05134",
    "har2": "a0972815affe3f0b34301ece2853b74c0c731a22bc7533841e58cead1b33be6a",
    "har6": "a0972815affe3f0b34301ece2853b74c0c731a22bc7533841e58cead1b33be6a",
    "dsa19": "d4336cd784d2f97a92d8c6ba906f2400b05f18f17176cc4d4bc6b5c0963aa23b",
    "imdb": "d398d5fa8e4e7562c75a88050dacca1418dd713cdcacc416c1a925362bac2ce0",
    "sst2": "11cdf13dd73ad6f9f0f60b0a479b75bb0deea8d01a5a28df0d8216c00f80f303",
}
STANDARDISED_SHA256 = {
    "har2": "07256933131178f391bf831696513913bf6f8cd940a968db20727a347e53d868",
    "har6": "07256933131178f391bf831696513913bf6f8cd940a968db20727a347e53d868",
    "dsa19": "586ce375291efda60747def7383b9f3c7a8054487a3818c509ef9fe3d3690ce8",
}
"""Of the test inputs as a model sees them, saved as .npy."""
COMPANDED_HAR2_SHA256 = "d443e29e4b28680f8d5ce635d39fe124d14c1e1384fa4d687244d232c94b9d04"


def _npy_sha256(array):
    content = io.BytesIO()
    np.save(content, array)
    return hashlib.sha256(content.getvalue()).hexdigest()


@pytest.fixture(scope="module", params=SHAPES)
def benchmark_folder(request, tmp_path_factory):
    """(benchmark, folder), each prepared once in a run, by the first process that needs it."""
    folder = shared_folder(request, tmp_path_factory) / f"real-{request.param}"
    folder.mkdir(exist_ok=True)
    with FileLock(folder / "lock"):
        if not (folder / "made").exists():
            module = importlib.import_module(f"hadamrnn.datasets.{request.param}")
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv(download.MIRROR, MIRROR)
                patch.setenv(download.CACHE, str(folder / "cache"))
                module.prepare(folder / "out", module.Data())
            (folder / "made").touch()
    return request.param, folder / "out"


def test_shapes_types_and_balance(benchmark_folder):
    benchmark, folder = benchmark_folder
    card = arrays.read_card(folder)
    for split, shape in SHAPES[benchmark].items():
        inputs, targets = arrays.load(folder, split)
        symbols, size = card["input"]["kind"] == "symbol", card["input"]["size"]
        assert inputs.shape == shape
        assert inputs.shape[1:] == ((card["steps"],) if symbols else (card["steps"], size))
        assert inputs.dtype == TYPES.get(benchmark, np.float32)
        assert not symbols or inputs.max() < size
        assert targets.shape == shape[:1] and targets.dtype == np.uint8
        counts = card["class_counts"][split]
        assert len(counts) == card["output"]["size"] == len(card["output"]["names"])
        assert min(counts) > 0.6 * max(counts)


def test_same_bytes_on_every_machine(benchmark_folder):
    benchmark, folder = benchmark_folder
    found = arrays.read_card(folder)["checksums"]["test_inputs.npy"]
    assert found == TEST_INPUTS_SHA256[benchmark]


def test_companded_har2_has_the_same_bytes_on_every_machine(tmp_path, monkeypatch):
    monkeypatch.setenv(download.MIRROR, MIRROR)
    monkeypatch.setenv(download.CACHE, str(tmp_path / "cache"))
    har2.prepare(tmp_path, har2.Data(body_acc_companding=0.01, body_gyro_companding=0.02))
    coding = Coding.from_card(arrays.read_card(tmp_path))
    seen = coding.decode(arrays.load(tmp_path, "test")[0])
    assert _npy_sha256(seen) == COMPANDED_HAR2_SHA256


def segments_cut_short(folder):
    """Of DSADS: how many of each activity and subject."""
    places = Counter()
    for split in arrays.SPLITS:
        signals, targets = arrays.load(folder, split)
        odd = dsa19._cut_short(signals)
        people = arrays.read_array(folder, split, "subjects")
        places.update(zip((targets[odd] + 1).tolist(), people[odd].tolist(), strict=True))
    return places


def test_known_numbers(benchmark_folder):
    """Published counts of each data set, in its own terms."""
    benchmark, folder = benchmark_folder
    card = arrays.read_card(folder)
    counts = card["class_counts"]
    if "mnist" in benchmark:
        assert counts["test"] == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
        both = np.add(counts["train"], counts["valid"]).tolist()
        assert both == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    elif benchmark == "har2":
        assert counts["test"] == [471 + 491 + 537, 496 + 420 + 532]
        assert card["subjects"]["test"] == [2, 4, 9, 10, 12, 13, 18, 20, 24]
        assert (
            card["subjects"]["valid"]
            == sorted([*card["subjects"]["train"], *uci_har.VALID_SUBJECTS])[3::4]
        )
    elif benchmark == "har6":
        assert counts["test"] == [496, 471, 420, 491, 532, 537]
        both = np.add(counts["train"], counts["valid"]).tolist()
        assert both == [1226, 1073, 986, 1286, 1374, 1407]
    elif benchmark == "imdb":
        assert counts["test"] == [12500] * 2 and counts["valid"] == [1250] * 2
        inputs, targets = arrays.load(folder, "test")
        shuffle = np.random.RandomState(113)  # noqa: NPY002, that of Keras: train first, then test
        shuffle.shuffle(np.arange(25000))
        order = np.arange(25000)
        shuffle.shuffle(order)
        first = order[:10]
        lengths = np.count_nonzero(inputs[first], axis=1).tolist()
        assert lengths == [68, 260, 500, 181, 108, 132, 500, 180, 134, 370]  # 603 and 761 cut
        assert targets[first].tolist() == [0, 1, 1, 0, 1, 1, 1, 0, 0, 1]
    elif benchmark == "sst2":
        assert counts["test"] == [428, 444] and card["counts"]["unlabelled"] == 1821
        left = card["left_out"]
        assert left + card["counts"]["train"] + card["counts"]["valid"] == 67349
    else:
        assert counts["test"] == [240] * 19
        assert sum(card["segments_ending_in_zeros"].values()) == 278
        assert segments_cut_short(folder) == {
            (5, 1): 60,
            (5, 6): 60,
            (6, 1): 60,
            (6, 6): 60,
            (18, 6): 38,
        }


def test_sensors_are_standardised_and_people_kept_apart(benchmark_folder):
    benchmark, folder = benchmark_folder
    if benchmark not in ("har2", "har6", "dsa19"):
        pytest.skip("no sensors, no subjects")
    card = arrays.read_card(folder)
    stored = arrays.load(folder, "test")[0]
    train, test = (
        Coding.from_card(card).decode(x) for x in (arrays.load(folder, "train")[0], stored)
    )
    assert _npy_sha256(test) == STANDARDISED_SHA256[benchmark]
    units = np.array(card["raw"]["zero"]), np.array(card["raw"]["scale"])
    np.testing.assert_allclose(test * units[1] + units[0], stored, atol=1e-4 * units[1].max())
    np.testing.assert_allclose(train.mean(axis=(0, 1), dtype=np.float64), 0, atol=1e-4)
    np.testing.assert_allclose(train.std(axis=(0, 1), dtype=np.float64), 1, atol=1e-4)
    people = [set(arrays.read_array(folder, split, "subjects")) for split in arrays.SPLITS]
    expected = 8 if benchmark == "dsa19" else 30
    assert sum(map(len, people)) == len(set.union(*people)) == expected

"""UCI HAR: raw inertial windows of a smartphone at the waist, 30 people, six activities.

Windows of 128 samples (2.56 s at 50 Hz, half overlapping) of nine signals. Splits are by subject:
windows of one person overlap and look alike, so a split of windows would be too easy. har2 and har6
are two ways to ask about the same windows.
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic.dataclasses import dataclass

from hadamrnn import params
from hadamrnn.datasets.common import splits
from hadamrnn.datasets.common.archives import open_zip, read_member
from hadamrnn.datasets.common.download import RawFile, fetch
from hadamrnn.params.rules import number

STEPS = 128
CHANNELS = tuple(
    f"{signal}_{axis}" for signal in ("body_acc", "body_gyro", "total_acc") for axis in "xyz"
)
ACTIVITIES = (
    "walking", "walking upstairs", "walking downstairs", "sitting", "standing", "laying",
)  # fmt: skip
VALID_SUBJECTS = (6, 14, 19, 25, 29)  # every fourth of the 21 training subjects in ascending order
MEMBER_BYTES, INNER_BYTES = 1 << 24, 1 << 26  # 15 MB of text; 60 MB of the archive in upstream's
_ROOT = "UCI HAR Dataset"
_ARCHIVE = "human+activity+recognition+using+smartphones.zip"


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Data(params.Data):
    """Settings: units of ``companding.compress``, in g and rad/s; 0 for no companding.

    Gravity's channels (total_acc) have none.
    """

    body_acc_companding: Annotated[float, number(0, 1000)] = 0.0
    body_gyro_companding: Annotated[float, number(0, 1000)] = 0.0


def decode(path: Path) -> dict[str, np.ndarray]:
    """Arrays in the archive: signals, activities and subjects of the official train and test part.

    Parameters
    ----------
    path : Path
        The upstream zip (with or without its outer zip), or one of the raw windows alone.

    Returns
    -------
    dict of str to numpy.ndarray
        "<part>_signals" (n, 128, 9) float32, "<part>_activities" (n,) uint8 from 1 to 6,
        "<part>_subjects" (n,) uint8.

    Raises
    ------
    KeyError, ValueError
        For another content.
    """
    arrays = {}
    with open_zip(path, f"{_ROOT}/train/y_train.txt", INNER_BYTES) as archive:
        for part in ("train", "test"):
            labels = _numbers(archive, f"{part}/y_{part}.txt")
            subjects = _numbers(archive, f"{part}/subject_{part}.txt")
            signals = np.empty((len(labels), STEPS, len(CHANNELS)), dtype=np.float32)
            for column, channel in enumerate(CHANNELS):
                member = f"{part}/Inertial Signals/{channel}_{part}.txt"
                signals[:, :, column] = _numbers(archive, member).reshape(len(labels), STEPS)
            arrays[f"{part}_signals"] = signals
            arrays[f"{part}_activities"] = labels.astype(np.uint8)
            arrays[f"{part}_subjects"] = subjects.astype(np.uint8)
    return arrays


def _numbers(archive: zipfile.ZipFile, member: str) -> np.ndarray:
    """All numbers of a text member, in reading order, correctly rounded to float64."""
    text = read_member(archive, f"{_ROOT}/{member}", MEMBER_BYTES)
    return np.array(text.split(), dtype=np.float64)


RAW = RawFile(
    name="uci_har.zip",
    mirror_paths=(
        "uci_har/UCI_HAR_inertial.zip",
        f"uci_har/{_ARCHIVE}",
        "uci_har/UCI HAR Dataset.zip",
        "UCI_HAR_inertial.zip",
        _ARCHIVE,
        "UCI HAR Dataset.zip",
    ),
    urls=(f"https://archive.ics.uci.edu/static/public/240/{_ARCHIVE}",),
    decode=decode,
    content_sha256="fe2649ac710f846bcfca5f9eb414fa28c8841261a5dc2eb18593a0a3319d22bb",
)


def windows(
    settings: Data, classes: np.ndarray
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, Any]]:
    """The splits as recorded, with the subject of every window.

    Parameters
    ----------
    settings : Data
    classes : (6,) uint8
        The class of each activity, in the order of ACTIVITIES.

    Returns
    -------
    arrays : dict of str to numpy.ndarray
        For ``splits.write``: inputs, targets and subjects.
    activities : dict of str to (n,) uint8
        From 0 to 5, by split.
    facts : dict
        What a card says of all of them.

    Raises
    ------
    HadamrnnError
        When the raw file cannot be had.
    """
    units = [getattr(settings, f"{channel[:-2]}_companding", 0.0) for channel in CHANNELS]
    raw = fetch(RAW)
    subjects, activities, signals = (
        np.concatenate([raw[f"train_{what}"], raw[f"test_{what}"]])
        for what in ("subjects", "activities", "signals")
    )
    test_subjects = np.unique(raw["test_subjects"])
    del raw  # the parts would only take memory beside their concatenation
    train_subjects = np.setdiff1d(subjects, [*VALID_SUBJECTS, *test_subjects])
    valid_subjects = np.array(VALID_SUBJECTS)
    people = {"train": train_subjects, "valid": valid_subjects, "test": test_subjects}
    rows = {split: splits.of_subjects(subjects, chosen) for split, chosen in people.items()}
    finer = activities - np.uint8(1)
    arrays, raw_section = splits.sensor_splits(signals, classes[finer], subjects, rows, units)
    activities_of = {split: finer[chosen] for split, chosen in rows.items()}
    return arrays, activities_of, _facts(people, raw_section)


def _facts(people: Mapping[str, np.ndarray], raw_section: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "source": RAW.urls[0],
        "licence": "CC BY 4.0 according to the archive; its README asks for the citation and "
        "forbids commercial use",
        "citation": "Anguita, Ghio, Oneto, Parra & Reyes-Ortiz 2013, A public domain dataset for "
        "human activity recognition using smartphones, ESANN",
        "preprocessing": [
            "Raw windows of 128 samples at 50 Hz; accelerations in g, angular velocities in rad/s.",
            "The model's coding is listed in raw: where a channel's companding s is not 0, its "
            "values v become sign(v) ((1 + |v| / s)^(1/4) - 1), so that small motions keep their "
            "detail beside large ones; then zero, the mean of the training rows, is subtracted "
            "and the result divided by scale, their standard deviation, both rounded to six "
            "significant digits.",
            "Test: the nine official test subjects. Validation: every fourth of the 21 official "
            "training subjects in ascending order. No subject occurs in two splits.",
        ],
        "channels": CHANNELS,
        "axes": [[[0, 1, 2], [3, 4, 5], [6, 7, 8]]],  # one phone: all three turn together
        "subjects": {split: [int(s) for s in chosen] for split, chosen in people.items()},
        "raw": {**raw_section, "rate_hz": 50},
        "input": {"kind": "dense", "size": len(CHANNELS), "scale": 1.0, "offset": 0.0},
        "steps": STEPS,
    }

"""DSA-19: 19 daily and sports activities from five body-worn sensor units (UCI DSADS).

Segments of 125 samples (5 s at 25 Hz) of 45 signals; 8 people, 60 segments each of 19 activities.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic.dataclasses import dataclass

from hadamrnn import params
from hadamrnn.datasets.common import splits
from hadamrnn.datasets.common.archives import open_zip, read_member, read_npz
from hadamrnn.datasets.common.download import RawFile, fetch
from hadamrnn.prepared.arrays import SPLITS

STEPS, CLASSES, SUBJECTS, SEGMENTS = 125, 19, 8, 60
CHANNELS = tuple(
    f"{unit}_{sensor}_{axis}"
    for unit in ("torso", "right_arm", "left_arm", "right_leg", "left_leg")
    for sensor in ("acc", "gyro", "mag")
    for axis in "xyz"
)
# x, y, z of every sensor; the three sensors of a unit turn together
AXES = [[[9 * u + 3 * s + axis for axis in range(3)] for s in range(3)] for u in range(5)]
NAMES = (
    "sitting", "standing", "lying on back", "lying on right side", "ascending stairs",
    "descending stairs", "standing in an elevator", "moving around in an elevator",
    "walking in a parking lot", "walking on a flat treadmill", "walking on an inclined treadmill",
    "running on a treadmill", "exercising on a stepper", "exercising on a cross trainer",
    "cycling, horizontal", "cycling, vertical", "rowing", "jumping", "playing basketball",
)  # fmt: skip
PEOPLE = {"train": (1, 2, 3), "valid": (4,), "test": (5, 6, 7, 8)}
SLICE = 256  # segments decoded at a time: 11 MB of float64
_MEMBER = re.compile(r"data/a(\d\d)/p(\d)/s(\d\d)\.txt$")
_ARCHIVE = "daily+and+sports+activities.zip"
_ROWS = CLASSES * SUBJECTS * SEGMENTS
_TEXT_BYTES = STEPS * 45 * 24  # of a segment: twice what its longest numbers take
_PACKED_BYTES = _ROWS * STEPS * 45 * 2 + 128  # of the largest array and its header


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Data(params.Data):
    """There are no settings."""

    facts = params.Facts(axes=True)


def decode(path: Path) -> dict[str, np.ndarray]:
    """Arrays in either form of the data: upstream's zip of text files, or the packed .npz.

    Parameters
    ----------
    path : Path
        Of the archive.

    Returns
    -------
    dict of str to numpy.ndarray
        "signals" (n, 125, 45) float32, without negative zeros, "activities" (n,) uint8 from 1 to
        19, "subjects" (n,) uint8 from 1 to 8; rows sorted by activity, subject and segment.

    Raises
    ------
    KeyError, ValueError
        For another content.
    """
    try:
        return _decode_packed(path)
    except KeyError:
        return _decode_texts(path)


def _decode_packed(path: Path) -> dict[str, np.ndarray]:
    """The .npz: each value is an integer of 17 bits and a power of ten, so nothing is lost.

    lo (n, 45, 125) uint16 has the low 16 bits; hd (n, 45, 125) uint8 the two high ones, and the
    number of decimals above them; 131072 = 2^17 is the offset of the sign.
    """
    power = 10.0 ** np.arange(64)
    packed = read_npz(path, ("lo", "hd", "activity", "subject"), _PACKED_BYTES)
    low, high = packed["lo"], packed["hd"]
    signals = np.empty((len(low), STEPS, len(CHANNELS)), dtype=np.float32)
    for start in range(0, len(low), SLICE):
        part = slice(start, start + SLICE)
        integer = ((high[part] & 3).astype(np.int32) << 16 | low[part]) - (1 << 17)
        signals[part] = (integer / power[high[part] >> 2]).transpose(0, 2, 1)
    return {"signals": signals, "activities": packed["activity"], "subjects": packed["subject"]}


def _decode_texts(path: Path) -> dict[str, np.ndarray]:
    """Upstream's zip: data/aAA/pP/sSS.txt, 125 lines of 45 decimals with commas between."""
    # Upstream's archive holds no other one: an inner archive may have no bytes.
    with open_zip(path, "data/a01/p1/s01.txt", 0) as archive:
        found = {name: _MEMBER.search(name) for name in sorted(archive.namelist())}
        members = {name: match.groups() for name, match in found.items() if match}
        if len(members) > _ROWS:
            raise ValueError(f"must hold {_ROWS} segments, got {len(members)}")
        keys = np.array([[int(key) for key in groups] for groups in members.values()])
        signals = np.empty((len(members), STEPS, len(CHANNELS)), dtype=np.float32)
        for row, name in enumerate(members):
            values = read_member(archive, name, _TEXT_BYTES).replace(b",", b" ").split()
            signals[row] = np.array(values, dtype=np.float64).reshape(STEPS, len(CHANNELS))
    signals += 0.0  # "-0" is printed here and there; the packed form has no such sign
    activities, subjects = keys[:, 0].astype(np.uint8), keys[:, 1].astype(np.uint8)
    return {"signals": signals, "activities": activities, "subjects": subjects}


RAW = RawFile(
    name="dsads.zip",
    mirror_paths=("dsads/dsads_exact.npz", f"dsads/{_ARCHIVE}", "dsads_exact.npz", _ARCHIVE),
    urls=(f"https://archive.ics.uci.edu/static/public/256/{_ARCHIVE}",),
    decode=decode,
    content_sha256="fec1999e8c07b2e4de4a4e6476c55492e40278f830edae5c30825c28abeaf620",
)


def prepare(folder: Path, settings: Data) -> None:
    """Write the splits as recorded, with the subject of every segment.

    Parameters
    ----------
    folder : Path
        Written to.
    settings : Data
        From the section of params.yaml.

    Raises
    ------
    HadamrnnError
        When the raw file cannot be had.
    """
    raw = fetch(RAW)
    rows = {split: splits.of_subjects(raw["subjects"], PEOPLE[split]) for split in SPLITS}
    padded = {split: int(_cut_short(raw["signals"][rows[split]]).sum()) for split in rows}
    targets = raw["activities"] - np.uint8(1)
    arrays, raw_section = splits.sensor_splits(raw["signals"], targets, raw["subjects"], rows)
    splits.write(folder, arrays, _card(padded, raw_section))


def _cut_short(signals: np.ndarray) -> np.ndarray:
    """Which segments end in 25 rows of zeros: (n,) bool from (n, 125, 45)."""
    return np.logical_not(signals[:, -25:].any(axis=(1, 2)))


def _card(padded: Mapping[str, int], raw_section: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": "DSA-19 (UCI Daily and Sports Activities)",
        "source": RAW.urls[0],
        "licence": "CC BY 4.0",
        "citation": "Altun, Barshan & Tuncel 2010, Comparative study on classifying human "
        "activities with miniature inertial and magnetic sensors, Pattern Recognition 43",
        "preprocessing": [
            "Segments of 125 samples at 25 Hz: acceleration, angular velocity and magnetic field "
            "of five units on torso, arms and legs.",
            "The model's coding is listed in raw: from each channel zero, the mean of the training "
            "rows, is subtracted and the result divided by scale, their standard deviation, both "
            "rounded to six significant digits.",
            "Subjects 1 to 4 train and validate, subjects 5 to 8 test: 4,560 segments each, the "
            "published numbers. Which segments the published results used is not specified, so "
            "comparisons with them are loose. Validation: subject 4, the last of the first four.",
            "In 278 of the 9,120 segments (activities 5 and 6 of subjects 1 and 6, and 38 of "
            'activity 18 of subject 6) the last 25 samples are all zero; "segments_ending_in_zeros"'
            " counts them. They are kept as they are.",
        ],
        "channels": CHANNELS,
        "axes": AXES,
        "subjects": PEOPLE,
        "segments_ending_in_zeros": padded,
        "raw": {**raw_section, "rate_hz": 25},
        "input": {"kind": "dense", "size": len(CHANNELS), "scale": 1.0, "offset": 0.0},
        "output": {"size": CLASSES, "names": NAMES, "per_step": False},
        "steps": STEPS,
    }

"""From decoded arrays to prepared folders: splits, standardisation, writing.

A prepared folder holds ``<split>_<what>.npy`` for the splits train, valid and test, and card.json,
which says what they are. Nothing here depends on the machine or the moment: seeded PCG64 streams,
little-endian C-ordered arrays, statistics rounded before use, sorted keys, no dates. So the same
input gives the same bytes everywhere, and DVC sees no change where there is none.
"""

import io
import math
from pathlib import Path

import numpy as np

from hadamrnn import files
from hadamrnn.errors import HadamrnnError
from hadamrnn.prepared.arrays import CARD, SPLITS


def read_settings(benchmark, defaults, given):
    """``defaults`` overridden by ``given``: {name: number}, every value checked.

    benchmark : name used in messages. Raises HadamrnnError for an unknown name, a negative value,
    or one that is no integer where the default is one.

    >>> read_settings("copy", {"steps": 1000}, {"steps": 50})
    {'steps': 50}
    """
    for name, value in given.items():
        if name not in defaults:
            known = ", ".join(defaults) or "none"
            raise HadamrnnError(
                f"{benchmark}.{name}: is not a setting of this benchmark; known are {known}"
            )
        whole = isinstance(defaults[name], int)
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            raise _refusal(benchmark, name, whole, value)
        if not 0 <= value < math.inf:
            raise _refusal(benchmark, name, whole, value)
    return {**defaults, **given}


def _refusal(benchmark, name, whole, value):
    kind = "integer" if whole else "number"
    return HadamrnnError(f"{benchmark}.{name}: must be a non-negative {kind}; got {value!r}")


def of_subjects(subjects, chosen):
    """Positions of the rows that belong to the chosen subjects, in their order.

    subjects : (n,) integers, one per row; chosen : collection of integers. Returns (k,) int64.

    >>> of_subjects(np.array([1, 1, 2, 3]), [3, 1]).tolist()
    [0, 1, 3]
    """
    return np.flatnonzero(np.isin(subjects, list(chosen)))


def stratified(targets, sizes, seed):
    """Cut rows into parts of given sizes, each with nearly the class shares of the whole.

    targets : (n,) integer class ids; sizes : sizes of the parts, whose sum is n; seed : int.
    Returns a list of sorted (size,) int64 position arrays that share no row. Rows are shuffled
    within their class (PCG64), spread evenly by their rank in it, and cut.

    >>> [p.tolist() for p in stratified(np.array([0, 1, 0, 1, 0, 1]), [4, 2], seed=0)]
    [[0, 3, 4, 5], [1, 2]]
    """
    targets = np.asarray(targets)
    if sum(sizes) != len(targets):
        raise HadamrnnError(f"sizes: must add up to {len(targets)} rows; got {list(sizes)}")
    generator = np.random.Generator(np.random.PCG64(seed))
    place = np.empty(len(targets))
    for label in np.unique(targets):
        rows = generator.permutation(np.flatnonzero(targets == label))
        place[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
    order = np.argsort(place, kind="stable")
    return [np.sort(part) for part in np.split(order, np.cumsum(sizes)[:-1])]


def class_counts(targets, classes):
    """How often each class id occurs: list of ``classes`` integers.

    >>> class_counts(np.array([0, 2, 2]), 4)
    [1, 0, 2, 0]
    """
    return np.bincount(np.ravel(targets), minlength=classes).tolist()


def statistics(inputs):
    """Mean and standard deviation per channel, rounded to six significant digits.

    inputs : (n, T, d) float32. Returns two (d,) float32 arrays. Rounding removes the last bits,
    which depend on the order in which a machine adds.

    >>> [v.tolist() for v in statistics(np.array([[[1.0], [4.0]]], dtype=np.float32))]
    [[2.5], [1.5]]
    """
    mean, deviation = [], []
    for channel in np.moveaxis(inputs, -1, 0):
        values = channel.astype(np.float64)
        mean.append(float(f"{values.mean():.6g}"))
        deviation.append(float(f"{values.std():.6g}"))
    return np.array(mean, dtype=np.float32), np.array(deviation, dtype=np.float32)


def standardise(inputs, mean, deviation):
    """(inputs - mean) / deviation per channel, in float32, one rounding per operation.

    inputs : (n, T, d) float32; mean, deviation : (d,) float32. Returns a new (n, T, d) float32.
    """
    result = np.subtract(inputs, mean, dtype=np.float32)
    result /= deviation
    return result


def sensor_splits(signals, targets, subjects, rows):
    """Standardised arrays of a sensor benchmark, by file stem, and what was subtracted.

    signals : (n, T, d) float32; targets, subjects : (n,) uint8; rows : {split: (k,) positions}.
    Mean and deviation come from the training rows alone. Returns ({stem: array}, statistics for
    the card).
    """
    mean, deviation = statistics(signals[rows["train"]])
    arrays = {}
    for split in SPLITS:
        chosen = rows[split]
        arrays[f"{split}_inputs"] = standardise(signals[chosen], mean, deviation)
        arrays[f"{split}_targets"] = targets[chosen]
        arrays[f"{split}_subjects"] = subjects[chosen]
    decimal = {"mean": mean, "standard_deviation": deviation}
    return arrays, {name: [float(str(v)) for v in values] for name, values in decimal.items()}


def write(folder, arrays, card):
    """Write ``<stem>.npy`` for every array, then card.json with their shapes and checksums.

    folder : made when missing; arrays : {stem: numeric array}; card : plain mapping with
    "output" (for the class counts); counts, class_counts, shapes and checksums are added unless
    given. Equal arguments give equal bytes.
    """
    folder = Path(folder)
    card = {"shapes": {}, "checksums": {}, "counts": {}, "class_counts": {}} | card
    for stem, array in arrays.items():
        array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        path = folder / f"{stem}.npy"
        content = io.BytesIO()  # NumPy overlooks a full disk where it writes files by itself
        np.save(content, array, allow_pickle=False)
        data = content.getvalue()
        files.write_bytes(path, data)
        card["shapes"][path.name] = list(array.shape)
        card["checksums"][path.name] = files.checksum(data)
        split, _, what = stem.partition("_")
        card["counts"][split] = len(array)
        if what == "targets":
            card["class_counts"][split] = class_counts(array, card["output"]["size"])
    files.write_json(folder / CARD, card, sealed=True)

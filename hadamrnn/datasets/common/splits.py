"""From decoded arrays to prepared folders: splits, standardisation, writing.

A prepared folder holds ``<split>_<what>.npy`` for the splits train, valid and test, and card.json,
which says what they are. Nothing here depends on the machine or the moment: seeded PCG64 streams,
little-endian C-ordered arrays, statistics rounded before use, sorted keys, no dates. So the same
input gives the same bytes everywhere, and DVC sees no change where there is none.
"""

import io
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hadamrnn import companding, files
from hadamrnn.errors import HadamrnnError
from hadamrnn.prepared.arrays import CARD, SPLITS


def of_subjects(subjects: np.ndarray, chosen: Collection[int] | np.ndarray) -> np.ndarray:
    """Positions of the rows that belong to the chosen subjects, in their order.

    Parameters
    ----------
    subjects : (n,) int
        One a row.
    chosen : collection or array of int
        People of the part.

    Returns
    -------
    (k,) int64

    Examples
    --------
    >>> of_subjects(np.array([1, 1, 2, 3]), [3, 1]).tolist()
    [0, 1, 3]
    """
    return np.flatnonzero(np.isin(subjects, list(chosen)))


def stratified(targets: np.ndarray, sizes: Sequence[int], seed: int) -> list[np.ndarray]:
    """Cut rows into parts of given sizes, each with nearly the class shares of the whole.

    Rows are shuffled within their class (PCG64), spread evenly by their rank in it, and cut.

    Parameters
    ----------
    targets : (n,) int
        Class ids.
    sizes : sequence of int
        Of the parts; their sum is n.
    seed : int
        Of the draw.

    Returns
    -------
    list of (size,) int64
        Sorted positions; the parts share no row.

    Raises
    ------
    HadamrnnError
        For sizes with another sum.

    Examples
    --------
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


def class_counts(targets: np.ndarray, classes: int) -> list[int]:
    """How often each class id occurs.

    Parameters
    ----------
    targets : int array
        Class ids, of any shape.
    classes : int
        How many there are.

    Returns
    -------
    list of int

    Examples
    --------
    >>> class_counts(np.array([0, 2, 2]), 4)
    [1, 0, 2, 0]
    """
    counts: list[int] = np.bincount(np.ravel(targets), minlength=classes).tolist()
    return counts


def statistics(inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each channel, rounded to six significant digits.

    Rounding removes the last bits, which depend on the order in which a machine adds.

    Parameters
    ----------
    inputs : (n, T, d) float32
        Training sequences.

    Returns
    -------
    mean, deviation : (d,) float32

    Examples
    --------
    >>> [v.tolist() for v in statistics(np.array([[[1.0], [4.0]]], dtype=np.float32))]
    [[2.5], [1.5]]
    """
    mean, deviation = [], []
    for channel in np.moveaxis(inputs, -1, 0):
        values = channel.astype(np.float64)
        mean.append(float(f"{values.mean():.6g}"))
        deviation.append(float(f"{values.std():.6g}"))
    return np.array(mean, dtype=np.float32), np.array(deviation, dtype=np.float32)


def standardise(inputs: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """(inputs - mean) / deviation of each channel, one rounding an operation.

    Parameters
    ----------
    inputs : (n, T, d) float32
        Sequences of any split.
    mean : (d,) float32
        As ``statistics``.
    deviation : (d,) float32
        As ``statistics``.

    Returns
    -------
    (n, T, d) float32
        A new array.
    """
    result: np.ndarray = np.subtract(inputs, mean, dtype=np.float32)
    result /= deviation
    return result


def sensor_splits(
    signals: np.ndarray,
    targets: np.ndarray,
    subjects: np.ndarray,
    rows: Mapping[str, np.ndarray],
    units: Sequence[float] | None = None,
) -> tuple[dict[str, np.ndarray], dict[str, list[float]]]:
    """Arrays of a sensor benchmark as recorded, by file stem, and how they are standardised.

    Mean and deviation come from the training rows alone, companded as the model will see them.

    Parameters
    ----------
    signals : (n, T, d) float32
        Windows of all splits.
    targets : (n,) uint8
        Class ids.
    subjects : (n,) uint8
        Who wore the sensors.
    rows : dict of str to (k,) int
        Positions of each split.
    units : sequence of float, optional
        As ``companding.compress``; default none.

    Returns
    -------
    arrays : dict of str to numpy.ndarray
        For ``write``.
    raw : dict of str to list of float
        For the card: "companding", "zero" and "scale" of its section "raw".
    """
    units = [0.0] * signals.shape[-1] if units is None else list(units)
    seen = companding.compress(signals[rows["train"]], np.array(units, dtype=np.float32))
    mean, deviation = statistics(seen)
    arrays = {}
    for split in SPLITS:
        chosen = rows[split]
        arrays[f"{split}_inputs"] = signals[chosen]
        arrays[f"{split}_targets"] = targets[chosen]
        arrays[f"{split}_subjects"] = subjects[chosen]
    decimal = {"zero": mean, "scale": deviation}
    raw = {name: [float(str(v)) for v in values] for name, values in decimal.items()}
    return arrays, {"companding": units} | raw


def write(folder: str | Path, arrays: Mapping[str, np.ndarray], card: Mapping[str, Any]) -> None:
    """Write ``<stem>.npy`` for every array, then card.json with their shapes and checksums.

    Equal arguments give equal bytes.

    Parameters
    ----------
    folder : str or Path
        Made when missing.
    arrays : dict of str to numpy.ndarray
        By stem.
    card : mapping
        With "output" (for the class counts); counts, class_counts, shapes and checksums are added
        unless given.
    """
    folder = Path(folder)
    card = {"shapes": {}, "checksums": {}, "counts": {}, "class_counts": {}, **card}
    card["class_counts"] = {**card["class_counts"]}
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
        if what == "targets" and array.dtype.kind != "f" and split not in card["class_counts"]:
            card["class_counts"][split] = class_counts(array, card["output"]["size"])
    files.write_json(folder / CARD, card, sealed=True)

"""Arrays of sequences (.npz): ``inputs`` and ``labels``, perhaps ``groups``."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from hadamrnn.datasets.formats.recordings import Recording
from hadamrnn.datasets.formats.settings import Settings
from hadamrnn.errors import HadamrnnError
from hadamrnn.files import patterns


def read(settings: Settings) -> tuple[list[Recording], list[str]]:
    """The sequences of all files that the section names, and the numbers of their channels.

    Parameters
    ----------
    settings : Settings
        Of type npz, with the names of the arrays.

    Returns
    -------
    recordings : list of Recording
        In the order of the files and their rows.
    channels : list of str
        "1", "2", ...

    Raises
    ------
    HadamrnnError
        For a file that is no archive of arrays, or arrays that do not fit each other.
    """
    found: list[Recording] = []
    for path in patterns.matching(settings.own.path, "npz"):
        found += _of_file(path, settings.own)
        if found[-1].values.shape[1] != found[0].values.shape[1]:
            raise HadamrnnError(
                f"{path}: must have {found[0].values.shape[1]} channels as {found[0].file}; got "
                f"{found[-1].values.shape[1]}"
            )
    return found, [str(k + 1) for k in range(found[0].values.shape[1])]


def _array(path: Path, archive: Any, name: str) -> np.ndarray:
    if name not in archive:
        raise HadamrnnError(
            f"{path}: must have an array {name}; got {', '.join(archive.files)[:200] or 'none'}"
        )
    array: np.ndarray = archive[name]
    return array


def _of_file(path: Path, own: Any) -> list[Recording]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            inputs = _array(path, archive, own.inputs)
            labels = _array(path, archive, own.labels)
            groups = None if own.groups is None else _array(path, archive, own.groups)
    except HadamrnnError:
        raise
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, TypeError, AttributeError) as error:
        words = " ".join(str(error).split())[:200]
        raise HadamrnnError(f"{path}: must be an archive of arrays (.npz); got {words}") from None
    if inputs.ndim == 2:
        inputs = inputs[..., None]
    if inputs.ndim != 3 or not inputs.size or inputs.dtype.kind not in "fiub":
        raise HadamrnnError(
            f"{path}: {own.inputs} must hold numbers of shape (sequences, time, channels); got "
            f"{inputs.dtype} of {inputs.shape}"
        )
    values = inputs.astype(np.float64)
    if np.isinf(values).any():
        row, step, channel = (int(k[0]) + 1 for k in np.nonzero(np.isinf(values)))
        raise HadamrnnError(
            f"{path}: row {row}, step {step}, column {channel}: must be a finite number, or nan "
            "for a missing one; got inf"
        )
    for name, array in ((own.labels, labels), (own.groups, groups)):
        if array is not None and (
            array.shape != inputs.shape[:1] or array.dtype.kind not in "iuUb"
        ):
            raise HadamrnnError(
                f"{path}: {name} must hold one text or integer for each of the {len(inputs)} "
                f"sequences; got {array.dtype} of {array.shape}"
            )
    return [
        Recording(
            file=path,
            rows=np.full(len(sequence), row + 1),
            values=sequence,
            labels=np.full(len(sequence), str(labels[row]), dtype=object),
            group=None if groups is None else str(groups[row]),
        )
        for row, sequence in enumerate(values)
    ]

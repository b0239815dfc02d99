"""Arrays of sequences, in archives (.npz) or files of their own (.npy): inputs, labels, groups."""

import zipfile
from collections.abc import Sequence
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


def read_files(settings: Settings) -> tuple[list[Recording], list[str]]:
    """The sequences of a folder of .npy files, and the numbers of their channels.

    Parameters
    ----------
    settings : Settings
        Of type npy, with the names of the files.

    Returns
    -------
    recordings : list of Recording
        In the order of the rows.
    channels : list of str
        "1", "2", ...

    Raises
    ------
    HadamrnnError
        For a file that is not there or no array, or arrays that do not fit each other.
    """
    own = settings.own
    files = {path.name: path for path in patterns.matching(own.path, "npy")}
    arrays = []
    for name in (own.inputs, own.labels, own.groups):
        if name is not None and name not in files:
            raise HadamrnnError(
                f"{own.path}: must be a folder with {name}; got {', '.join(files)[:200]}"
            )
        arrays.append(None if name is None else _opened(files[name], "an array (.npy)"))
    found = _sequences(files[own.inputs], own, arrays)
    return found, [str(k + 1) for k in range(found[0].values.shape[1])]


def _array(path: Path, archive: Any, name: str | None) -> np.ndarray | None:
    if name is None:
        return None
    if name not in archive:
        raise HadamrnnError(
            f"{path}: must have an array {name}; got {', '.join(archive.files)[:200] or 'none'}"
        )
    array: np.ndarray = archive[name]
    return array


def _opened(path: Path, kind: str, names: Sequence[str | None] | None = None) -> Any:
    """The array of a file, or those of an archive with these names; None for None."""
    try:
        with path.open("rb") as file:
            content = np.load(file, allow_pickle=False)
            if isinstance(content, np.ndarray) != (names is None):
                raise ValueError("another kind of file")
            if names is None:
                return content
            with content:
                return [_array(path, content, name) for name in names]
    except HadamrnnError:
        raise
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, TypeError, AttributeError) as error:
        words = " ".join(str(error).split())[:200]
        raise HadamrnnError(f"{path}: must be {kind}; got {words}") from None


def _of_file(path: Path, own: Any) -> list[Recording]:
    names = (own.inputs, own.labels, own.groups)
    return _sequences(path, own, _opened(path, "an archive of arrays (.npz)", names))


def _check_labels(path: Path, own: Any, labels: np.ndarray, shape: tuple[int, ...]) -> None:
    """Raise HadamrnnError for labels that are no targets of the task, for inputs of ``shape``."""
    if own.task == "per_step":
        if labels.shape != shape[:2] or labels.dtype.kind not in "iuUb":
            raise HadamrnnError(
                f"{path}: {own.labels} must hold one text or integer for each of the {shape[1]} "
                f"steps of the {shape[0]} sequences for task per_step; got {labels.dtype} of "
                f"{labels.shape}"
            )
        return
    if labels.shape != shape[:1] or labels.dtype.kind not in "fiub":
        raise HadamrnnError(
            f"{path}: {own.labels} must hold one number for each of the {shape[0]} sequences for "
            f"task regress; got {labels.dtype} of {labels.shape}"
        )
    wrong = np.flatnonzero(~np.isfinite(labels))
    if len(wrong):
        raise HadamrnnError(
            f"{path}: row {wrong[0] + 1} of {own.labels}: must be a finite number; got "
            f"{labels[wrong[0]]}"
        )


def _sequences(path: Path, own: Any, arrays: Sequence[Any]) -> list[Recording]:
    """Recordings of (inputs, labels, groups or None)."""
    inputs, labels, groups = arrays
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
    if own.task != "classify":
        _check_labels(path, own, labels, inputs.shape)
    names = ((own.labels, labels if own.task == "classify" else None), (own.groups, groups))
    for name, array in names:
        if array is not None and (
            array.shape != inputs.shape[:1] or array.dtype.kind not in "iuUb"
        ):
            raise HadamrnnError(
                f"{path}: {name} must hold one text or integer for each of the {len(inputs)} "
                f"sequences; got {array.dtype} of {array.shape}"
            )
    kind: type = np.float64 if own.task == "regress" else object
    labels = labels.astype(np.float64 if own.task == "regress" else str)
    return [
        Recording(
            file=path,
            rows=np.full(len(sequence), row + 1),
            values=sequence,
            labels=np.broadcast_to(labels[row], len(sequence)).astype(kind),
            group=None if groups is None else str(groups[row]),
        )
        for row, sequence in enumerate(values)
    ]

"""What archives of sequences and folders of texts seem to be, for ``hadamrnn new``."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hadamrnn.cli.look import AUTO, RARE, Found
from hadamrnn.datasets.formats import own, settings, texts
from hadamrnn.datasets.formats.recordings import Recording
from hadamrnn.datasets.formats.windows import class_names, most_frequent
from hadamrnn.errors import HadamrnnError
from hadamrnn.files import patterns

NAMES = {
    "inputs": ("inputs", "x", "data", "x_train", "sequences"),
    "labels": ("labels", "y", "label", "targets", "target", "classes", "y_train"),
    "groups": ("groups", "group", "subjects", "subject", "people", "persons", "person"),
}
"""Names of arrays, in lower case and without .npy, that say what they are."""
GIVEN_PARTS = ("*_TEST.*", "*_test.*", "test*")
"""Names of files that are a test part."""


def kind_of(paths: Sequence[Path]) -> str:
    """The type of files: "npz", "npy", "ts", "text", or "csv" for tables.

    Parameters
    ----------
    paths : sequence of Path
        Files, or one folder.

    Returns
    -------
    str
        By the first ending that is known; .txt files in several folders are texts.
    """
    files = [path for path in paths if path.is_file()]
    for path in paths:
        files += [one for one in sorted(path.rglob("*")) if one.is_file()] if path.is_dir() else []
    for kind in ("npz", "npy", "ts"):
        if any(path.suffix.lower() in patterns.SUFFIXES[kind] for path in files):
            return kind
    texts_there = [path for path in files if path.suffix.lower() == ".txt"]
    folders = {path.parent for path in texts_there}
    return "text" if len(folders) > 1 and len(texts_there) == len(files) else "csv"


def at(path: str, kind: str, task: str | None = None) -> Found:
    """Look at archives or texts.

    Parameters
    ----------
    path : str
        As in params.yaml.
    kind : {"npz", "npy", "ts", "text"}
    task : {"classify", "per_step", "regress"}, optional
        By default classify.

    Returns
    -------
    Found

    Raises
    ------
    HadamrnnError
        For files that are no such archives or texts.
    """
    names = patterns.matching(path, kind)
    data: dict[str, Any] = {"type": kind, "path": path}
    if kind in ("npz", "npy"):
        data |= _arrays(names, kind)
    if task not in (None, "classify"):
        data["task"] = task
    checked = settings.read(data, "data")
    lines = [f"files       {len(names)}, the first {names[0].as_posix()}"]
    if kind == "text":
        found, recordings = texts.read(checked)
        sizes = [len(texts.symbols(text, "word")) for text in found]
        lines.append(f"words       {min(sizes):,} to {max(sizes):,} in a text")
        data |= {"unit": "word", "words": 2000, "steps": _most_texts(sizes)}
    else:
        recordings, channels = own.READERS[kind](checked)
        sizes = [len(one) for one in recordings]
        empty = sum(int(np.isnan(one.values).sum()) for one in recordings)
        total = sum(sizes) * len(channels)
        lines += [
            f"inputs      {len(channels)} channels",
            f"sequences   {len(sizes):,} of {min(sizes):,} to {max(sizes):,} readings",
            f"missing     {empty:,} of {total:,} readings",
        ]
        data["missing"] = "hold" if empty else "refuse"
        if min(sizes) < max(sizes):
            data["lengths"] = "mask"
        data["frame"] = "auto"
        data["companding"] = "auto"
    recipe: dict[str, Any] = dict.fromkeys(AUTO, "auto")
    if task == "regress":
        numbers = [one.labels[0] for one in recordings]
        lines.append(f"target      {min(numbers):g} to {max(numbers):g}")
    else:
        classes = Counter(label for one in recordings for label in _labels(one, task))
        counted = ", ".join(f"{name} {classes[name]:,}" for name in class_names([*classes])[:20])
        more = " ..." if len(classes) > 20 else ""
        lines.append(f"classes     {len(classes)}: {counted}{more}")
        recipe["balanced"] = max(classes.values()) > RARE * min(classes.values())
    groups = class_names([*{one.group for one in recordings if one.group is not None}])
    lines.append(
        f"groups      {f'{len(groups)}: ' + ', '.join(groups) if groups else 'none'}"[:200]
    )
    data["split"] = _split(names, groups)
    return Found(lines, data, recipe)


def _labels(recording: Recording, task: str | None) -> list[str]:
    """The classes that a sequence counts for: its own, or those of its steps."""
    return recording.labels.tolist() if task == "per_step" else [most_frequent(recording)]


def _arrays(names: Sequence[Path], kind: str) -> dict[str, str]:
    """Which arrays of an archive, or which files, are what."""
    if kind == "npy":
        there = [path.name for path in names]
    else:
        try:
            with np.load(names[0], allow_pickle=False) as archive:
                there = archive.files
        except (ValueError, OSError, AttributeError) as error:
            words = " ".join(str(error).split())[:200]
            raise HadamrnnError(
                f"{names[0]}: must be an archive of arrays (.npz); got {words}"
            ) from None
    plain = {name.lower().removesuffix(".npy"): name for name in reversed(there)}
    found = {
        role: [plain[word] for word in words if word in plain] for role, words in NAMES.items()
    }
    for role in ("inputs", "labels"):
        if not found[role]:
            raise HadamrnnError(
                f"{names[0]}: must have an array of {role}, called {' or '.join(NAMES[role][:3])}; "
                f"got {', '.join(there)[:200] or 'none'}"
            )
    return {role: first[0] for role, first in found.items() if first}


def _most_texts(sizes: Sequence[int]) -> int:
    """Words that nine texts of ten do not exceed, at most 500."""
    return int(min(500, max(1, np.percentile(sizes, 90))))


def _split(names: Sequence[Path], groups: Sequence[str]) -> dict[str, Any]:
    """The test part that file names tell, else whole groups, else fractions."""
    fraction = {"fraction": 0.2}
    for pattern in GIVEN_PARTS:
        part = [path for path in names if path.match(pattern)]
        if part and len(part) < len(names):
            return {"test": {"file": pattern}, "valid": fraction}
    if len(groups) > 2:
        size = max(1, round(len(groups) / 5))
        return {
            "test": {"group": [*groups[-size:]]},
            "valid": {"group": [*groups[-2 * size : -size]]},
        }
    return {"test": fraction, "valid": fraction}

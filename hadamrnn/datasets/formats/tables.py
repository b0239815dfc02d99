"""Tables of readings (.csv and its like) as recordings: one a file, or many in a long file."""

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np

from hadamrnn.datasets.formats.cells import numbers, pandas, read_text, times
from hadamrnn.datasets.formats.recordings import Recording, cut
from hadamrnn.datasets.formats.sections import FILE, FOLDER, Columns
from hadamrnn.datasets.formats.settings import Settings
from hadamrnn.errors import HadamrnnError
from hadamrnn.files import patterns

GAP = 2.5
"""Sampling intervals without a reading, from which on a recording ends."""
RATE_ERROR = 0.05
"""Largest relative difference between a stated sampling rate and the one of a recording."""


def read(settings: Settings) -> tuple[list[Recording], list[str]]:
    """The recordings of all files that the section names, and the names of their channels.

    Parameters
    ----------
    settings : Settings
        Of type csv.

    Returns
    -------
    recordings : list of Recording
        In the order of the files and their rows. They end where the file, the group or the
        sequence changes, at a gap or a step back in time, and where a row has no label.
    channels : list of str
        Names of the inputs.

    Raises
    ------
    HadamrnnError
        For a file that is not as the section says.
    """
    assert settings.columns is not None
    found = []
    for path in patterns.matching(settings.own.path, "csv"):
        found += _of_file(path, settings.columns, settings)
    return found, [str(name) for name in settings.columns.inputs]


def _of_file(path: Path, columns: Columns, settings: Settings) -> list[Recording]:
    decimal, window = settings.own.decimal, settings.window
    named = [*columns.inputs, columns.label, columns.time, columns.group, columns.sequence]
    wanted = [*dict.fromkeys(name for name in named if name not in (None, FOLDER, FILE))]
    table = read_text(path, isinstance(wanted[0], str), wanted)
    if len(table) == 0:
        raise HadamrnnError(f"{path}: must hold at least one row of readings; got none")
    values = np.stack([numbers(path, table[name], decimal) for name in columns.inputs], axis=1)
    labels, unlabelled = _labels(path, table, columns.label, settings)
    groups = _texts(path, table, columns.group)
    order, starts = np.arange(len(table)), np.zeros(len(table), dtype=bool)
    if columns.sequence not in (None, FOLDER, FILE):
        codes = pandas().factorize(table[columns.sequence])[0]
        order = np.argsort(codes, kind="stable")  # a sequence's rows need not be neighbours
        starts[1:] |= np.diff(codes[order]) != 0
    if groups is not None:
        starts[1:] |= groups[order][1:] != groups[order][:-1]
    interval = None
    if columns.time is not None:
        seconds = times(path, table[columns.time], columns.time_unit, decimal)[order]
        interval = _interval(path, seconds, starts, window.rate_hz if window else None)
        longest = (window.max_gap_s if window else None) or GAP * interval
        starts[1:] |= (np.diff(seconds) > longest) | (np.diff(seconds) <= 0)
    absent = unlabelled[order]
    starts |= absent | np.concatenate(([False], absent[:-1]))
    whole = Recording(
        file=path,
        rows=table.index.to_numpy()[order],
        values=values[order],
        labels=labels[order],
        interval=interval,
    )
    parts = cut(whole, starts)
    at = np.searchsorted(table.index.to_numpy(), [part.rows[0] for part in parts])
    kept = [k for k, place in enumerate(at) if not unlabelled[place]]
    parts, at = [parts[k] for k in kept], at[kept]
    if groups is None:
        return parts
    return [
        dataclasses.replace(part, group=str(groups[place]))
        for part, place in zip(parts, at, strict=True)
    ]


def _texts(path: Path, table: Any, column: Any) -> np.ndarray | None:
    """(n,) str of a column, or of what stands in its place."""
    if column is None:
        return None
    if column == FOLDER:
        return np.full(len(table), path.parent.name, dtype=object)
    if column == FILE:
        return np.full(len(table), path.stem, dtype=object)
    texts: np.ndarray = table[column].str.strip().to_numpy(dtype=object)
    return texts


def _labels(
    path: Path, table: Any, column: Any, settings: Settings
) -> tuple[np.ndarray, np.ndarray]:
    """(n,) labels, and which are none: texts, or of task regress float64."""
    texts = _texts(path, table, column)
    assert texts is not None
    absent = texts == ""
    if settings.own.task != "regress":
        return texts, absent
    named = pandas().Series(texts, index=table.index, name=column, dtype=object)
    targets = numbers(path, named, settings.own.decimal)
    wrong = np.flatnonzero(np.isnan(targets) & ~absent)
    if len(wrong):
        raise HadamrnnError(
            f"{path}: row {table.index[wrong[0]]}, column {column}: must be a finite number, or "
            f"empty where the target is not known; got {texts[wrong[0]]!r}"
        )
    return targets, absent


def _interval(path: Path, seconds: np.ndarray, starts: np.ndarray, rate: float | None) -> float:
    """The usual time from one reading to the next, held to the stated rate."""
    steps = np.diff(seconds)[~starts[1:]]
    steps = steps[steps > 0]
    if len(steps) == 0:
        return math.inf if rate is None else 1 / rate
    usual = float(np.median(steps))
    if rate is not None and abs(usual * rate - 1) > RATE_ERROR:
        raise HadamrnnError(
            f"{path}: must be recorded at window.rate_hz={rate:g} readings a second within 5 %; "
            f"got {1 / usual:.4g}"
        )
    return usual

"""Files of the UCR and UEA archives (.ts): one line a sequence, its channels, its class or number.

@classLabel true up down
@data
1.0,2.0,3.0:0.5,0.4,0.3:up
"""

from pathlib import Path

import numpy as np

from hadamrnn.datasets.formats.recordings import Recording
from hadamrnn.datasets.formats.settings import Settings
from hadamrnn.errors import HadamrnnError
from hadamrnn.files import patterns

LABELLED = {
    "classify": {"@timestamps": "false", "@classlabel": "true", "@targetlabel": "false"},
    "regress": {"@timestamps": "false", "@classlabel": "false", "@targetlabel": "true"},
}
"""What the head of a file may say, by task."""


def read(settings: Settings) -> tuple[list[Recording], list[str]]:
    """The sequences of all files that the section names, and the numbers of their channels.

    Parameters
    ----------
    settings : Settings
        Of type ts.

    Returns
    -------
    recordings : list of Recording
        In the order of the files and their lines; their group is unknown.
    channels : list of str
        "1", "2", ...

    Raises
    ------
    HadamrnnError
        For a file that is no such file, naming line and channel.
    """
    found: list[Recording] = []
    for path in patterns.matching(settings.own.path, "ts"):
        for one in _of_file(path, settings.own.task):
            if found and one.values.shape[1] != found[0].values.shape[1]:
                raise HadamrnnError(
                    f"{path}: row {one.rows[0]}: must have {found[0].values.shape[1]} channels as "
                    f"the first sequence; got {one.values.shape[1]}"
                )
            found.append(one)
    return found, [str(k + 1) for k in range(found[0].values.shape[1])]


def _of_file(path: Path, task: str) -> list[Recording]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise HadamrnnError(f"{path}: must be text in UTF-8; got the byte {byte:#04x}") from None
    facts: dict[str, str] = {}
    found: list[Recording] = []
    inside = False
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if inside:
            found.append(_sequence(path, number, text, task))
        elif text.lower() == "@data":
            inside = True
            for key, wanted in LABELLED[task].items():
                if facts.get(key, wanted) != wanted:
                    of = "" if key == "@timestamps" else f" for task {task}"
                    raise HadamrnnError(f"{path}: {key} must be {wanted}{of}; got {facts[key]}")
        elif text.startswith("@"):
            key, *words = text.lower().split()
            facts[key] = words[0] if words else ""
        else:
            raise HadamrnnError(
                f"{path}: row {number} must begin with @ or # in front of @data; got {text[:40]!r}"
            )
    if not found:
        raise HadamrnnError(f"{path}: must have lines of readings behind @data; got none")
    return found


def _sequence(path: Path, number: int, text: str, task: str) -> Recording:
    *channels, label = text.split(":")
    if not channels or not label.strip():
        raise HadamrnnError(
            f"{path}: row {number} must hold channels and a class, separated by colons; got "
            f"{text[:40]!r}"
        )
    columns = [_numbers(path, number, k, cells) for k, cells in enumerate(channels, start=1)]
    for channel, column in enumerate(columns, start=1):
        if len(column) != len(columns[0]):
            raise HadamrnnError(
                f"{path}: row {number}, channel {channel} must have {len(columns[0])} readings as "
                f"the first; got {len(column)}"
            )
    values, of_all = np.stack(columns, axis=1), np.full(len(columns[0]), label.strip(), object)
    if task == "regress":
        try:
            of_all = of_all.astype(np.float64)
        except ValueError:
            of_all = np.full(len(of_all), np.nan)
        if not np.isfinite(of_all[0]):
            raise HadamrnnError(
                f"{path}: row {number}: must end in a finite number for task regress; got "
                f"{label.strip()!r}"
            )
    return Recording(
        file=path,
        rows=np.full(len(values), number),
        values=values,
        labels=of_all,
    )


def _numbers(path: Path, number: int, channel: int, cells: str) -> np.ndarray:
    """The readings of a channel, (time,) float64; NaN for a question mark."""
    values = np.empty(cells.count(",") + 1)
    for place, cell in enumerate(cells.split(",")):
        try:
            values[place] = np.nan if cell.strip() == "?" else float(cell)
            right = cell.strip() == "?" or bool(np.isfinite(values[place]))
        except ValueError:
            right = False
        if not right:
            raise HadamrnnError(
                f"{path}: row {number}, channel {channel}, reading {place + 1}: must be a finite "
                f"number, or ? for a missing one; got {cell.strip()!r}"
            )
    return values

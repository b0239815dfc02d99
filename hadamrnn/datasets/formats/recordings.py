"""Recordings: unbroken series of readings, whatever kind of file they come from."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hadamrnn.errors import HadamrnnError


@dataclass(frozen=True, kw_only=True)
class Recording:
    """Readings of one source without a gap.

    Parameters
    ----------
    file : Path
        Where they stand.
    rows : (time,) int64
        Their lines in the file, or their places in it, counted from 1.
    values : (time, channels) float64
        In the recorder's units; NaN where a reading is missing.
    labels : (time,) str, or of task regress float64
        The class, or the number, at each of them.
    group : str or None
        The person, device or session, where known.
    interval : float or None
        Seconds from one to the next, where known.
    """

    file: Path
    rows: np.ndarray
    values: np.ndarray
    labels: np.ndarray
    group: str | None = None
    interval: float | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, rows: slice) -> "Recording":
        """The readings in ``rows``, as a recording."""
        return replace(
            self, rows=self.rows[rows], values=self.values[rows], labels=self.labels[rows]
        )


def cut(recording: Recording, starts: np.ndarray) -> list[Recording]:
    """A recording cut in front of some of its readings.

    Parameters
    ----------
    recording : Recording
        Of one reading at least.
    starts : (time,) bool
        True at each reading that begins a part.

    Returns
    -------
    list of Recording
    """
    places = [0, *(int(p) for p in np.flatnonzero(starts[1:]) + 1), len(recording)]
    return [
        recording.part(slice(a, b)) for a, b in zip(places[:-1], places[1:], strict=True) if b > a
    ]


def without_gaps(recording: Recording, missing: str, channels: list[str]) -> list[Recording]:
    """A recording whose missing readings are treated as params.yaml says.

    Parameters
    ----------
    recording : Recording
        Perhaps with NaN.
    missing : {"refuse", "hold", "interpolate", "drop"}
        Hold takes the last reading of the channel, interpolate the line between its neighbours;
        both take the nearest one at an end. Drop leaves the time step out, and cuts there.
    channels : list of str
        Names, for errors.

    Returns
    -------
    list of Recording
        Without NaN; more than one, or none, after drop.

    Raises
    ------
    HadamrnnError
        Where a reading is missing and must not be, or a channel has none at all.
    """
    absent = np.isnan(recording.values)
    if not absent.any():
        return [recording]
    first, channel = (int(k[0]) for k in np.nonzero(absent))
    place = f"{recording.file}: row {recording.rows[first]}, column {channels[channel]}"
    if missing == "refuse":
        raise HadamrnnError(
            f"{place}: must hold a number where missing is refuse (hold, interpolate and drop "
            "allow empty cells); got an empty cell"
        )
    if missing == "drop":
        bad = absent.any(axis=1)
        starts = np.concatenate(([False], bad[:-1]))
        parts = cut(recording, starts | bad)
        return [part for part in parts if not np.isnan(part.values).any()]
    values, steps = recording.values.copy(), np.arange(len(recording))
    for number, name in enumerate(channels):
        known = steps[~absent[:, number]]
        if len(known) == 0:
            raise HadamrnnError(
                f"{recording.file}: column {name} must hold a number in rows "
                f"{recording.rows[0]} to {recording.rows[-1]}; got none"
            )
        if missing == "interpolate":
            values[:, number] = np.interp(steps, known, values[known, number])
        else:
            last = np.searchsorted(known, steps, side="right") - 1
            values[:, number] = values[known[np.maximum(last, 0)], number]
    return [replace(recording, values=values)]

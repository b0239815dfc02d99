"""The sections of a packed file that say what raw readings are (``sections.RECORDING``)."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import header
from hadamrnn.integer import sections as table
from hadamrnn.integer.recording import Recording

LINEAR, COMPANDED = ("zero", "multiplier", "shift"), ("knee", "root_bits")
"""What the sections channels and companding have of each channel."""
CLASSES, NUMBERS = 0, 1
"""Tasks: what outputs are."""


def sections(recording: Recording) -> dict[str, bytes]:
    """The packed bytes of each of these sections, by name and in file order."""
    units, companded = recording.units, bool((recording.knee > 0).any())
    pairs = zip(recording.unit.tolist(), recording.offset.tolist(), strict=True)

    def rows(names: tuple[str, ...]) -> Any:
        return zip(*(getattr(recording, name).tolist() for name in names), strict=True)

    fields = {field.name for field in header.RECORDING_TABLE.fields} & set(vars(recording))
    values = {name: getattr(recording, name) for name in fields}
    values |= {
        "units": len(units),
        "companded": companded,
        "task": NUMBERS if recording.numbers else CLASSES,
    }
    bent = rows(COMPANDED) if companded else ()
    return {
        "recording": header.RECORDING_TABLE.pack(values),
        "units": b"".join(table.UNIT.pack(*unit) for unit in units),
        "unit_of": bytes(map(units.index, pairs)) if len(units) > 1 else b"",
        "channels": b"".join(table.CHANNEL.pack(*row) for row in rows(LINEAR)),
        "companding": b"".join(table.COMPANDING.pack(*row) for row in bent),
    }


def check_sizes(fields: Mapping[str, Any], place: str) -> None:
    """Raise HadamrnnError for a recording that cannot say how large the others are."""
    symbol = bool(fields["flags"] & header.SYMBOL)
    units, companded, task = (fields[name] for name in ("units", "companded", "task"))
    if (units == 0) != symbol or companded > (not symbol) or task > NUMBERS:
        raise HadamrnnError(
            f"{place}: units, companded or task are out of range; got {units}, {companded} "
            f"and {task}"
        )


def read(parts: Mapping[str, bytes], fields: Mapping[str, Any], place: str) -> Recording | None:
    """What the sections say, None where the file has none.

    Parameters
    ----------
    parts : mapping of str to bytes
        By section.
    fields : mapping
        Of the header and of the recording.
    place : str
        How errors name the file.

    Raises
    ------
    HadamrnnError
        If a channel has a unit that is not there.
    """
    if "recording" not in parts:
        return None
    units = np.array(list(table.UNIT.iter_unpack(parts["units"])), float).reshape(-1, 2)
    count = table.channels(fields)
    unit_of = np.frombuffer(parts["unit_of"] or bytes(count), dtype=np.uint8)
    if count and unit_of.max() >= len(units):
        raise HadamrnnError(f"{place}: unit_of: must be below {len(units)}; got {unit_of.max()}")
    linear = np.array(list(table.CHANNEL.iter_unpack(parts["channels"])), int).reshape(-1, 3)
    bent = np.array(list(table.COMPANDING.iter_unpack(parts["companding"])), int).reshape(-1, 2)
    if not fields["companded"]:
        bent = np.zeros((count, 2), int)
    return Recording(
        unit=units[unit_of, 0],
        offset=units[unit_of, 1],
        zero=linear[:, 0],
        multiplier=linear[:, 1],
        shift=linear[:, 2],
        knee=bent[:, 0],
        root_bits=bent[:, 1],
        frame=fields["frame"],
        rate_hz=fields["rate_hz"],
        window=fields["window"],
        hop=fields["hop"],
        parameters_hash=fields["parameters_hash"],
        data_hash=fields["data_hash"],
        numbers=fields["task"] == NUMBERS,
    )

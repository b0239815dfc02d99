"""The integers by which an exported model codes raw readings (``integer.recording``).

A reading is unit r + offset. What the training saw of it was

    real = (compress(reading) - zero) / scale,     x = real / input_scale + input_zero_point

and with g counts of w for each unit of compress(reading) (``recording``: w = r where a channel is
not companded, else about 2^8 2^(f/4) compress), Z = g zero and M / 2^S = 1 / (g scale input_scale).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn.errors import HadamrnnError
from hadamrnn.integer.proof import INT32_MAX
from hadamrnn.integer.recording import HIGHEST, LOWEST, RANGES, UINT32_MAX, Recording, largest
from hadamrnn.prepared.coding import Coding, Raw, decimal_unit

FINER_UNIT = 64
"""Channels share a unit unless it makes one more than this many times coarser than its own."""


def _units(readings: npt.NDArray[Any], raw: Raw) -> npt.NDArray[np.float64]:
    """A unit for each channel: one for all where it is fine enough for each of them."""
    by_channel = np.abs(readings.reshape(-1, raw.frame, raw.channels)).max((0, 1))
    units = np.array([decimal_unit(float(value)) for value in by_channel])
    coarsest = units.max()
    return np.full_like(units, coarsest) if coarsest <= FINER_UNIT * units.min() else units


def _fraction(factor: float, reach: float) -> tuple[int, int]:
    """(M, S) of the factor M / 2^S, as precise as 32-bit sums of w up to ``reach`` allow."""
    for shift in range(RANGES["shift"][1], 0, -1):
        multiplier = round(factor * 2.0**shift)
        if multiplier <= RANGES["multiplier"][1] and (
            reach * multiplier + (1 << (shift - 1)) <= INT32_MAX
        ):
            return max(1, multiplier), shift
    raise HadamrnnError(
        f"raw.scale: a count of the recorder must be at most {RANGES['multiplier'][1] / 2:.0f} "
        f"steps of the model's input; got {factor:.6g}"
    )


def _knee(ratio: float) -> tuple[int, int]:
    """(K, f) of unit / companding = K / 2^f, as precise as 32 bits allow."""
    for bits in range(28, -1, -4):  # of which the device knows root4(2^f) without computing it
        knee = round(ratio * 2.0**bits)
        if knee <= RANGES["knee"][1] and (1 << bits) + (1 << 15) * knee <= UINT32_MAX:
            break
    if not knee:
        raise HadamrnnError(
            f"raw.companding: must be at most 2^31 counts of the recorder; got {1 / ratio:.6g}"
        )
    return knee, bits


def _coded(
    raw: Raw, units: npt.NDArray[np.float64], quantization: tuple[float, int]
) -> dict[str, Any]:
    """The integers of all channels for readings of these units."""
    offsets = raw.offset or (0.0,) * raw.channels
    companding = raw.companding or (0.0,) * raw.channels
    rows = []
    for unit, offset, zero, scale, knee_at in zip(
        units.tolist(), offsets, raw.zero, raw.scale, companding, strict=True
    ):
        if knee_at and offset:
            raise HadamrnnError(
                f"raw.companding: must be 0 in a channel whose offset is not; got {knee_at}"
            )
        knee, bits = _knee(unit / knee_at) if knee_at else (0, 0)
        counts = 2.0 ** (8 + bits / 4) if knee_at else 1 / unit
        middle = round(counts * (zero - offset))
        if not LOWEST <= middle <= HIGHEST:
            raise HadamrnnError(
                f"raw.zero: must lie within 16 bits in counts of the recorder; got {middle}"
            )
        blank = np.zeros(1, np.int64)
        one = Recording(
            np.ones(1), np.zeros(1), blank, blank + 1, blank + 1, blank + knee, blank + bits
        )
        reach = int(largest(one)[0]) + abs(middle)
        multiplier, shift = _fraction(1 / (counts * scale * quantization[0]), reach)
        rows.append((middle, multiplier, shift, knee, bits))
    names = ("zero", "multiplier", "shift", "knee", "root_bits")
    columns = np.array(rows, dtype=np.int64).reshape(-1, len(names)).T
    return dict(zip(names, columns, strict=True)) | {"offset": np.array(offsets)}


def recording(
    coding: Coding,
    readings: npt.NDArray[Any],
    quantization: tuple[float, int],
    **facts: Any,
) -> Recording:
    """How a model codes the readings that prepared data stores.

    Parameters
    ----------
    coding : Coding
        Of the prepared data.
    readings : array, (n, T, frame * channels) or (n, T)
        Its training inputs as stored.
    quantization : tuple of float and int
        (input_scale, input_zero_point) of the model.
    **facts
        Further fields of the recording: window, parameters_hash, data_hash.

    Returns
    -------
    Recording
        Readings of whole numbers are their own counts; the unit of others is the card's, or the
        smallest decimal one that leaves room (``decimal_unit``).

    Raises
    ------
    HadamrnnError
        For a coding that 32-bit integers cannot follow.
    """
    if coding.kind == "symbol":
        none = np.zeros(0)
        return Recording(none, none, none, none, none, none, none, **facts)
    raw = coding.raw
    if raw is None:  # real = scale * stored + offset
        size = readings.shape[-1]
        raw = Raw(zero=(-coding.offset / coding.scale,) * size, scale=(1 / coding.scale,) * size)
    if raw.unit is not None:
        units = np.array(raw.unit)
    elif readings.dtype.kind in "iub":
        units = np.ones(raw.channels)
    else:
        units = _units(readings, raw)
    known: dict[str, Any] = {
        "frame": raw.frame,
        "rate_hz": float(raw.rate_hz or 0),
        "hop": (raw.hop or 0) // raw.frame,
    }
    return Recording(unit=units, **_coded(raw, units, quantization), **known, **facts)

r"""Raw readings: what they are, and how they become the integers of a step without floating point.

A reading of a channel is the recorder's 16-bit integer r, which stands for r unit + offset in the
recorder's units. With isqrt the integer square root, root4(v) = isqrt(2^16 isqrt(v)), and Z, M, S,
K and f the channel's zero, multiplier, shift, knee and root_bits:

    w = r                                                        where K = 0
    w = sign(r) (root4(2^f + |r| K) - root4(2^f))                where the channel is companded
    x = clip((((w - Z) M + 2^(S-1)) >> S) + input_zero_point)    to input_bits

which never falls as r rises. All fits 32 bits: f and K by their ranges, the product by proof.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn.errors import HadamrnnError
from hadamrnn.integer.proof import INT32_MAX

Array = npt.NDArray[Any]
LOWEST, HIGHEST = -(1 << 15), (1 << 15) - 1
"""Of a reading as an integer."""
UINT32_MAX = (1 << 32) - 1
HASH_BYTES = 8
UNKNOWN = bytes(HASH_BYTES)
RANGES = {  # of the arrays
    "zero": (LOWEST, HIGHEST),
    "multiplier": (1, (1 << 16) - 1),
    "shift": (1, 30),
    "knee": (0, (1 << 16) - 1),
    "root_bits": (0, 31),
}
NUMBERS = {"frame": (1, (1 << 16) - 1), "window": (0, UINT32_MAX), "hop": (0, UINT32_MAX)}
UNITS_MAX = 255


@dataclass(frozen=True, eq=False)
class Recording:
    """What a model was recorded with, and the integers of its input coding.

    Parameters
    ----------
    unit, offset : array of float64, (channels,)
        Reading = unit r + offset in the recorder's units.
    zero, multiplier, shift, knee, root_bits : array of int, (channels,)
        Z, M, S, K and f.
    frame : int
        Samples that a step reads, one behind the other.
    rate_hz : float
        Samples a second; 0: unknown.
    window, hop : int
        Steps of a window, and from its start to that of the next; 0: unknown.
    numbers : bool
        Whether outputs are numbers and not classes (``IntegerModel.predict``).
    parameters_hash, data_hash : bytes
        First eight bytes of the SHA-256 of the parameters and of the training data; zeros: unknown.

    A model that reads symbols has no channels.
    """

    unit: Array
    offset: Array
    zero: Array
    multiplier: Array
    shift: Array
    knee: Array
    root_bits: Array
    frame: int = 1
    rate_hz: float = 0.0
    window: int = 0
    hop: int = 0
    parameters_hash: bytes = UNKNOWN
    data_hash: bytes = UNKNOWN
    numbers: bool = False

    def __post_init__(self) -> None:
        for name in ("unit", "offset", *RANGES):
            dtype = np.float64 if name in ("unit", "offset") else np.int64
            array = np.array(getattr(self, name), dtype=dtype)
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @property
    def channels(self) -> int:
        """Numbers in a sample."""
        return len(self.unit)

    @property
    def units(self) -> list[tuple[float, float]]:
        """The different pairs of unit and offset, as they first occur."""
        pairs = zip(self.unit.tolist(), self.offset.tolist(), strict=True)
        return list(dict.fromkeys(pairs))


def root4(values: Array) -> Array:
    """isqrt(2^16 isqrt(values)), 2^8 times the fourth root.

    Parameters
    ----------
    values : array of int64
        From 0 to 2^32 - 1, where the float64 square root rounds down rightly.

    Examples
    --------
    >>> root4(np.array([0, 1, 16, 1 << 28, (1 << 32) - 1])).tolist()
    [0, 256, 512, 32768, 65535]
    """
    first = np.sqrt(values.astype(np.float64)).astype(np.int64)
    return np.sqrt((first << 16).astype(np.float64)).astype(np.int64)


def largest(recording: Recording) -> Array:
    """Largest |w| of each channel."""
    one = np.int64(1) << recording.root_bits
    companded = root4(one + (1 << 15) * recording.knee) - root4(one)
    return np.where(recording.knee > 0, companded, 1 << 15)


def unclipped(recording: Recording, counts: Array, zero_point: int) -> npt.NDArray[np.int64]:
    """x of readings before it is clipped.

    Parameters
    ----------
    recording : Recording
        Whose coding it is.
    counts : array of int, (..., frame * channels)
        r.
    zero_point : int
        The model's input_zero_point.
    """

    def of(name: str) -> Array:
        return np.tile(getattr(recording, name), recording.frame)

    r = counts.astype(np.int64)
    knee, one = of("knee"), np.int64(1) << of("root_bits")
    w: Array = r
    if knee.any():
        moved = root4(one + np.abs(r) * knee) - root4(one)
        w = np.where(knee > 0, np.sign(r) * moved, r)
    shift: Array = of("shift")
    total = (w - of("zero")) * of("multiplier") + (np.int64(1) << (shift - 1))
    x: npt.NDArray[np.int64] = (total >> shift) + zero_point
    return x


def counts(recording: Recording, readings: npt.ArrayLike) -> npt.NDArray[np.int16]:
    """Readings in the recorder's units as its integers: rint((reading - offset) / unit), saturated.

    Readings are rounded to float32 first, so that a file of decimals gives what the numbers gave
    from which it was written.

    Parameters
    ----------
    recording : Recording
        Whose units they are in.
    readings : array_like, (..., frame * channels)
        Finite numbers.
    """
    values = np.asarray(readings, dtype=np.float32).astype(np.float64)
    unit, offset = (np.tile(v, recording.frame) for v in (recording.unit, recording.offset))
    whole = np.clip(np.rint((values - offset) / unit), LOWEST, HIGHEST)
    integers: npt.NDArray[np.int16] = whole.astype(np.int16)
    return integers


def check(recording: Recording, input_size: int, symbol: bool) -> None:
    """Whether a recording goes with a model and its arithmetic fits 32 bits.

    Parameters
    ----------
    recording : Recording
        To be checked.
    input_size : int
        Of the model.
    symbol : bool
        Whether it reads symbols.

    Raises
    ------
    HadamrnnError
        Unless every number is in range.
    """
    for name, (low, high) in NUMBERS.items():
        value = getattr(recording, name)
        if not isinstance(value, int) or not low <= value <= high:
            raise HadamrnnError(f"{name}: must be an integer from {low} to {high}; got {value!r}")
    rate = recording.rate_hz
    if not (isinstance(rate, float) and math.isfinite(rate) and math.copysign(1, rate) > 0):
        raise HadamrnnError(f"rate_hz: must be a finite number, 0 or above; got {rate!r}")
    for name in ("parameters_hash", "data_hash"):
        value = getattr(recording, name)
        if not isinstance(value, bytes) or len(value) != HASH_BYTES:
            raise HadamrnnError(f"{name}: must be {HASH_BYTES} bytes; got {value!r}")
    if not isinstance(recording.numbers, bool):
        raise HadamrnnError(f"numbers: must be true or false; got {recording.numbers!r}")
    frame = recording.frame
    if frame != 1 if symbol else input_size % frame:
        raise HadamrnnError(
            f"frame: must divide input_size={input_size}, and be 1 for symbols; got {frame}"
        )
    channels = 0 if symbol else input_size // frame
    for name in ("unit", "offset", *RANGES):
        array = getattr(recording, name)
        if array.shape != (channels,):
            raise HadamrnnError(f"{name}: must have shape ({channels},); got {array.shape}")
        least, most = RANGES.get(name, (-math.inf, math.inf))
        if channels and not (
            np.isfinite(array).all() and least <= array.min() <= array.max() <= most
        ):
            raise HadamrnnError(f"{name}: must lie from {least} to {most}; got {array.tolist()}")
    if channels and recording.unit.min() <= 0:
        raise HadamrnnError(f"unit: must be above 0; got {recording.unit.min()}")
    if len(recording.units) > UNITS_MAX:
        raise HadamrnnError(
            f"unit, offset: must be at most {UNITS_MAX} pairs; got {len(recording.units)}"
        )
    if channels:
        _check_width(recording)


def _check_width(recording: Recording) -> None:
    """Raise HadamrnnError unless the coding of every channel fits 32 bits."""
    companded = recording.knee > 0
    if (recording.root_bits[~companded] > 0).any():
        raise HadamrnnError(
            f"root_bits: must be 0 without a knee; got {recording.root_bits.tolist()}"
        )
    reach = largest(recording) + np.abs(recording.zero)
    bound = reach * recording.multiplier + (np.int64(1) << (recording.shift - 1))
    if bound.max() > INT32_MAX:
        raise HadamrnnError(
            f"multiplier: the 32-bit coding of a channel could overflow, reaching {bound.max()}; "
            f"got {recording.multiplier[bound.argmax()]}"
        )

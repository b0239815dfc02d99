"""How stored inputs become what a model sees: one rule, in one precision, for all who read them.

Prepared folders store what the recorder gave: readings of sensors in its units, grey levels, ids.
The card says what is done to them; the exported model does the same in integers.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hadamrnn import companding
from hadamrnn.errors import HadamrnnError

KINDS = ("dense", "symbol")
HIGHEST = (1 << 15) - 1
"""Of a reading as a recorder's integer, which has 16 bits."""
ROOM = 2.0
"""A chosen unit leaves room for readings so many times the largest of the training rows."""


def decimal_unit(largest_reading: float, room: float = ROOM) -> float:
    """The smallest of ..., 0.1, 0.2, 0.5, 1, 2, 5, ... by which readings fit 16 bits with room.

    Parameters
    ----------
    largest_reading : float
        Largest size of the training rows, 0 or above.
    room : float
        So many times as large still fits.

    Examples
    --------
    >>> decimal_unit(2.0), decimal_unit(9.0), decimal_unit(0.0)
    (0.0002, 0.001, 1.0)
    """
    if not largest_reading:
        return 1.0
    least = largest_reading * room / HIGHEST
    power = math.floor(math.log10(least))
    steps = (float(f"{digit}e{power + more}") for more in (0, 1) for digit in (1, 2, 5))
    return next(step for step in steps if step >= least)


def _finite(name: str, value: Any, positive: bool = False) -> None:
    """Raise HadamrnnError unless ``value`` is a finite number (above 0)."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or (positive and value <= 0):
        above = " above 0" if positive else ""
        raise HadamrnnError(f"{name}: must be a finite number{above}; got {value!r}")


@dataclass(frozen=True)
class Raw:
    """What stored readings are, channel by channel: the section ``raw`` of card.json.

    Parameters
    ----------
    zero, scale : tuple of float
        What is subtracted from a channel, and what it is divided by then: as a rule mean and
        standard deviation of the (companded) training rows.
    companding : tuple of float, optional
        Unit of ``companding.compress`` in the recorder's, 0 for a channel that stays as it is.
    unit : tuple of float, optional
        Of one count of the recorder's integers; default chosen at export from the training rows.
    offset : tuple of float, optional
        Reading of a count of 0, default 0.
    rate_hz : float, optional
        Samples a second.
    hop : int, optional
        Samples from the start of one window to that of the next.
    frame : int
        Samples that a step reads, one behind the other.

    Examples
    --------
    >>> Raw(zero=(1.0,), scale=(2.0,)).channels
    1
    """

    zero: tuple[float, ...]
    scale: tuple[float, ...]
    companding: tuple[float, ...] | None = None
    unit: tuple[float, ...] | None = None
    offset: tuple[float, ...] | None = None
    rate_hz: float | None = None
    hop: int | None = None
    frame: int = 1

    def __post_init__(self) -> None:
        for name in ("zero", "scale", "companding", "unit", "offset"):
            values = getattr(self, name)
            if values is None and name not in ("zero", "scale"):
                continue
            if not isinstance(values, list | tuple) or len(values) != len(self.zero) or not values:
                raise HadamrnnError(
                    f"raw.{name}: must be a list of numbers, one for each channel; got {values!r}"
                )
            for value in values:
                _finite(f"raw.{name}", value, positive=name in ("scale", "unit"))
            if name == "companding" and min(values) < 0:
                raise HadamrnnError(f"raw.companding: must be 0 or above; got {min(values)}")
            object.__setattr__(self, name, tuple(map(float, values)))
        if self.rate_hz is not None:
            _finite("raw.rate_hz", self.rate_hz, positive=True)
        for name in ("hop", "frame"):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or not 1 <= value <= 65535):
                raise HadamrnnError(f"raw.{name}: must be an integer from 1 to 65535; got {value}")

    @property
    def channels(self) -> int:
        """Numbers in a sample."""
        return len(self.zero)

    def standardise(self, readings: Any, library: Any = np) -> Any:
        """(compress(readings) - zero) / scale, one rounding to float32 an operation.

        Parameters
        ----------
        readings : (..., frame * channels) float32 array
            In the recorder's units.
        library : module
            numpy or torch.

        Returns
        -------
        array of the same shape
            float32, a new one.

        Examples
        --------
        >>> Raw((1.0,), (2.0,)).standardise(np.array([[3.0], [1.0]], dtype=np.float32)).tolist()
        [[1.0], [0.0]]
        """

        def vector(values: tuple[float, ...]) -> Any:
            row = np.tile(np.array(values, dtype=np.float32), self.frame)
            return row if library is np else library.from_numpy(row).to(readings.device)

        if self.companding is not None and any(self.companding):
            readings = companding.compress(readings, vector(self.companding), library)
        return (readings - vector(self.zero)) / vector(self.scale)


@dataclass(frozen=True)
class Coding:
    """The coding of a prepared data set's inputs.

    Parameters
    ----------
    kind : {"dense", "symbol"}
        Numbers, or ids that are passed on as they are.
    scale : float, above 0
        Real units of one stored unit.
    offset : float
        Real value of a stored 0.
    raw : Raw, optional
        Of readings, in place of scale and offset.

    Examples
    --------
    >>> Coding("dense", scale=0.5, offset=-1.0).decode(np.array([0, 1, 4], dtype=np.uint8))
    array([-1. , -0.5,  1. ], dtype=float32)
    """

    kind: str
    scale: float = 1.0
    offset: float = 0.0
    raw: Raw | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise HadamrnnError(f"input.kind: must be dense or symbol; got {self.kind!r}")
        for name in ("scale", "offset"):
            _finite(f"input.{name}", getattr(self, name), positive=name == "scale")
        if self.raw is not None and (self.kind, self.scale, self.offset) != ("dense", 1, 0):
            raise HadamrnnError(
                "input: must be dense with scale 1 and offset 0 where the card has a section raw; "
                f"got {self.kind}, {self.scale}, {self.offset}"
            )

    @classmethod
    def from_card(cls, card: Mapping[str, Any], place: str = "card.json") -> "Coding":
        """The coding that a prepared folder's card.json gives: its sections ``input`` and ``raw``.

        Parameters
        ----------
        card : dict
            Content of card.json.
        place : str
            How errors name the file.

        Raises
        ------
        HadamrnnError
            If the section, or a value in it, is missing or wrong.

        Examples
        --------
        >>> Coding.from_card({"input": {"kind": "symbol", "scale": 1.0, "offset": 0.0}})
        Coding(kind='symbol', scale=1.0, offset=0.0, raw=None)
        """
        section = card.get("input") if isinstance(card, Mapping) else None
        keys = ("kind", "scale", "offset")
        if not isinstance(section, Mapping) or any(key not in section for key in keys):
            raise HadamrnnError(
                f"{place}: its section input must give {', '.join(keys)}; got {section!r}"
            )
        raw = card.get("raw")
        try:
            readings = None if raw is None else _raw(raw)
            if readings is not None and section.get("size") != readings.channels * readings.frame:
                raise HadamrnnError(
                    f"input.size: must be raw's {readings.channels} channels times frame "
                    f"{readings.frame}; got {section.get('size')!r}"
                )
            return cls(section["kind"], section["scale"], section["offset"], readings)
        except HadamrnnError as error:
            raise HadamrnnError(f"{place}: {error}") from error

    def decode(self, stored: Any, library: Any = np) -> Any:
        """Stored inputs as a model sees them; NumPy and torch give the same bits.

        Parameters
        ----------
        stored : array of any shape
            As prepared, or a tensor with ``library=torch``, which stays on its device.
        library : module
            numpy or torch.

        Returns
        -------
        array of the same shape
            float32: ``raw.standardise``, or stored * scale + offset, each operation rounded to
            float32; of symbols int64.
        """
        if self.kind == "symbol":
            return library.asarray(stored, dtype=library.int64)
        with np.errstate(over="ignore"):  # beyond float32 is infinite, and at the model's limit
            numbers = library.asarray(stored, dtype=library.float32)
        if self.raw is not None:
            if library is not np and numbers.device.type == "cpu":
                # torch's own square root is not rounded correctly on every CPU.
                return library.from_numpy(self.raw.standardise(numbers.numpy()))
            return self.raw.standardise(numbers, library)
        return numbers * self.scale + self.offset


def _raw(section: Any) -> Raw:
    """The Raw of a card's section."""
    if not isinstance(section, Mapping) or not {"zero", "scale"} <= set(section):
        raise HadamrnnError(f"its section raw must give zero and scale; got {section!r}")
    unknown = set(section) - set(Raw.__dataclass_fields__)
    if unknown:
        raise HadamrnnError(f"raw.{min(unknown)}: is no key of the section raw")
    return Raw(**section)

"""How stored inputs become what a model sees: one rule, in one precision, for all who read them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hadamrnn.errors import HadamrnnError

KINDS = ("dense", "symbol")


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

    Examples
    --------
    >>> Coding("dense", scale=0.5, offset=-1.0).decode(np.array([0, 1, 4], dtype=np.uint8))
    array([-1. , -0.5,  1. ], dtype=float32)
    """

    kind: str
    scale: float = 1.0
    offset: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise HadamrnnError(f"input.kind: must be dense or symbol; got {self.kind!r}")
        for name in ("scale", "offset"):
            value = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not math.isfinite(value) or (name == "scale" and value <= 0):
                above = " above 0" if name == "scale" else ""
                raise HadamrnnError(f"input.{name}: must be a finite number{above}; got {value!r}")

    @classmethod
    def from_card(cls, card: Mapping[str, Any], place: str = "card.json") -> "Coding":
        """The coding that a prepared folder's card.json gives in its section ``input``.

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
        Coding(kind='symbol', scale=1.0, offset=0.0)
        """
        section = card.get("input") if isinstance(card, Mapping) else None
        keys = ("kind", "scale", "offset")
        if not isinstance(section, Mapping) or any(key not in section for key in keys):
            raise HadamrnnError(
                f"{place}: its section input must give {', '.join(keys)}; got {section!r}"
            )
        try:
            return cls(*(section[key] for key in keys))
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
            float32, stored * scale + offset, each operation rounded to float32; of symbols int64.
        """
        if self.kind == "symbol":
            return library.asarray(stored, dtype=library.int64)
        return library.asarray(stored, dtype=library.float32) * self.scale + self.offset

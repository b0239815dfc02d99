"""From a section of params.yaml to its model, or to one sentence about its first fault.

Unknown keys come first, then missing ones, then values, so that a misspelt key is not reported as
a missing one.
"""

import dataclasses
import reprlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar, get_type_hints

from pydantic import ValidationError

from hadamrnn.errors import HadamrnnError
from hadamrnn.params import rules

WIDTH = 80
"""Most characters of a value, or of a key, that a message shows."""
_NOTHING: Mapping[str, Any] = MappingProxyType({})
Model = TypeVar("Model")


class _Repr(reprlib.Repr):
    """``repr`` of bounded effort: a few entries of a few levels, however large the value is."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 3
        self.maxstring = self.maxother = self.maxlong = WIDTH

    def repr_int(self, x: int, level: int) -> str:
        """Also of integers that Python refuses to print, which it does from 4,301 digits on."""
        if x.bit_length() > 4 * WIDTH:
            return f"an integer of {x.bit_length()} bits"
        return super().repr_int(x, level)


def shown(value: object) -> str:
    """A value as messages show it: in YAML's word for None, else Python's, cut to ``WIDTH``.

    Parameters
    ----------
    value : object
        Anything that YAML can hold.

    Returns
    -------
    str
        One line.

    Examples
    --------
    >>> shown(None), shown("text"), shown([1, 2])
    ('null', "'text'", '[1, 2]')
    """
    if value is None:
        return "null"
    text = _Repr().repr(value)
    return text if len(text) <= WIDTH else f"{text[:WIDTH]}..."


def path_of(place: str, key: object) -> str:
    """The path of ``key`` below ``place``: dotted, on one line, cut to ``WIDTH`` a key.

    Parameters
    ----------
    place : str
        Path of the section, "" for the top level.
    key : object
        Text, or what else YAML allows as a key.

    Returns
    -------
    str

    Examples
    --------
    >>> path_of("train", "epochs"), path_of("", "two\\nlines")
    ('train.epochs', "'two\\\\nlines'")
    """
    plain = isinstance(key, str) and key.isprintable() and 0 < len(key) <= WIDTH
    text = str(key) if plain else shown(key)
    return f"{place}.{text}" if place else text


def mapping(given: object, place: str) -> dict[Any, Any]:
    """``given`` itself where it is a mapping.

    Parameters
    ----------
    given : object
        A value of params.yaml.
    place : str
        Its path, "" for the whole file.

    Returns
    -------
    dict

    Raises
    ------
    HadamrnnError
        For anything else.
    """
    if not isinstance(given, dict):
        raise HadamrnnError(f"{place or 'params.yaml'}: must be a mapping; got {shown(given)}")
    return given


def read(
    model: type[Model], given: object, place: str, defaults: Mapping[str, Any] = _NOTHING
) -> Model:
    """The section ``given`` as its model.

    Parameters
    ----------
    model : type
        A pydantic dataclass whose keys are values, not sections.
    given : object
        The section as YAML holds it.
    place : str
        Its path in params.yaml, "" for the whole file.
    defaults : mapping
        Values, right ones, of keys that ``given`` lacks.

    Returns
    -------
    Model

    Raises
    ------
    HadamrnnError
        For anything but a mapping, an unknown or missing key, or a wrong value.
    """
    fields = {field.name: field for field in dataclasses.fields(model)}  # type: ignore[arg-type]
    section = mapping(given, place)
    for key in section:
        if key not in fields:
            raise HadamrnnError(
                f"{path_of(place, key)}: is not a key of params.yaml; "
                f"known here are {', '.join(fields) or 'none'}"
            )
    merged = {**defaults, **section}
    for key, field in fields.items():
        required = field.default is field.default_factory is dataclasses.MISSING
        if required and key not in merged:
            raise HadamrnnError(f"{path_of(place, key)}: is missing from params.yaml")
    try:
        return model(**merged)
    except ValidationError as error:
        faults = error.errors(include_url=False)
    key = str(faults[0]["loc"][0])
    told = [fault for fault in faults if fault["loc"][0] == key]
    raise HadamrnnError(f"{path_of(place, key)}: {_rule(model, key, merged[key], told)}")


def _rule(model: type[Any], key: str, value: object, faults: list[Any]) -> str:
    """The rule that ``value`` breaks, and the value."""
    text = rules.words(get_type_hints(model, include_extras=True)[key])
    limits = [int(f["ctx"]["le"]) for f in faults if f["type"] == "less_than_equal"]
    if limits and limits[0] in rules.UNTOLD_LIMITS:
        text = f"at most {limits[0]}"
    hint = ""
    if isinstance(value, str) and "number" in text:
        hint = " (YAML reads 1e-3 as text; write 0.001)"
    return f"must be {text}{hint}; got {shown(value)}"

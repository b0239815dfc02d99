"""Kinds of values in params.yaml: pydantic types, and the words that say what is allowed.

A section's model annotates each key with one of these types or with a union of them; ``words``
reads the sentence of a key off its annotation, so that rule and message cannot differ.

>>> words(Annotated[int, whole(1, 8)] | Annotated[None, means("null for full precision")])
'an integer from 1 to 8, or null for full precision'
"""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

MOST = 10**9
"""Limit of every integer whose rule names none: far beyond use, and no computer's end."""
MOST_SEED = 2**63 - 1
"""Largest seed: every generator takes it."""
MOST_STEPS = 1 << 17
"""Longest sequence: as many states of 16 bits fit a sum of 32 bits."""
UNTOLD_LIMITS = (MOST, MOST_SEED)
"""Limits that the words of a rule leave out: only who exceeds one reads of it."""


def whole(lowest: int, highest: int = MOST) -> Any:
    """Field of an integer from ``lowest`` to ``highest``; neither text, truth values nor 2.0.

    Parameters
    ----------
    lowest : int
        The least that is allowed.
    highest : int
        With the default, the words name ``lowest`` alone.

    Returns
    -------
    pydantic.fields.FieldInfo
        For ``Annotated[int, ...]``.
    """
    return Field(strict=True, ge=lowest, le=highest)


def number(lowest: float, highest: float | None = None, *, open_end: bool = False) -> Any:
    """Field of a finite number from ``lowest`` to ``highest``.

    Parameters
    ----------
    lowest : float
        The least that is allowed.
    highest : float, optional
        By default there is no limit.
    open_end : bool
        Whether ``lowest`` itself is refused.

    Returns
    -------
    pydantic.fields.FieldInfo
        For ``Annotated[float, ...]``.
    """
    if open_end:
        return Field(strict=True, gt=lowest, le=highest, allow_inf_nan=False)
    return Field(strict=True, ge=lowest, le=highest, allow_inf_nan=False)


def means(text: str) -> Any:
    """Field of a value whose words are ``text``, such as what null stands for."""
    return Field(description=text)


Seed = Annotated[int, whole(0, MOST_SEED)]
Steps = Annotated[int, whole(1, MOST_STEPS)]
Switch = Annotated[bool, Field(strict=True)]
Auto = Annotated[Literal["auto"], means("auto for the benchmark's own")]
Mapping = Annotated[dict[Any, Any], Field(strict=True)]


def words(annotation: Any) -> str:
    """What a key with this annotation must be, to stand behind "must be".

    Parameters
    ----------
    annotation : type
        As in a section's model, metadata included.

    Returns
    -------
    str
    """
    return _words(TypeAdapter(annotation).json_schema())


def _words(schema: dict[str, Any]) -> str:
    if "description" in schema:  # of a whole union, or of one member
        return str(schema["description"])
    if "anyOf" in schema:
        return ", or ".join(_words(member) for member in schema["anyOf"])
    if "enum" in schema:
        return f"one of {', '.join(schema['enum'])}"
    kind = schema["type"]
    if kind not in ("integer", "number"):
        return {"boolean": "true or false", "object": "a mapping"}[kind]
    highest = schema.get("maximum")
    if kind == "integer":
        if highest in UNTOLD_LIMITS:
            return f"an integer of at least {schema['minimum']}"
        return f"an integer from {schema['minimum']} to {highest}"
    open_end = "exclusiveMinimum" in schema
    lowest = schema["exclusiveMinimum" if open_end else "minimum"]
    text = f"a number {'greater than' if open_end else 'of at least'} {lowest}"
    return text if highest is None else f"{text} and at most {highest}"

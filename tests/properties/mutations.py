"""Changes of values, texts and bytes, drawn from a ``random.Random``."""

import datetime
import math
import random
from collections.abc import Callable
from typing import Any

NUMBERS = (0, 1, -1, 2, 3, 7, 16, 100, 255, 256, 4096, 10**9, 10**30, -(10**400), 2**31, 2**63)
REALS = (0.0, -0.0, 0.5, 1.0, 1e-300, 1e300, math.inf, -math.inf, math.nan, 0.1, -3.5)
WORDS = ("", "auto", "last", "mean", "1e-3", "0x10", "yes", "null", "a\nb", "\u2028", "é", "\ud800")
WORDS += ("cuda:abc", "../..", "/", "x" * 3000, "csv", "copy", "pdigits", "hadamrnn", "lstm")
KEYS = ("steps", "epochs", "data", "", "type", "a.b", 3, None)
SNIPPETS = (
    b"\0",
    b"\xff\xfe",
    b"\n",
    b"\r",
    b",",
    b";",
    b'"',
    b"nan",
    b"inf",
    b"1e999",
    b"-",
    b"[",
)
SNIPPETS += (b"{", b"}", b"&a ", b"*a", b"!!int ", b"\t", b"#", b"\xc3", b"NaN", b"true", b"null")


def value(draw: random.Random, depth: int = 2) -> Any:
    """Anything that YAML or JSON could hold."""
    kinds = ("number", "real", "word", "choice") + (("list", "mapping") if depth else ())
    kind = draw.choice(kinds)
    if kind == "number":
        return draw.choice((*NUMBERS, draw.randrange(-5, 600)))
    if kind == "real":
        return draw.choice((*REALS, draw.uniform(-2, 2)))
    if kind == "word":
        return draw.choice(WORDS)
    if kind == "choice":
        return draw.choice((None, True, False, b"bytes", datetime.date(2020, 2, 3)))
    if kind == "list":
        return [value(draw, depth - 1) for _ in range(draw.randrange(4))]
    return {draw.choice(KEYS): value(draw, depth - 1) for _ in range(draw.randrange(4))}


def _flip(draw: random.Random, data: bytearray) -> None:
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)


def _replace(draw: random.Random, data: bytearray) -> None:
    start = draw.randrange(len(data))
    data[start : start + draw.choice((1, 2, 4, 9))] = draw.randbytes(draw.choice((1, 2, 4)))


def _insert(draw: random.Random, data: bytearray) -> None:
    start = draw.randrange(len(data) + 1)
    data[start:start] = draw.choice(SNIPPETS)


def _remove(draw: random.Random, data: bytearray) -> None:
    start = draw.randrange(len(data))
    del data[start : start + draw.choice((1, 1, 3, 10, 200))]


def _repeat(draw: random.Random, data: bytearray) -> None:
    start = draw.randrange(len(data))
    part = data[start : start + draw.choice((1, 8, 40))]
    data[start:start] = part * draw.choice((1, 2))


def _cut(draw: random.Random, data: bytearray) -> None:
    del data[draw.randrange(len(data)) :]


def _line(draw: random.Random, data: bytearray) -> None:
    """A line left out, doubled or moved to the end."""
    lines = bytes(data).splitlines(keepends=True)
    line = lines.pop(draw.randrange(len(lines)))
    kind = draw.randrange(3)
    if kind == 1:
        lines.insert(draw.randrange(len(lines) + 1), line)
        lines.append(line)
    elif kind == 2:
        lines.append(line)
    data[:] = b"".join(lines)


CHANGES: tuple[Callable[[random.Random, bytearray], None], ...] = (
    _flip,
    _replace,
    _insert,
    _remove,
    _repeat,
    _cut,
    _line,
)


def changed(draw: random.Random, data: bytes) -> bytes:
    """One to three changes of the content of a file."""
    result = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 3))):
        if result:
            draw.choice(CHANGES)(draw, result)
    return bytes(result)

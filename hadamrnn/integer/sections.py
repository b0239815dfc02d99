"""The sections of a packed file: each once, with its size and what is in it, in file order."""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hadamrnn.integer import header
from hadamrnn.integer.rows import row_bytes

CHANNEL = struct.Struct("<hHB")
"""Zero, multiplier and shift of a channel."""
COMPANDING = struct.Struct("<HB")
"""Knee and root_bits of a channel."""
UNIT = struct.Struct("<dd")
"""Unit and offset."""

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Section:
    """A section: its name, its bytes by the fields before it, the same in words, its content."""

    name: str
    size: Callable[[Values], int]
    bytes_text: str
    content: str


def recorded(fields: Values) -> bool:
    """Whether a file has the sections that say what raw readings are."""
    return bool(fields["flags"] & header.RECORDING)


def embedded(fields: Values) -> bool:
    """Whether a file has the sections of an embedding."""
    return bool(fields["flags"] & header.EMBEDDING)


def channels(fields: Values) -> int:
    """Numbers in a sample of a file that has a recording; none of symbols."""
    if fields["flags"] & header.SYMBOL:
        return 0
    return int(fields["input_size"] // max(fields["frame"], 1))


MODEL = (
    Section(
        "signs",
        lambda f: row_bytes(f["hidden_size"], 1),
        "ceil(d / 8)",
        "bit i is 1 where sign i is -1, lowest bit first",
    ),
    Section(
        "input",
        lambda f: f["input_size"] * row_bytes(f["hidden_size"], f["input_weight_bits"]),
        "input_size rows of ceil(d · input_weight_bits / 8)",
        "U transposed: a row for each feature or symbol",
    ),
    Section(
        "output",
        lambda f: f["output_size"] * row_bytes(f["hidden_size"], f["weight_bits"]),
        "output_size rows of ceil(d · weight_bits / 8)",
        "V",
    ),
    Section(
        "bias",
        lambda f: row_bytes(f["hidden_size"], f["bias_bits"] or 16),
        "ceil(d · bias_bits / 8)",
        "B, one row",
    ),
    Section("output_bias", lambda f: 4 * f["output_size"], "4 · output_size", "C, int32"),
    Section(
        "row_multipliers",
        lambda f: 2 * f["output_size"] * bool(f["flags"] & header.ROW_MULTIPLIERS),
        "2 · output_size · (flags // 16 % 2)",
        "M_c, uint16 below 2^15, where flag 16 is set",
    ),
    Section(
        "names",
        lambda f: f["names_bytes"],
        "names_bytes",
        "UTF-8, a line for the model's name, then one for each class",
    ),
    Section("symbols", lambda f: 2 * embedded(f), "2 · (flags // 64)", "uint16: number of symbols"),
    Section(
        "embedding",
        lambda f: row_bytes(f.get("symbols", 0) * f["input_size"], f["input_bits"]),
        "ceil(symbols · input_size · input_bits / 8) · (flags // 64)",
        "E, input_size numbers for each symbol, all without gaps",
    ),
)
"""Of every file, of sizes that the header gives, the last with what is in the one before."""

RECORDING = (
    Section(
        "recording",
        lambda f: header.RECORDING_TABLE.size * recorded(f),
        f"{header.RECORDING_TABLE.size} · (flags // 32 % 2)",
        "the fields below",
    ),
    Section(
        "units",
        lambda f: UNIT.size * f["units"],
        "16 · units",
        "float64 unit and float64 offset: reading = unit · r + offset",
    ),
    Section(
        "unit_of",
        lambda f: channels(f) * (f["units"] > 1),
        "channels · (units > 1)",
        "uint8: which unit a channel has",
    ),
    Section(
        "channels",
        lambda f: CHANNEL.size * channels(f),
        "5 · channels",
        "of each channel int16 Z, uint16 M, uint8 S",
    ),
    Section(
        "companding",
        lambda f: COMPANDING.size * channels(f) * f["companded"],
        "3 · channels · companded",
        "of each channel uint16 K (0: not companded), uint8 f",
    ),
)
"""Of files that say what raw readings are; all but the first have sizes that the first gives."""


def markdown() -> str:
    """The table of all sections, for people."""
    lines = ["| section | bytes | content |", "| --- | --- | --- |"]
    lines += [f"| {s.name} | {s.bytes_text} | {s.content} |" for s in (*MODEL, *RECORDING)]
    lines.append("| checksum | 4 | CRC-32 (that of zip and PNG) of everything before it |")
    return "\n".join(lines) + "\n"

"""The fields of a packed file: each once, packed, unpacked and documented from one table.

The header starts every file; the recording is a section of those that say what raw readings are.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAGIC, VERSION = b"HRNN", 2
SYMBOL, MEAN, PER_STEP, LOGARITHM, ROW_MULTIPLIERS, RECORDING, EMBEDDING = (
    1 << place for place in range(7)
)
"""Bits of the field flags."""
KNOWN_FLAGS = {1: 7, 2: 127}
"""What a file of each version that can be read may set."""


@dataclass(frozen=True)
class Field:
    """One number of the header: its name, its code in ``struct``, what it means."""

    name: str
    code: str
    meaning: str

    @property
    def type_name(self) -> str:
        """The type as C names it, without the _t."""
        names = {"B": "uint8", "H": "uint16", "h": "int16", "I": "uint32", "i": "int32"}
        return {**names, "d": "float64"}.get(self.code, f"char[{self.code[:-1]}]")


class Table:
    """Fields one behind the other, little endian."""

    def __init__(self, *fields: Field) -> None:
        self.fields = fields
        self._struct = struct.Struct("<" + "".join(field.code for field in fields))
        self.size = self._struct.size

    def pack(self, values: Mapping[str, Any]) -> bytes:
        """The bytes of ``values`` by field."""
        return self._struct.pack(*(values[field.name] for field in self.fields))

    def unpack(self, data: bytes) -> dict[str, Any]:
        """The values at the start of ``data``, by field."""
        names = (field.name for field in self.fields)
        return dict(zip(names, self._struct.unpack_from(data), strict=True))

    def markdown(self) -> str:
        """The table of all fields, for people."""
        lines = ["| offset | bytes | type | field | meaning |", "| --- | --- | --- | --- | --- |"]
        offset = 0
        for field in self.fields:
            size = struct.calcsize("<" + field.code)
            cells = (offset, size, field.type_name, field.name, field.meaning)
            lines.append("| " + " | ".join(map(str, cells)) + " |")
            offset += size
        return "\n".join(lines) + "\n"


HEADER = Table(
    Field("magic", "4s", f"`{MAGIC.decode()}`"),
    Field("version", "H", str(VERSION)),
    Field(
        "flags",
        "B",
        "1: the input is a symbol id; 2: the mean is read; 4: an answer at every step; "
        "8 (with 2): its logarithm is read; 16: row multipliers; 32: a recording; "
        "64 (with 1): an embedding",
    ),
    Field("weight_bits", "B", "p, width of V, 2 to 16"),
    Field("input_weight_bits", "B", "p_in, width of U, 2 to 16"),
    Field("activation_bits", "B", "a, width of a state, which lies within ±(2^(a-1) - 1)"),
    Field("input_bits", "B", "width of an input number or of the embedding, 2 to 8"),
    Field("fraction_bits", "B", "F, fraction bits of the accumulator"),
    Field("bias_shift", "B", "the bias is B · 2^bias_shift"),
    Field("sum_shift", "B", "mean: shift of the sums before V; its logarithm: c, log_floor"),
    Field("input_zero_point", "h", "the integer that stands for an input of 0"),
    Field("hidden_size", "H", "d"),
    Field("block_size", "H", "m, a power of two that divides d"),
    Field(
        "input_size",
        "H",
        "features: of an embedding the numbers of a symbol; without one, with flag 1: symbols",
    ),
    Field("output_size", "H", "classes"),
    Field("names_bytes", "H", "length of the section of names"),
    Field("fade", "B", "k of the factor 1 - 2^-k on the state; 0: none"),
    Field("bias_bits", "B", "p_b, width of B, 2 to 15; 0: 16"),
    Field("max_steps", "I", "mean: most steps of a sequence"),
    Field("input_multiplier", "i", "M"),
    Field("length", "I", "bytes of the whole file"),
    Field("input_scale", "d", "input = input_scale · (x - input_zero_point)"),
    Field("state_scale", "d", "state = state_scale · h"),
    Field(
        "logit_scale",
        "d",
        "logit = logit_scale · z; of a mean times 2^sum_shift / steps",
    ),
)
FIELDS = HEADER.fields
SIZE = HEADER.size
"""Bytes of the header."""

RECORDING_TABLE = Table(
    Field("rate_hz", "d", "samples a second; 0: unknown"),
    Field("window", "I", "steps of a window; 0: unknown"),
    Field("hop", "I", "steps from the start of a window to that of the next; 0: unknown"),
    Field("parameters_hash", "8s", "first bytes of the SHA-256 of the parameters; zeros: unknown"),
    Field("data_hash", "8s", "the same of the prepared data's checksums"),
    Field("frame", "H", "samples that a step reads; channels = input_size / frame, 0 of symbols"),
    Field("units", "B", "different pairs of unit and offset, 0 of symbols"),
    Field("companded", "B", "1: the section companding is there"),
    Field("task", "B", "0: outputs are classes, 1: numbers, each logit_scale · logit"),
)


def pack(values: Mapping[str, Any]) -> bytes:
    """The header with ``values`` by field; magic and version are added."""
    return HEADER.pack({**values, "magic": MAGIC, "version": VERSION})


def unpack(data: bytes) -> dict[str, Any]:
    """The values of the header at the start of ``data``, by field."""
    return HEADER.unpack(data)

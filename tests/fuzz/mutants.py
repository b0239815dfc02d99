"""Mutants of packed files: damaged, resealed, and on both sides of what is proven.

Half of them get a right length and checksum, since no mutation finds those by chance. The same
numbers give the same mutants.
"""

import bisect
import random
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from hadamrnn.integer import IntegerModel, header, packed
from hadamrnn.integer.proof import (
    INT32_MAX,
    accumulator_bound,
    input_bounds,
    logit_bound,
    state_limit,
)
from hadamrnn.integer.rows import row_bytes
from tests.random_models import many_models, random_model, recorded

CHECKSUM = packed.CHECKSUM_BYTES


def _fields() -> dict[str, tuple[int, int]]:
    """{name: (offset, bytes)} of the header's fields."""
    places, offset = {}, 0
    for field in header.FIELDS:
        size = struct.calcsize("<" + field.code)
        places[field.name] = offset, size
        offset += size
    return places


FIELDS = _fields()
CHANGED = [place for name, place in FIELDS.items() if name not in ("magic", "length")]
LENGTH_AT = FIELDS["length"][0]
NAMES_AT = FIELDS["names_bytes"][0], FIELDS["names_bytes"][0] + 2
WHOLE = (0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 20, 21, 31, 32, 127, 128, 255, 256, 32767, 32768, 65535)
LARGE = (65536, INT32_MAX, INT32_MAX + 1, (1 << 32) - 1)
SCALES = (0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, 2.2e-308, 1.7e308, *map(float, ("inf", "nan")))
TEXT = (
    b"\n",
    b"\n\n",
    b"\x00",
    b"\x7f",
    b"\x80",
    b"\xbf",
    b"\xc0\x80",
    b"\xc1\xbf",
    b"\xc2\x80",
    b"\xc3\xa9",
    b"\xdf\xbf",
    b"\xe0\x9f\xbf",
    b"\xe0\xa0\x80",
    b"\xed\x9f\xbf",
    b"\xed\xa0\x80",
    b"\xed\xbf\xbf",
    b"\xee\x80\x80",
    b"\xef\xbf\xbf",
    b"\xf0\x8f\xbf\xbf",
    b"\xf0\x90\x80\x80",
    b"\xf4\x8f\xbf\xbf",
    b"\xf4\x90\x80\x80",
    b"\xf5\x80\x80\x80",
    b"\xff",
    b"\xe2\x82",
)
"""Pieces on both sides of every rule of UTF-8."""
FILLERS = (b"\x00", b"\x88", b"\x77", b"\xff", b"\x80", b"\x7f")


def sealed(data: bytes | bytearray) -> bytes:
    """``data`` with its own length and checksum."""
    if len(data) < header.SIZE + CHECKSUM:
        return bytes(data)
    body = data[:LENGTH_AT] + struct.pack("<I", len(data)) + data[LENGTH_AT + 4 : -CHECKSUM]
    return body + struct.pack("<I", zlib.crc32(body))


def below(draw: random.Random, count: int) -> int:
    """A number from 0 to count - 1: faster than randrange, and even enough."""
    return int(draw.random() * count)


def one_of(draw: random.Random, values: Sequence[Any]) -> Any:
    """One of ``values``."""
    return values[below(draw, len(values))]


def put(data: bytearray, at: int, piece: bytes) -> None:
    """Overwrite bytes from ``at`` on; never beyond the end."""
    data[at : at + len(piece)] = piece[: len(data) - at]


def edges(model: IntegerModel) -> list[tuple[int, bytes]]:
    """(offset, bytes) of fields at the largest value that the proofs allow, and one on each side.

    Of the multiplier, of max_steps, and of the first class's bias.
    """
    bounds = input_bounds(model.input_weight, model.one_hot, model.input_bits)

    def reached(multiplier: int) -> int:
        return accumulator_bound(
            model.block_size,
            model.activation_bits,
            model.fraction_bits,
            bounds,
            multiplier,
            model.bias,
            model.bias_shift,
            model.fade,
        )

    numbers = {
        FIELDS["input_multiplier"][0]: bisect.bisect_right(
            range(1, INT32_MAX + 1), INT32_MAX, key=reached
        )
    }
    if model.readout != "last":
        most = state_limit(model.activation_bits) + model.log_floor
        numbers[FIELDS["max_steps"][0]] = ((1 << 32) - 1) // most
    before = ("signs", "input", "output", "bias")
    parts = packed.sections(model)
    bias_at = header.SIZE + sum(len(parts[name]) for name in before)
    readout = (model.readout, model.activation_bits, model.max_steps, model.sum_shift)
    numbers[bias_at] = INT32_MAX - logit_bound(model.output_weight[:1], [0], *readout)
    return [
        (offset, struct.pack("<I", (number + step) & 0xFFFFFFFF))
        for offset, number in numbers.items()
        for step in (-1, 0, 1)
    ]


class Mutants:
    """An endless supply of batches.

    Parameters
    ----------
    seed : int
        Of the random numbers.

    Attributes
    ----------
    seeds : list of bytes
        Intact files of small models of every kind, some with names that are not ASCII.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        rng = np.random.default_rng(seed)
        models = [model for model in many_models(seed) if model.hidden_size <= 64]
        names = ("a", "é", "名", "🙂")
        models += [
            random_model(rng, q=1, input_size=40, readout="mean", max_steps=2),
            random_model(rng, block_size=64, q=3, input_size=17, bits=2),
            random_model(rng, block_size=128, q=1, class_names=names, name="größe"),
            random_model(rng, block_size=2, q=1, kind="symbol", class_names=names, name="\u0800"),
            random_model(rng, block_size=1, q=5, activation_bits=16),
            random_model(rng, block_size=64, q=1, readout="log_mean", fade=3, multiplied=True),
            random_model(rng, block_size=32, q=2, fade=7, bias_bits=2, kind="symbol"),
        ]
        models += [recorded(rng, model) for model in models[:: len(models) // 12]]
        self.seeds = [packed.to_bytes(model) for model in models]
        self.edges = [edges(model) for model in models]

    def batch(self, number: int, count: int) -> list[bytes]:
        """``count`` mutants, the same ones for the same number; a seed itself now and then."""
        draw = random.Random(f"{self.seed} {number}")  # a scalar costs a tenth of NumPy's
        return [
            self._grown(draw) if draw.random() < 1 / 16 else self._changed(draw)
            for _ in range(count)
        ]

    def _changed(self, draw: random.Random) -> bytes:
        """A seed with none to six changes."""
        index = below(draw, len(self.seeds))
        data = bytearray(self.seeds[index])
        for _ in range(below(draw, 7)):
            self._change(draw, data, index)
        cut = draw.random()
        if cut < 1 / 32:
            del data[below(draw, len(data)) :]
        elif cut < 1 / 16:
            data += draw.randbytes(1 + below(draw, 40))
        return sealed(data) if draw.random() < 0.5 else bytes(data)

    def _change(self, draw: random.Random, data: bytearray, index: int) -> None:
        """One change of one file, in place."""
        kind = below(draw, 10)
        if kind <= 2:  # a bit, anywhere or in the header
            data[below(draw, header.SIZE if kind else len(data))] ^= 1 << below(draw, 8)
        elif kind == 3:  # a byte
            data[below(draw, len(data))] = below(draw, 256)
        elif kind == 4:  # a piece of text among the names
            length = int.from_bytes(self.seeds[index][slice(*NAMES_AT)], "little")
            piece = one_of(draw, TEXT)
            at = max(header.SIZE, len(data) - CHECKSUM - max(1 + below(draw, length), len(piece)))
            put(data, at, piece)
        elif kind == 5:  # a field on the edge of what is proven
            put(data, *one_of(draw, self.edges[index]))
        elif kind == 6:  # extreme weights
            at = header.SIZE + below(draw, len(data) - header.SIZE)
            put(data, at, one_of(draw, FILLERS) * (1 + below(draw, 64)))
        else:
            offset, size = one_of(draw, CHANGED)
            put(data, offset, self._field(draw, data[offset : offset + size], offset, kind))

    def _field(self, draw: random.Random, now: bytes, offset: int, kind: int) -> bytes:
        """Another value of a header's field."""
        size = len(now)
        if kind == 7:  # that of another model
            return one_of(draw, self.seeds)[offset : offset + size]
        if size == 8:
            return struct.pack("<d", one_of(draw, SCALES))
        value = int.from_bytes(now, "little")  # a special value, or one beside what is there
        if kind == 8:
            value = one_of(draw, WHOLE + LARGE if size == 4 else WHOLE)
        return ((value + below(draw, 3) - 1) % (1 << 8 * size)).to_bytes(size, "little")

    def _grown(self, draw: random.Random) -> bytes:
        """A file of a random shape whose sections fill it, sealed."""

        def pick(low: int, high: int) -> int:
            return low + below(draw, high - low + 1)

        def integers(count: int, limit: int, size: int) -> bytes:
            values = (pick(-limit, limit - 1) for _ in range(count))
            return b"".join(value.to_bytes(size, "little", signed=True) for value in values)

        block = (1 << pick(0, 6)) if draw.random() < 0.9 else pick(0, 70)
        d = block * pick(1, 2) if draw.random() < 0.9 else pick(1, 70)
        features, classes = pick(1, 9), pick(1, 9)
        bits, input_bits = (4, 4) if draw.random() < 0.5 else (pick(1, 17), pick(1, 17))
        mean, logarithm = draw.random() < 0.5, draw.random() < 0.5
        version = 1 + (draw.random() < 0.9)
        late, rows_too = version == 2 and draw.random() < 0.5, version == 2 and pick(0, 1)
        flags = 2 * mean + pick(0, 1) + 4 * (not mean and pick(0, 1))
        flags += 8 * (mean and logarithm and version == 2) + 16 * rows_too
        bias_bits = pick(2, 15) if late else 0
        names = b"\n".join([b"n"] + [b"c"] * (classes if draw.random() < 0.8 else pick(0, 9)))
        values = {
            "flags": flags,
            "weight_bits": bits,
            "input_weight_bits": input_bits,
            "activation_bits": pick(2, 16),
            "input_bits": pick(2, 8),
            "fraction_bits": pick(1, 20),
            "bias_shift": pick(0, 16) if draw.random() < 0.9 else pick(0, 27),
            "sum_shift": pick(0, 4) if mean else 0,
            "input_zero_point": pick(-128, 127),
            "hidden_size": d,
            "block_size": block,
            "input_size": features,
            "output_size": classes,
            "names_bytes": len(names),
            "fade": pick(0, 6) if late else 0,
            "bias_bits": bias_bits,
            "max_steps": 1 << pick(0, 31) if mean else 1,
            "input_multiplier": 1 << pick(0, 30),
            "length": 0,
            **dict.fromkeys(("input_scale", "state_scale", "logit_scale"), 0.1),
        }
        rows = features * row_bytes(d, input_bits) + classes * row_bytes(d, bits)
        body = draw.randbytes(row_bytes(d, 1) + rows)
        if bias_bits:
            body += draw.randbytes(row_bytes(d, bias_bits))
        else:
            body += integers(d, 1 << pick(0, 15), 2)
        body += integers(classes, 1 << pick(0, 31), 4)
        if rows_too:
            most = 0x7FFF if draw.random() < 0.8 else 0xFFFF
            body += b"".join(pick(0, most).to_bytes(2, "little") for _ in range(classes))
        data = bytearray(header.pack(values) + body + names + bytes(CHECKSUM))
        data[FIELDS["version"][0]] = version
        return sealed(data)

"""Packed files of whole models in the shapes for which the C runtime has loops of their own.

Random mutants are small; states in whole groups of 64, thousands of features and bounds that only
many weights reach take these.
"""

import struct
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from hadamrnn.integer import header, packed, packed_recording
from tests.fuzz.mutants import CHECKSUM, FIELDS, sealed
from tests.random_models import many_models, random_model, recorded
from tests.runtime.test_c_runtime import SHAPES, saturating_models, shaped

LOOPS = (
    # Groups of 8 that are none of 32: weights in words, and two at a time.
    *({"block_size": 8, "q": q, "activation_bits": 8} for q in (1, 3, 5, 7)),
    {"block_size": 8, "q": 5, "bits": 3, "activation_bits": 8},
    {"block_size": 8, "q": 5, "bits": 2, "activation_bits": 8},
    # The vectors: one number a block, more features than fit 16 bits, shifts and fades that end
    # the form in 16 bits, transforms that begin with 32.
    {"block_size": 1, "q": 64, "activation_bits": 12},
    {"block_size": 1, "q": 32, "activation_bits": 12, "kind": "symbol"},
    {"block_size": 64, "bits": 3, "input_size": 300},
    {"block_size": 64, "bits": 4, "input_size": 300},
    {"block_size": 64, "bits": 4, "bias_shift": 15},
    {"block_size": 64, "bits": 4, "fade": 2, "activation_bits": 8},
    {"block_size": 32, "q": 2, "bits": 4, "fade": 2, "activation_bits": 8},
    {"block_size": 64, "fade": 2, "readout": "mean", "max_steps": 1 << 18},
    {"block_size": 128, "fade": 3, "activation_bits": 14, "bits": 5},
    {"block_size": 8, "q": 8, "activation_bits": 14},
    {"block_size": 16, "q": 4, "activation_bits": 13},
    {"block_size": 16, "q": 4, "activation_bits": 13, "fade": 2},
    {"block_size": 16, "q": 4, "activation_bits": 12, "fade": 2},
    {"block_size": 8, "q": 8, "activation_bits": 12, "fade": 2},
    # int of 16 bits: products of all features within them, a symbol's weights in batches, groups
    # beyond a byte, sums beyond three.
    {"block_size": 8, "input_size": 300, "input_bits": 2, "activation_bits": 8},
    {"block_size": 8, "q": 5, "kind": "symbol", "bits": 6, "activation_bits": 8},
    {"block_size": 2048, "q": 2, "activation_bits": 4, "input_size": 1},
    {"block_size": 8, "q": 5, "activation_bits": 16, "readout": "mean", "max_steps": 1 << 12},
)
"""What each loop needs; the other numbers are random_model's own."""


def changed(data: bytes, **fields: int) -> bytes:
    """``data`` with other numbers in its header, sealed."""
    changed = bytearray(data)
    for name, value in fields.items():
        offset, size = FIELDS[name]
        changed[offset : offset + size] = value.to_bytes(size, "little")
    return sealed(changed)


def unproven() -> Iterator[bytes]:
    """Files whose proofs fail where small models cannot bring them."""
    rng = np.random.default_rng(0)
    odd = random_model(rng, block_size=512, q=1, activation_bits=8)
    yield changed(packed.to_bytes(odd), activation_bits=16)  # a transform beyond 32-bit code
    fields = {"flags": 0, "input_weight_bits": 16, "input_bits": 8, "input_size": 600}
    fields |= {"weight_bits": 2, "activation_bits": 2, "fraction_bits": 1, "hidden_size": 1}
    fields |= {"block_size": 1, "output_size": 1, "max_steps": 1, "input_multiplier": 1}
    fields |= {"version": 2, "names_bytes": 1, "bias_bits": 0}
    body = bytearray(header.SIZE) + b"\x00" + 600 * b"\x00\x80" + b"\x00" + b"\x00\x00"
    body[:4] = b"HRNN"
    body[40 : header.SIZE] = struct.pack("<3d", 1, 1, 1)
    yield changed(bytes(body) + bytes(4) + b"n" + bytes(4), **fields)  # products beyond 32 bits


def wrong() -> Iterator[bytes]:
    """Files with one field that is wrong, which few mutants have alone."""
    rng = np.random.default_rng(1)
    model = recorded(rng, random_model(rng, input_size=6))
    assert model.recording is not None and len(model.recording.units) > 1
    data = packed.to_bytes(model)
    for name in ("hidden_size", "input_size", "output_size", "max_steps", "input_multiplier"):
        yield changed(data, **{name: 0})
    plain = packed.to_bytes(random_model(rng))
    yield changed(plain, version=1, fade=1)
    yield changed(plain, version=1, bias_bits=5)
    parts = packed_recording.sections(model.recording)
    at = data.rindex(b"".join(parts.values())) + len(parts["recording"])
    for offset, piece in (
        (0, struct.pack("<d", 0)),
        (0, struct.pack("<d", np.nan)),
        (8, struct.pack("<d", np.inf)),
        (len(parts["units"]), bytes([len(model.recording.units)])),
        (len(parts["units"] + parts["unit_of"]) + 2, bytes(2)),  # a multiplier
        (len(parts["units"] + parts["unit_of"]) + 4, bytes(1)),  # a shift
    ):
        yield sealed(data[: at + offset] + piece + data[at + offset + len(piece) :])


def embeddings(rng: np.random.Generator) -> Iterator[bytes]:
    """Files with embeddings, and some whose sections of them are wrong in one way each."""
    for bits in (2, 3, 5, 8):
        yield packed.to_bytes(random_model(rng, kind="embedding", input_bits=bits))
    data = packed.to_bytes(random_model(rng, kind="embedding"))
    at = FIELDS["flags"][0]
    yield changed(data, flags=data[at] - header.SYMBOL)
    yield changed(data, input_bits=9)
    yield sealed(data[:-1])
    symbols = packed.to_bytes(random_model(rng, kind="symbol"))
    yield changed(symbols, flags=symbols[at] + header.EMBEDDING)  # with nothing behind the names
    model = random_model(
        rng, kind="embedding", input_size=1, input_bits=2, embedding=np.ones((1, 1), int)
    )
    data = packed.to_bytes(model)
    symbols_at = len(data) - CHECKSUM - 3
    yield sealed(data[:symbols_at] + b"\0\0" + bytes(CHECKSUM))  # no symbol at all
    wide = random_model(rng, block_size=1, q=1, bits=2, classes=1, input_size=1)
    data = packed.to_bytes(replace(wide, input_weight=np.zeros((1, 4097), int)))
    more = changed(data[:-CHECKSUM] + b"\1\0" + bytes(4097) + bytes(CHECKSUM), input_bits=8)
    yield changed(more, flags=header.SYMBOL + header.EMBEDDING)


def shapes() -> Iterator[bytes]:
    """Sealed files."""
    rng = np.random.default_rng(5)
    yield from map(packed.to_bytes, many_models(5))
    for shape in SHAPES:
        model = shaped(rng, shape)
        for multiplier in {model.input_multiplier, min(model.input_multiplier, 29999)}:
            yield packed.to_bytes(replace(model, input_multiplier=multiplier))
    yield from map(packed.to_bytes, saturating_models(rng))
    for fields in LOOPS:
        yield packed.to_bytes(random_model(rng, **{"q": 1, **fields}))
    for _ in range(8):
        yield packed.to_bytes(recorded(rng, random_model(rng, input_size=6)))
    yield packed.to_bytes(replace(random_model(rng, readout="mean"), sum_shift=16))  # nothing left
    yield from embeddings(rng)
    yield from unproven()
    yield from wrong()

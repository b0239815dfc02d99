r"""The packed format ``.hrnn``: one integer model in as few bytes as its numbers need.

A file is a header of 64 bytes, the sections, and a CRC-32 of all that precedes it, little endian:

| section | bytes | content |
| --- | --- | --- |
| signs | ceil(d / 8) | bit i is 1 when sign i is -1, lowest bit first |
| input | d_in rows of ceil(d p_in / 8) | U transposed: a row for each feature or symbol |
| output | classes rows of ceil(d p / 8) | V |
| bias | 2 d | B, int16 |
| output_bias | 4 classes | C, int32 |
| names | as given in the header | UTF-8, a line for the model's name, then one for each class |

Weights are p-bit two's complement, packed lowest bit first; every row starts on a byte.
The C reader (runtime/hadamrnn_load.c) uses the sections in place.

>>> pack_rows(np.array([[1, -1, 7]]), 4).hex()
'f107'
>>> unpack_rows(bytes.fromhex("f107"), 1, 3, 4).tolist()
[[1, -1, 7]]
"""

import os
import struct
import zlib
from pathlib import Path

import numpy as np

from hadamrnn import files
from hadamrnn.errors import HadamrnnError
from hadamrnn.integer.model import IntegerModel

MAGIC, VERSION = b"HRNN", 1
HEADER = struct.Struct("<4sHBBBBBBBBhHHHHHHIiIddd")
LENGTH, LENGTH_AT = struct.Struct("<I"), 36  # the header's own field of the file's length
CHECKSUM_BYTES = 4
SYMBOL, MEAN, PER_STEP = 1, 2, 4  # flags
ROWS_AT_ONCE = 256


def row_bytes(length, bits):
    """Bytes of one packed row of ``length`` weights."""
    return (length * bits + 7) // 8


def pack_rows(values, bits):
    """(rows, n) integers of ``bits`` bits, two's complement -> bytes, each row on its own byte."""
    values = np.asarray(values, dtype=np.int64)
    out = []
    for start in range(0, len(values), ROWS_AT_ONCE):  # bounds the memory of large tables
        block = values[start : start + ROWS_AT_ONCE]
        split = (block[..., None] >> np.arange(bits)) & 1
        flat = split.reshape(len(block), -1).astype(np.uint8)
        out.append(np.packbits(flat, axis=1, bitorder="little").tobytes())
    return b"".join(out)


def unpack_rows(data, rows, length, bits):
    """The inverse of ``pack_rows``: (rows, length) int16."""
    packed = np.frombuffer(data, dtype=np.uint8).reshape(rows, row_bytes(length, bits))
    place = 1 << np.arange(bits, dtype=np.int32)
    place[-1] *= -1
    out = np.empty((rows, length), dtype=np.int16)
    for start in range(0, rows, ROWS_AT_ONCE):
        block = packed[start : start + ROWS_AT_ONCE]
        split = np.unpackbits(block, axis=1, bitorder="little", count=length * bits)
        out[start : start + len(block)] = split.reshape(len(block), length, bits) @ place
    return out


def sections(model):
    """The packed bytes of each section, in file order: {name: bytes}."""
    text = "\n".join((model.name, *model.class_names)).encode()
    return {
        "signs": np.packbits(model.signs < 0, bitorder="little").tobytes(),
        "input": pack_rows(model.input_weight.T, model.input_weight_bits),
        "output": pack_rows(model.output_weight, model.weight_bits),
        "bias": model.bias.astype("<i2").tobytes(),
        "output_bias": model.output_bias.astype("<i4").tobytes(),
        "names": text,
    }


def to_bytes(model):
    """The whole file of an IntegerModel."""
    parts = sections(model)
    body = b"".join(parts.values())
    if len(parts["names"]) > 0xFFFF:
        raise HadamrnnError(
            f"class_names: must take at most 65535 bytes; got {len(parts['names'])}"
        )
    flags = (
        SYMBOL * (model.input_kind == "symbol")
        | MEAN * (model.readout == "mean")
        | PER_STEP * bool(model.per_step)
    )
    header = HEADER.pack(
        MAGIC,
        VERSION,
        flags,
        model.weight_bits,
        model.input_weight_bits,
        model.activation_bits,
        model.input_bits,
        model.fraction_bits,
        model.bias_shift,
        model.sum_shift,
        model.input_zero_point,
        model.hidden_size,
        model.block_size,
        model.input_size,
        model.output_size,
        len(parts["names"]),
        0,
        model.max_steps,
        model.input_multiplier,
        HEADER.size + len(body) + CHECKSUM_BYTES,
        model.input_scale,
        model.state_scale,
        model.logit_scale,
    )
    checked = header + body
    return checked + struct.pack("<I", zlib.crc32(checked))


def write(model, path):
    """Write an IntegerModel to ``path``, all at once or not at all."""
    files.write_bytes(path, to_bytes(model))


def read(path):
    """The IntegerModel in the file ``path``; HadamrnnError unless it is intact and proven."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            data = file.read(HEADER.size)
            if data[: len(MAGIC)] == MAGIC and len(data) == HEADER.size:
                length = LENGTH.unpack_from(data, LENGTH_AT)[0]
                there = os.fstat(file.fileno()).st_size or length  # a pipe has no size
                data += file.read(max(0, min(length, there) - HEADER.size) + 1)  # no more
    except OSError as error:
        raise HadamrnnError(f"{path}: must be a readable file; got {error.strerror}") from error
    except (ValueError, MemoryError) as error:  # a null byte in the name; more than fits
        raise HadamrnnError(f"{str(path)!r}: must be a readable file; got {error}") from error
    benchmark = path.absolute().parent.name or "<benchmark>"
    return from_bytes(data, place=str(path), hint=f"dvc repro export@{benchmark}")


def from_bytes(data, place="packed model", hint="dvc repro export@<benchmark>"):
    """The IntegerModel in the bytes of a file.

    place, hint : how errors name the file, and what to run to get a good one.
    Raises HadamrnnError for a wrong magic, version, length or checksum, a field out of range, or
    a width that cannot be proven again.
    """
    if data[:4] != MAGIC:
        raise HadamrnnError(
            f"{place}: must start with {MAGIC!r}, the mark of a packed model; "
            f"got {bytes(data[:4])!r}"
        )
    if len(data) < HEADER.size + CHECKSUM_BYTES:
        raise HadamrnnError(
            f"{place}: is shorter than a header; got {len(data)} bytes, run: {hint}"
        )
    (
        _,
        version,
        flags,
        weight_bits,
        input_weight_bits,
        activation_bits,
        input_bits,
        fraction_bits,
        bias_shift,
        sum_shift,
        zero_point,
        d,
        block_size,
        d_in,
        classes,
        names_bytes,
        reserved,
        max_steps,
        multiplier,
        length,
        input_scale,
        state_scale,
        logit_scale,
    ) = HEADER.unpack_from(data)
    if version != VERSION:
        raise HadamrnnError(
            f"{place}: packed format version {version}, this reader needs {VERSION}; run: {hint}"
        )
    if length != len(data):
        raise HadamrnnError(f"{place}: must hold {length} bytes; got {len(data)}, run: {hint}")
    if zlib.crc32(data[:-CHECKSUM_BYTES]) != struct.unpack("<I", data[-CHECKSUM_BYTES:])[0]:
        raise HadamrnnError(f"{place}: is damaged, its checksum does not match; run: {hint}")
    if flags & ~7 or reserved or not 2 <= weight_bits <= 16 or not 2 <= input_weight_bits <= 16:
        raise HadamrnnError(
            f"{place}: flags or weight bits are out of range; got flags={flags}, "
            f"reserved={reserved}, bits={weight_bits} and {input_weight_bits}"
        )
    sizes = (
        row_bytes(d, 1),
        d_in * row_bytes(d, input_weight_bits),
        classes * row_bytes(d, weight_bits),
        2 * d,
        4 * classes,
        names_bytes,
    )
    if HEADER.size + sum(sizes) + CHECKSUM_BYTES != length or 0 in sizes[:5]:
        raise HadamrnnError(
            f"{place}: its sections of {sizes} bytes must fill the file; got {length} bytes"
        )
    parts, position = [], HEADER.size
    for size in sizes:
        parts.append(data[position : position + size])
        position += size
    signs, input_rows, output_rows, bias, output_bias, text = parts
    negative = np.unpackbits(np.frombuffer(signs, dtype=np.uint8), bitorder="little", count=d)
    try:
        name, *class_names = text.decode().split("\n")
        return IntegerModel(
            name=name,
            class_names=tuple(class_names),
            block_size=block_size,
            input_kind="symbol" if flags & SYMBOL else "dense",
            readout="mean" if flags & MEAN else "last",
            per_step=bool(flags & PER_STEP),
            weight_bits=weight_bits,
            input_weight_bits=input_weight_bits,
            activation_bits=activation_bits,
            input_bits=input_bits,
            fraction_bits=fraction_bits,
            bias_shift=bias_shift,
            input_multiplier=multiplier,
            sum_shift=sum_shift,
            max_steps=max_steps,
            input_scale=input_scale,
            input_zero_point=zero_point,
            state_scale=state_scale,
            logit_scale=logit_scale,
            signs=1 - 2 * negative.astype(np.int8),
            input_weight=unpack_rows(input_rows, d_in, d, input_weight_bits).T,
            bias=np.frombuffer(bias, dtype="<i2"),
            output_weight=unpack_rows(output_rows, classes, d, weight_bits),
            output_bias=np.frombuffer(output_bias, dtype="<i4"),
        )
    except UnicodeDecodeError as error:
        raise HadamrnnError(f"{place}: its names must be UTF-8; got {error.object!r}") from error
    except HadamrnnError as error:
        raise HadamrnnError(f"{place}: {error}") from error

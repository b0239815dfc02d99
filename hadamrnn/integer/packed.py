r"""The packed format ``.hrnn``: one integer model in as few bytes as its numbers need.

A file is a header of 64 bytes (``header.HEADER``), the sections (``sections.MODEL`` and
``sections.RECORDING``), and a CRC-32 of all that precedes it, little endian.

Weights are p-bit two's complement, packed lowest bit first; every row starts on a byte. Files of
version 1 are read too: they have none of the parts that came with version 2.
The C reader (runtime/hadamrnn_load.c) uses the sections in place.
"""

import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from hadamrnn import files
from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import header, packed_recording
from hadamrnn.integer import sections as table
from hadamrnn.integer.model import IntegerModel
from hadamrnn.integer.rows import pack_rows, pack_run, unpack_rows, unpack_run

CHECKSUM_BYTES = 4
AS_THEY_ARE = (
    "block_size",
    "weight_bits",
    "input_weight_bits",
    "activation_bits",
    "input_bits",
    "fraction_bits",
    "bias_shift",
    "input_multiplier",
    "max_steps",
    "fade",
    "input_scale",
    "input_zero_point",
    "state_scale",
    "logit_scale",
)
"""Fields of the header that are fields of the model too."""
SYMBOLS = struct.Struct("<H")
NEVER_EMPTY = ("signs", "input", "output", "bias", "output_bias")
ANY_BENCHMARK = "dvc repro export@<benchmark>"


def sections(model: IntegerModel) -> dict[str, bytes]:
    """The packed bytes of each section of a file, by name and in file order; some may be empty."""
    multipliers = model.row_multipliers
    text = "\n".join((model.name, *model.class_names)).encode()
    parts = {
        "signs": np.packbits(model.signs < 0, bitorder="little").tobytes(),
        "input": pack_rows(model.input_weight.T, model.input_weight_bits),
        "output": pack_rows(model.output_weight, model.weight_bits),
        "bias": pack_rows(model.bias[None], model.bias_bits),
        "output_bias": model.output_bias.astype("<i4").tobytes(),
        "row_multipliers": b"" if multipliers is None else multipliers.astype("<u2").tobytes(),
        "names": text,
        "symbols": b"",
        "embedding": b"",
    }
    if model.embedding is not None:
        parts["symbols"] = SYMBOLS.pack(model.input_size)
        parts["embedding"] = pack_run(model.embedding, model.input_bits)
    if model.recording is None:
        return parts | {section.name: b"" for section in table.RECORDING}
    return parts | packed_recording.sections(model.recording)


def _flags(model: IntegerModel) -> int:
    return (
        header.SYMBOL * (model.input_kind == "symbol")
        | header.MEAN * (model.readout != "last")
        | header.PER_STEP * bool(model.per_step)
        | header.LOGARITHM * (model.readout == "log_mean")
        | header.ROW_MULTIPLIERS * (model.row_multipliers is not None)
        | header.RECORDING * (model.recording is not None)
        | header.EMBEDDING * (model.embedding is not None)
    )


def to_bytes(model: IntegerModel) -> bytes:
    """The whole file of an IntegerModel."""
    parts = sections(model)
    body = b"".join(parts.values())
    if len(parts["names"]) > 0xFFFF:
        raise HadamrnnError(
            f"class_names: must take at most 65535 bytes; got {len(parts['names'])}"
        )
    values = {field.name: getattr(model, field.name, None) for field in header.FIELDS}
    values |= {
        "flags": _flags(model),
        "input_size": model.features,
        "sum_shift": model.sum_shift or model.log_floor,
        "bias_bits": model.bias_bits % 16,
        "names_bytes": len(parts["names"]),
        "length": header.SIZE + len(body) + CHECKSUM_BYTES,
    }
    checked = header.pack(values) + body
    return checked + struct.pack("<I", zlib.crc32(checked))


def write(model: IntegerModel, path: str | Path) -> None:
    """Write an IntegerModel to ``path``, all at once or not at all."""
    files.write_bytes(path, to_bytes(model))


def read(path: str | Path) -> IntegerModel:
    """Read a packed model, run by NumPy; ``hadamrnn.integer.load`` chooses what runs it.

    Parameters
    ----------
    path : str or Path
        A file of format 1 or 2.

    Returns
    -------
    IntegerModel
        Intact and proven.

    Raises
    ------
    HadamrnnError
        For anything else, naming the file and the rule.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            data = file.read(header.SIZE)
            if data[: len(header.MAGIC)] == header.MAGIC and len(data) == header.SIZE:
                length = header.unpack(data)["length"]
                there = os.fstat(file.fileno()).st_size or length  # a pipe has no size
                data += file.read(max(0, min(length, there) - header.SIZE) + 1)  # no more
    except OSError as error:
        raise HadamrnnError(f"{path}: must be a readable file; got {error.strerror}") from error
    except (ValueError, MemoryError) as error:  # a null byte in the name; more than fits
        raise HadamrnnError(f"{str(path)!r}: must be a readable file; got {error}") from error
    benchmark = path.absolute().parent.name or "<benchmark>"
    return from_bytes(data, place=str(path), hint=f"dvc repro export@{benchmark}")


def _checked_header(data: bytes, place: str, hint: str) -> dict[str, Any]:
    """The fields of an undamaged file."""
    if data[:4] != header.MAGIC:
        raise HadamrnnError(
            f"{place}: must start with {header.MAGIC!r}, the mark of a packed model; "
            f"got {bytes(data[:4])!r}"
        )
    if len(data) < header.SIZE + CHECKSUM_BYTES:
        raise HadamrnnError(
            f"{place}: is shorter than a header; got {len(data)} bytes, run: {hint}"
        )
    fields = header.unpack(data)
    version, length = fields["version"], fields["length"]
    if version not in header.KNOWN_FLAGS:
        raise HadamrnnError(
            f"{place}: packed format version {version}, this reader needs "
            f"{header.VERSION} or older; run: {hint}"
        )
    if length != len(data):
        raise HadamrnnError(f"{place}: must hold {length} bytes; got {len(data)}, run: {hint}")
    if zlib.crc32(data[:-CHECKSUM_BYTES]) != struct.unpack("<I", data[-CHECKSUM_BYTES:])[0]:
        raise HadamrnnError(f"{place}: is damaged, its checksum does not match; run: {hint}")
    flags, bits = fields["flags"], (fields["weight_bits"], fields["input_weight_bits"])
    late = fields["fade"], fields["bias_bits"]
    if (
        flags & ~header.KNOWN_FLAGS[version]
        or (version == 1 and any(late))
        or flags & (header.LOGARITHM | header.MEAN) == header.LOGARITHM
        or flags & (header.EMBEDDING | header.SYMBOL) == header.EMBEDDING
        or not 2 <= fields["input_bits"] <= 8
        or late[1] not in (0, *range(2, 16))
        or not all(2 <= width <= 16 for width in bits)
    ):
        raise HadamrnnError(
            f"{place}: flags or widths are out of range; got flags={flags}, fade={late[0]}, "
            f"bias_bits={late[1]}, bits={bits[0]} and {bits[1]}"
        )
    return fields


def _parts(data: bytes, fields: dict[str, Any], place: str) -> dict[str, bytes]:
    """The bytes of each section; together they must fill the file.

    What the recording says is added to ``fields``.
    """
    parts, position, end = {}, header.SIZE, len(data) - CHECKSUM_BYTES
    for section in (*table.MODEL, *table.RECORDING * table.recorded(fields)):
        size = section.size(fields)
        if position + size > end or not size and section.name in NEVER_EMPTY:
            raise HadamrnnError(
                f"{place}: its sections must fill the file of {len(data)} bytes; got {size} bytes "
                f"of {section.name} from byte {position}"
            )
        parts[section.name] = data[position : position + size]
        position += size
        if section.name == "symbols" and size:
            (fields["symbols"],) = SYMBOLS.unpack(parts["symbols"])
        if section.name == "recording":
            fields |= header.RECORDING_TABLE.unpack(parts["recording"])
            packed_recording.check_sizes(fields, place)
    if position != end:
        raise HadamrnnError(
            f"{place}: its sections must fill the file of {len(data)} bytes; got {position} and a "
            f"checksum"
        )
    return parts


def _embedding(data: bytes, fields: dict[str, Any]) -> Any:
    """E, (symbols, d_in), None where the file has none."""
    if not fields["flags"] & header.EMBEDDING:
        return None
    shape = fields["symbols"], fields["input_size"]
    return unpack_run(data, shape[0] * shape[1], fields["input_bits"]).reshape(shape)


def from_bytes(data: bytes, place: str = "packed model", hint: str = ANY_BENCHMARK) -> IntegerModel:
    """The IntegerModel in the bytes of a file.

    Parameters
    ----------
    data : bytes
        The whole file.
    place : str
        How errors name the file.
    hint : str
        What to run to get a good one.

    Returns
    -------
    IntegerModel
        Intact and proven.

    Raises
    ------
    HadamrnnError
        For a wrong magic, version, length or checksum, a field out of range, or a width that
        cannot be proven again.
    """
    fields = _checked_header(data, place, hint)
    parts = _parts(data, fields, place)
    d, flags = fields["hidden_size"], fields["flags"]
    negative = np.unpackbits(
        np.frombuffer(parts["signs"], dtype=np.uint8), bitorder="little", count=d
    )
    bias_bits = fields["bias_bits"] or 16
    logarithm = bool(flags & header.LOGARITHM)
    try:
        name, *class_names = parts["names"].decode().split("\n")
        return IntegerModel(
            **{key: fields[key] for key in AS_THEY_ARE},
            name=name,
            class_names=tuple(class_names),
            input_kind="symbol" if flags & header.SYMBOL else "dense",
            readout="log_mean" if logarithm else "mean" if flags & header.MEAN else "last",
            per_step=bool(flags & header.PER_STEP),
            bias_bits=bias_bits,
            sum_shift=0 if logarithm else fields["sum_shift"],
            log_floor=fields["sum_shift"] if logarithm else 0,
            signs=1 - 2 * negative.astype(np.int8),
            input_weight=unpack_rows(
                parts["input"], fields["input_size"], d, fields["input_weight_bits"]
            ).T,
            bias=unpack_rows(parts["bias"], 1, d, bias_bits)[0],
            output_weight=unpack_rows(
                parts["output"], fields["output_size"], d, fields["weight_bits"]
            ),
            output_bias=np.frombuffer(parts["output_bias"], dtype="<i4"),
            row_multipliers=np.frombuffer(parts["row_multipliers"], dtype="<u2")
            if parts["row_multipliers"]
            else None,
            recording=packed_recording.read(parts, fields, place),
            embedding=_embedding(parts["embedding"], fields),
        )
    except UnicodeDecodeError as error:
        raise HadamrnnError(f"{place}: its names must be UTF-8; got {error.object!r}") from error
    except HadamrnnError as error:
        raise HadamrnnError(f"{place}: {error}") from error

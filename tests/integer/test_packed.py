"""The packed format: exact round trips, and no answer from a damaged file."""

import struct
import zlib

import numpy as np
import pytest

from hadamrnn import integer
from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import header, packed, rows
from hadamrnn.integer.recording import Recording
from tests.random_models import many_models, random_model


def resealed(data):
    """``data`` with its checksum made right again."""
    return data[:-4] + struct.pack("<I", zlib.crc32(data[:-4]))


def changed(data, offset, fmt, value):
    """``data`` with one header field replaced, resealed."""
    size = struct.calcsize(fmt)
    return resealed(data[:offset] + struct.pack(fmt, value) + data[offset + size :])


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return packed.to_bytes(random_model(rng, class_names=("sit", "stand", "walk", "höher")))


@pytest.mark.parametrize("bits", range(2, 17))
def test_rows_round_trip(bits):
    rng = np.random.default_rng(bits)
    for length in (1, 2, 3, 8, 17):
        values = rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), (300, length))
        data = rows.pack_rows(values, bits)
        assert len(data) == 300 * rows.row_bytes(length, bits)
        assert (rows.unpack_rows(data, 300, length, bits) == values).all()


def same(first, second):
    """Whether two fields of a model are equal; a recording is if all its fields are."""
    if isinstance(first, Recording):
        return all(np.array_equal(vars(first)[key], value) for key, value in vars(second).items())
    return np.array_equal(first, second)


def test_files_round_trip(tmp_path):
    for model in many_models():
        packed.write(model, tmp_path / "model.hrnn")
        again = integer.load(tmp_path / "model.hrnn")
        for field, value in vars(model).items():
            assert same(getattr(again, field), value), field
        assert packed.to_bytes(again) == (tmp_path / "model.hrnn").read_bytes()


def test_a_model_of_1024_states_takes_less_than_8000_bytes():
    digits = tuple("0123456789")
    model = random_model(
        np.random.default_rng(0),
        block_size=1024,
        q=1,
        input_size=1,
        classes=10,
        activation_bits=12,
        max_steps=784,
        name="pmnist",
        class_names=digits,
    )
    sizes = {name: len(part) for name, part in packed.sections(model).items()}
    assert sizes == {
        "signs": 128,
        "input": 512,
        "output": 5120,
        "bias": 2048,
        "output_bias": 40,
        "row_multipliers": 0,
        "names": 26,
        "symbols": 0,
        "embedding": 0,
        "recording": 0,
        "units": 0,
        "unit_of": 0,
        "channels": 0,
        "companding": 0,
    }
    assert len(packed.to_bytes(model)) == 64 + sum(sizes.values()) + 4 < 8000


def test_every_flipped_byte_is_an_error(data):
    for position in range(len(data)):
        for flip in (1, 128, 255):
            damaged = bytearray(data)
            damaged[position] ^= flip
            with pytest.raises(HadamrnnError):
                packed.from_bytes(bytes(damaged))


def test_every_truncation_and_addition_is_an_error(data):
    for length in range(len(data)):
        with pytest.raises(HadamrnnError):
            packed.from_bytes(data[:length])
    with pytest.raises(HadamrnnError, match="must hold"):
        packed.from_bytes(data + b"\0")


def test_a_resealed_change_of_any_header_byte_is_refused_or_consistent(data):
    for position in range(header.SIZE):
        for flip in (1, 2, 8, 128, 255):
            other = resealed(
                data[:position] + bytes([data[position] ^ flip]) + data[position + 1 :]
            )
            try:
                model = packed.from_bytes(other)
            except HadamrnnError:
                continue
            assert packed.to_bytes(model) == other


MESSAGES = [
    (lambda d: b"PK\3\4" + d[4:], "must start with b'HRNN'.*got b'PK"),
    (lambda d: d[:40], "is shorter than a header; got 40 bytes"),
    (
        lambda d: changed(d, 4, "<H", 3),
        "packed format version 3, this reader needs 2 or older; run: dvc repro export@har2",
    ),
    (lambda d: d[:-1], r"must hold \d+ bytes; got"),
    (lambda d: d[:100] + bytes([d[100] ^ 1]) + d[101:], "is damaged, its checksum does not match"),
    (lambda d: changed(d, 6, "<B", 8), "flags or widths are out of range; got flags=8"),
    (lambda d: changed(d, 6, "<B", 64), "flags or widths are out of range; got flags=64"),
    (lambda d: changed(changed(d, 4, "<H", 1), 26, "<B", 5), "out of range; got .*fade=5"),
    (lambda d: changed(d, 27, "<B", 1), "out of range; got .*bias_bits=1"),
    (lambda d: changed(d, 26, "<B", 16), "fade: must be an integer from 0 to 15; got 16"),
    (lambda d: changed(d, 20, "<H", 4), "its sections must fill the file"),
    (lambda d: changed(d, 9, "<B", 17), "activation_bits: must be an integer from 2 to 16; got 17"),
    (lambda d: changed(d, 18, "<H", 6), "block_size: must be a power of two"),
    (lambda d: changed(d, 32, "<i", 2**31 - 1), "accumulator of a step could overflow"),
    (lambda d: changed(d, 56, "<d", float("nan")), "logit_scale: must be a positive finite"),
    (lambda d: resealed(d[:-6] + b"\xff\xff" + d[-4:]), "its names must be UTF-8"),
]


@pytest.mark.parametrize("case", range(len(MESSAGES)))
def test_messages(case, data, tmp_path):
    change, message = MESSAGES[case]
    path = tmp_path / "har2" / "model.hrnn"
    path.parent.mkdir()
    path.write_bytes(change(data))
    with pytest.raises(HadamrnnError, match=message) as error:
        integer.load(path)
    assert str(path) in str(error.value)


def test_missing_file(tmp_path):
    with pytest.raises(HadamrnnError, match="must be a readable file; got No such file"):
        integer.load(tmp_path / "none.hrnn")


def test_no_more_is_read_than_the_header_claims(data, tmp_path):
    """Endless and huge files are refused after their header; what follows a file is noticed."""
    path = tmp_path / "model.hrnn"
    with path.open("wb") as file:
        file.write(data)
        file.truncate(1 << 40)  # a hole: a terabyte that takes no room
    with pytest.raises(HadamrnnError, match=f"must hold {len(data)} bytes; got {len(data) + 1}"):
        packed.read(path)
    with path.open("r+b") as file:
        file.write(b"PK")
    with pytest.raises(HadamrnnError, match="must start with b'HRNN'"):
        packed.read(path)
    with pytest.raises(HadamrnnError, match="must be a readable file; got .*null"):
        packed.read(tmp_path / "a\0b")
    path.write_bytes(data)
    assert packed.to_bytes(packed.read(path)) == data

"""Raw readings: exact arithmetic of the coding, its ranges, and files that say what they are."""

import math
import struct
from dataclasses import replace

import numpy as np
import pytest

from hadamrnn.companding import compress
from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import accounting, header, packed, recording
from tests.integer.test_packed import resealed, same
from tests.random_models import many_models, random_model, random_recording, recorded


def plain(coding, channel, r, zero_point, low, high):
    """The definition with Python's own integers."""
    zero, multiplier, shift, knee, bits = (
        int(getattr(coding, name)[channel])
        for name in ("zero", "multiplier", "shift", "knee", "root_bits")
    )

    def root4(value):
        return math.isqrt(math.isqrt(value) << 16)

    w = r
    if knee:
        w = root4((1 << bits) + abs(r) * knee) - root4(1 << bits)
        w = -w if r < 0 else w
    x = (((w - zero) * multiplier + (1 << (shift - 1))) >> shift) + zero_point
    assert abs((w - zero) * multiplier + (1 << (shift - 1))) < 1 << 31
    return min(max(x, low), high)


def test_the_coding_is_that_of_exact_integers_and_never_falls():
    rng = np.random.default_rng(0)
    counts = np.unique([*range(-32768, 32768, 97), -32768, -2, -1, 0, 1, 2, 32766, 32767])
    for _ in range(30):
        model = recorded(rng, random_model(rng, input_bits=int(rng.integers(2, 9))))
        coding, half = model.recording, 1 << (model.input_bits - 1)
        rows = np.repeat(counts[:, None], model.input_size, axis=1)
        x = recording.unclipped(coding, rows, model.input_zero_point)
        assert (np.diff(x, axis=0) >= 0).all()
        x = np.clip(x, -half, half - 1)
        for j in range(model.input_size):
            args = (model.input_zero_point, -half, half - 1)
            wanted = [plain(coding, j % coding.channels, int(r), *args) for r in counts]
            assert x[:, j].tolist() == wanted


def test_a_companded_channel_follows_the_fourth_root():
    coding = recording.Recording(
        unit=[0.001],
        offset=[0.0],
        zero=[0],
        multiplier=[2048],
        shift=[12],
        knee=[3277],
        root_bits=[16],  # knee / 2^16 = unit / s with s = 0.02
    )
    r = np.arange(-4000, 4001)
    w = recording.unclipped(coding, r[:, None], 0)[:, 0] * 2 / (1 << 12)  # root4(2^16) is 2^12
    np.testing.assert_allclose(w, compress(r[:, None] * 0.001, np.array([0.02]))[:, 0], atol=6e-3)


def test_readings_become_counts_whatever_wrote_them():
    coding = replace(
        random_model(np.random.default_rng(0), input_size=1),
        recording=recording.Recording([0.5], [10.0], [0], [1], [1], [0], [0]),
    ).recording
    readings = np.array([[10.0], [10.24], [10.26], [-1e30], [1e30], [9.0]])
    assert recording.counts(coding, readings).ravel().tolist() == [0, 0, 1, -32768, 32767, -2]
    rng = np.random.default_rng(1)
    stored = rng.normal(10, 1000, (5000, 1)).astype(np.float32)
    written = np.array([[float(f"{v:.9g}")] for v in stored.ravel()])
    assert (recording.counts(coding, written) == recording.counts(coding, stored)).all()


def test_files_with_recordings_round_trip():
    rng = np.random.default_rng(2)
    for model in many_models():
        whole = recorded(rng, model)
        again = packed.from_bytes(packed.to_bytes(whole))
        assert all(same(getattr(again, key), value) for key, value in vars(whole).items())
        assert packed.to_bytes(again) == packed.to_bytes(whole)
        assert accounting.sizes(whole)["packed_file_bytes"] == len(packed.to_bytes(whole))
        assert (
            len(packed.to_bytes(whole)) >= len(packed.to_bytes(model)) + header.RECORDING_TABLE.size
        )


def test_quantize_raw_needs_a_recording_and_finite_readings():
    rng = np.random.default_rng(3)
    model = random_model(rng, name="har2")
    with pytest.raises(HadamrnnError, match=r"^recording: har2 must say what raw readings are"):
        model.quantize_raw(np.zeros((1, 2, 3)))
    whole = recorded(rng, model)
    assert whole.quantize_raw(np.zeros((1, 2, 3))).dtype == np.int8
    with pytest.raises(HadamrnnError, match="must be numbers; got NaN in sequence 0, step 1"):
        whole.quantize_raw([[[0, 0, 0], [math.nan, 0, 0]]])
    symbols = random_model(rng, kind="symbol")
    assert symbols.quantize_raw([[0, 2]]).tolist() == [[0, 2]]


WRONG = [
    ({"frame": 2}, "frame: must divide input_size=3"),
    ({"frame": 0}, "frame: must be an integer from 1 to 65535; got 0"),
    ({"rate_hz": -1.0}, "rate_hz: must be a finite number, 0 or above; got -1.0"),
    ({"window": 1 << 32}, "window: must be an integer from 0 to 4294967295"),
    ({"data_hash": b"a"}, "data_hash: must be 8 bytes; got b'a'"),
    ({"unit": [1, 0, 1]}, "unit: must be above 0; got 0.0"),
    ({"offset": [1, math.inf, 1]}, "offset: must lie from -inf to inf"),
    ({"zero": [0, 0]}, r"zero: must have shape \(3,\); got \(2,\)"),
    ({"multiplier": [1, 0, 1]}, "multiplier: must lie from 1 to 65535"),
    ({"shift": [1, 31, 1]}, "shift: must lie from 1 to 30"),
    ({"root_bits": [0, 1, 0]}, "root_bits: must be 0 without a knee"),
    ({"multiplier": [1, 65535, 1], "zero": [0, 1, 0]}, "32-bit coding of a channel could overflow"),
]


@pytest.mark.parametrize("changes, message", WRONG)
def test_what_is_no_recording_is_refused(changes, message):
    model = random_model(np.random.default_rng(4))
    ones, zeros = [1] * 3, [0] * 3
    good = recording.Recording(ones, zeros, zeros, ones, ones, zeros, zeros)
    replace(model, recording=good)
    with pytest.raises(HadamrnnError, match=message):
        replace(model, recording=replace(good, **changes))


def test_recordings_of_files_are_checked():
    model = random_model(np.random.default_rng(5))
    ones, zeros = [1] * 3, [0] * 3
    good = recording.Recording([1, 2, 2], zeros, zeros, ones, ones, zeros, zeros)
    data = packed.to_bytes(replace(model, recording=good))
    start = len(packed.to_bytes(model)) - 4
    end = start + header.RECORDING_TABLE.size
    for offset, value, message in (
        (end - 1, 2, "units, companded or task are out of range; got 2, 0 and 2"),
        (end - 2, 2, "units, companded or task are out of range; got 2, 2 and 0"),
        (end - 3, 0, "units, companded or task are out of range; got 0, 0 and 0"),
        (end - 3, 3, "its sections must fill the file"),
        (end + 32, 2, "unit_of: must be below 2; got 2"),
        (end + 35 + 4, 0, "shift: must lie from 1 to 30"),
    ):
        damaged = bytearray(data)
        damaged[offset] = value
        with pytest.raises(HadamrnnError, match=message):
            packed.from_bytes(resealed(bytes(damaged)))
    assert struct.unpack_from("<d", data, end + 16) == (2.0,)
    assert random_recording(np.random.default_rng(0), model).channels in (1, 3)

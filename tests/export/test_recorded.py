"""Raw readings become the integers that the float coding would have given."""

import dataclasses

import numpy as np
import pytest

from hadamrnn.errors import HadamrnnError
from hadamrnn.export import recorded
from hadamrnn.export.calibration import input_quantization, input_range
from hadamrnn.integer import packed
from hadamrnn.integer.doubts import doubt
from hadamrnn.integer.inputs import quantize, quantize_raw
from hadamrnn.prepared.coding import Coding, Raw, decimal_unit
from tests.random_models import random_model


def coded(coding, stored, bits=8, frame=1):
    """A model that reads what ``coding`` stores, and its real inputs' range."""
    quantization = input_quantization(*input_range(stored, coding), bits)
    model = random_model(np.random.default_rng(0), input_bits=bits, input_size=stored.shape[-1])
    model = dataclasses.replace(
        model, input_scale=quantization[0], input_zero_point=quantization[1], max_steps=1000
    )
    known = recorded.recording(coding, stored, quantization)
    return dataclasses.replace(model, recording=known)


@pytest.mark.parametrize("seed", range(20))
def test_integers_are_those_of_the_float_coding_but_for_rounding(seed):
    rng = np.random.default_rng(seed)
    channels, frame = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    middle = rng.normal(0, 3, channels)
    spread = 10.0 ** rng.uniform(-3, 3, channels)
    shape = (40, 30, frame, channels)
    companding = np.where(rng.integers(0, 2, channels), spread * 0.05, 0.0)
    stored = (middle * spread + rng.standard_normal(shape) * spread).astype(np.float32)
    stored = stored.reshape(40, 30, -1)
    raw = Raw(
        zero=tuple(np.where(companding > 0, 0.1, middle * spread)),
        scale=tuple(np.where(companding > 0, 1.5, spread)),
        companding=tuple(companding),
        frame=frame,
    )
    model = coded(Coding("dense", raw=raw), stored, bits=int(rng.integers(3, 9)))
    far = quantize_raw(model, stored).astype(int) - quantize(
        model, Coding("dense", raw=raw).decode(stored)
    )
    assert np.abs(far).max() <= 1
    assert (far != 0).mean() < 0.03
    again = packed.from_bytes(packed.to_bytes(model))
    assert (quantize_raw(again, stored) == quantize_raw(model, stored)).all()
    assert doubt(model, stored) is None
    said = doubt(model, 50 * stored + 100 * stored.max())
    assert said is not None and "lie outside its input range" in said


def test_stored_bytes_keep_every_value_apart():
    stored = np.arange(256, dtype=np.uint8).reshape(1, 128, 2)
    for offset in (0.0, -0.4):
        coding = Coding("dense", scale=1 / 255, offset=offset)
        model = coded(coding, stored)
        raw = quantize_raw(model, stored)
        assert (raw == quantize(model, coding.decode(stored))).all()
        assert sorted(raw.ravel().tolist()) == list(range(-128, 128))


def test_a_unit_leaves_room_for_twice_the_largest_reading():
    for largest in (3e-5, 0.1, 0.99, 1.0, 16.0, 2000.0, 123456.0):
        unit = decimal_unit(largest)
        assert 2 * largest / unit <= 32767
        assert 2 * largest / unit > 32767 / 2.6  # the next finer one would not


def test_channels_of_like_size_share_a_unit_and_others_do_not():
    rng = np.random.default_rng(0)
    near, far = rng.normal(0, [1.0, 5.0], (9, 9, 2)), rng.normal(0, [1e-4, 5.0], (9, 9, 2))
    coding = Coding("dense", raw=Raw(zero=(0.0, 0.0), scale=(1.0, 1.0)))
    units = [recorded.recording(coding, x.astype(np.float32), (0.05, 0)).unit for x in (near, far)]
    assert len(set(units[0])) == 1
    assert len(set(units[1])) == 2


def test_the_units_of_the_card_are_kept():
    raw = Raw(zero=(3.0,), scale=(2.0,), unit=(0.5,), offset=(1.0,), rate_hz=25, hop=6, frame=3)
    stored = np.arange(90, dtype=np.float32).reshape(5, 6, 3)
    known = recorded.recording(Coding("dense", raw=raw), stored, (0.05, 0), window=6)
    assert (known.unit.tolist(), known.offset.tolist()) == ([0.5], [1.0])
    assert (known.rate_hz, known.hop, known.frame, known.window) == (25.0, 2, 3, 6)
    assert known.zero.tolist() == [4]  # of readings of 3.0


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"companding": (0.1,), "offset": (1.0,)}, "raw.companding: must be 0 in a channel whose"),
        ({"companding": (1e12,)}, r"raw.companding: must be at most 2\^31 counts"),
        ({"zero": (1e9,), "unit": (0.1,)}, "raw.zero: must lie within 16 bits"),
        ({"scale": (1e-9,)}, "raw.scale: a count of the recorder must be at most"),
    ],
)
def test_what_the_integers_cannot_follow_is_refused(fields, sentence):
    raw = Raw(**{"zero": (0.0,), "scale": (1.0,)} | fields)
    stored = np.linspace(-1, 1, 60, dtype=np.float32).reshape(2, 30, 1)
    with pytest.raises(HadamrnnError, match=sentence):
        recorded.recording(Coding("dense", raw=raw), stored, (0.01, 0))

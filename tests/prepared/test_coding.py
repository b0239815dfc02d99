"""Stored inputs mean the same to all who read them, to the bit; a wrong card is one sentence."""

import numpy as np
import pytest
import torch

from hadamrnn.errors import HadamrnnError
from hadamrnn.prepared.coding import Coding

STORED = [
    np.arange(256, dtype=np.uint8),
    np.arange(0, 65536, 7, dtype=np.int32),
    np.random.default_rng(0).normal(size=500).astype(np.float32),
]


@pytest.mark.parametrize("stored", STORED, ids=lambda array: array.dtype.name)
@pytest.mark.parametrize("scale, offset", [(1 / 255, 0.0), (1 / 255, -0.4242), (0.3081, 0.1307)])
def test_numpy_and_torch_decode_to_the_same_bits(stored, scale, offset):
    coding = Coding("dense", scale, offset)
    real = coding.decode(stored)
    tensor = coding.decode(torch.from_numpy(stored), torch)
    assert real.dtype == np.float32 and tensor.dtype == torch.float32
    assert real.tobytes() == tensor.numpy().tobytes()
    assert not np.array_equal(real, stored)


def test_numbers_beyond_float32_are_infinite():
    assert Coding("dense", 0.5, 1.0).decode(np.array([-1e300, 4.0])).tolist() == [-np.inf, 3.0]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int64])
def test_symbols_are_passed_on_as_int64(dtype):
    ids = np.array([[0, 1, 200]], dtype=dtype)
    decoded = Coding("symbol").decode(ids)
    assert decoded.dtype == np.int64 and decoded.tolist() == [[0, 1, 200]]


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("library", [np, torch], ids=["numpy", "torch"])
def test_decode_leaves_its_argument_alone(dtype, library):
    stored = library.asarray(np.arange(6, dtype=dtype))
    decoded = Coding("dense", 2.0, 1.0).decode(stored, library)
    assert decoded.tolist() == [1, 3, 5, 7, 9, 11]
    assert stored.tolist() == [0, 1, 2, 3, 4, 5]


ERRORS = [
    ({}, "card.json: its section input must give kind, scale, offset; got None"),
    ([], "card.json: its section input must give kind, scale, offset; got None"),
    ({"input": {"kind": "dense"}}, "must give kind, scale, offset; got {'kind': 'dense'}"),
    ({"input": {"kind": "text", "scale": 1, "offset": 0}}, "input.kind: must be dense or symbol"),
    (
        {"input": {"kind": "dense", "scale": "1", "offset": 0}},
        "card.json: input.scale: must be a finite number above 0; got '1'",
    ),
    ({"input": {"kind": "dense", "scale": 0, "offset": 0}}, "above 0; got 0"),
    (
        {"input": {"kind": "dense", "scale": 1, "offset": float("nan")}},
        "input.offset: must be a finite number; got nan",
    ),
]


@pytest.mark.parametrize("card, message", ERRORS)
def test_wrong_cards(card, message):
    with pytest.raises(HadamrnnError) as error:
        Coding.from_card(card)
    assert message in str(error.value)


# ------------------------------------------------------------------------------------ readings

RAW = {"zero": [0.5, -1.0], "scale": [0.25, 3.0], "companding": [0.0, 0.02]}
CARD = {"input": {"kind": "dense", "size": 2, "scale": 1.0, "offset": 0.0}, "raw": RAW}


def test_readings_are_companded_then_standardised():
    readings = np.array([[[0.5, 0.3], [1.0, -0.3]]], dtype=np.float32)
    seen = Coding.from_card(CARD).decode(readings)
    root = 16 ** (1 / 4) - 1  # 1 + 0.3 / 0.02 is 16
    expected = [[[0, (root + 1) / 3], [2, (1 - root) / 3]]]
    assert seen.dtype == np.float32
    np.testing.assert_allclose(seen, expected, rtol=1e-6)


@pytest.mark.parametrize("frame", [1, 3])
def test_numpy_and_torch_see_the_same_bits_of_readings(frame):
    card = {"input": CARD["input"] | {"size": 2 * frame}, "raw": RAW | {"frame": frame}}
    stored = np.random.default_rng(0).normal(size=(50, 7, 2 * frame)).astype(np.float32)
    coding = Coding.from_card(card)
    seen = coding.decode(stored)
    assert seen.tobytes() == coding.decode(torch.from_numpy(stored), torch).numpy().tobytes()
    one = Coding.from_card(CARD)  # every sample of a frame is coded as one alone
    assert seen.tobytes() == one.decode(stored.reshape(50, 7 * frame, 2)).tobytes()


@pytest.mark.parametrize(
    "raw, message",
    [
        (3, "card.json: its section raw must give zero and scale; got 3"),
        ({"zero": [1]}, "its section raw must give zero and scale"),
        (RAW | {"gain": 1}, "card.json: raw.gain: is no key of the section raw"),
        (RAW | {"scale": [1]}, "raw.scale: must be a list of numbers, one for each channel"),
        (RAW | {"scale": [1, 0]}, "raw.scale: must be a finite number above 0; got 0"),
        (RAW | {"zero": [1, "2"]}, "raw.zero: must be a finite number; got '2'"),
        (RAW | {"companding": [0, -1]}, "raw.companding: must be 0 or above; got -1"),
        (RAW | {"unit": [0, 1]}, "raw.unit: must be a finite number above 0; got 0"),
        (RAW | {"rate_hz": 0}, "raw.rate_hz: must be a finite number above 0; got 0"),
        (RAW | {"frame": 0}, "raw.frame: must be an integer from 1 to 65535; got 0"),
        (RAW | {"frame": 2}, "input.size: must be raw's 2 channels times frame 2; got 2"),
    ],
)
def test_wrong_sections_raw(raw, message):
    with pytest.raises(HadamrnnError) as error:
        Coding.from_card(CARD | {"raw": raw})
    assert message in str(error.value)


def test_a_scale_beside_a_section_raw_is_refused():
    card = CARD | {"input": CARD["input"] | {"scale": 2.0}}
    with pytest.raises(HadamrnnError, match=r"must be dense with scale 1 and offset 0"):
        Coding.from_card(card)

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

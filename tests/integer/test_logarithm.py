"""The integer logarithm: exact by definition, near the real one, never falling."""

import math
from fractions import Fraction

import numpy as np
import pytest

from hadamrnn.integer.logarithm import LARGEST, OCTAVE, TABLE, ilog2


def test_table_is_the_definition():
    """64 log2(1 + (j + 1/2) / 64), rounded; no entry is near a half, where libraries differ."""
    exact = [OCTAVE * math.log2(1 + (j + 0.5) / 64) for j in range(64)]
    assert [round(value) for value in exact] == TABLE.tolist()
    assert min(abs(value % 1 - 0.5) for value in exact) > 0.01


@pytest.mark.parametrize("exponent", range(33))
def test_around_every_power_of_two(exponent):
    values = [v for v in range(2**exponent - 2, 2**exponent + 3) if v >= 1]
    for value, got in zip(values, ilog2(values).tolist(), strict=True):
        octave = value.bit_length() - 1
        place = math.floor(Fraction(value, 2**octave) * 64) - 64
        assert got == 64 * octave + int(TABLE[place])
        assert got <= LARGEST or value >= 2**32


def test_close_to_the_real_one_and_never_falls():
    values = np.unique(np.geomspace(1, 2**32 - 1, 20_000).astype(np.int64))
    got = ilog2(values)
    assert np.abs(got - 64 * np.log2(values)).max() < 1.3
    assert (np.diff(got) >= 0).all()

"""Companding by a rule: where levels lie more than a decade apart, and as a device can hold it."""

import numpy as np
import pytest

from hadamrnn.datasets.formats import levels
from hadamrnn.datasets.formats.windows import Piece
from hadamrnn.prepared.coding import Coding
from tests.datasets.formats.conftest import log


def sequences(*factors, channels=1):
    """A piece for each factor, whose root mean square it is."""
    wave = np.tile([[1.0], [-1.0]], (50, channels))
    return [Piece(wave * factor, "a") for factor in factors]


@pytest.mark.parametrize(
    ("factors", "unit"),
    [
        ([1.0] * 10, 0.0),
        ([1.0] * 5 + [9.9] * 5, 0.0),
        ([1.0] * 5 + [10.1] * 5, 1.0),
        ([1.0] * 20 + [1000.0], 0.0),  # one of twenty-one
        ([0.0] * 15 + [1.0] * 5 + [10.1] * 5, 1.0),  # silence has no level
        ([0.0] * 5, 0.0),
    ],
)
def test_levels_more_than_a_decade_apart_are_companded(factors, unit):
    assert levels.chosen(sequences(*factors)) == levels.Companding((unit,), None)


def test_channels_are_companded_by_themselves():
    still, lively = np.ones((6, 8)), np.outer(10.0 ** np.arange(6), np.ones(8))
    pieces = [Piece(np.stack(columns, 1), "a") for columns in zip(still, lively, strict=True)]
    first, second = levels.chosen(pieces).units
    assert first == 0 and second > 0


def test_a_count_is_as_fine_as_quiet_sequences_need():
    found = levels.chosen(sequences(*[1.1e-4] * 300, *[5.0] * 696, *[300.0] * 4))
    assert found.counts == (0.0002,) and found.units == (0.00011,)
    coarse = levels.chosen(sequences(*[1e-4] * 500, *[300.0] * 500))
    assert coarse.counts == (0.02,) and coarse.units == (0.005,)


def test_a_count_loses_quiet_readings_where_loud_ones_are_more():
    found = levels.chosen(sequences(*[1.1e-4] * 300, *[5.0] * 300, *[300.0] * 400))
    assert found.counts == (0.02,)
    found = levels.chosen(sequences(*[1.1e-4] * 400, *[5.0] * 300, *[300.0] * 300))
    assert found.counts == (0.0002,)


def test_readings_are_what_the_counts_say():
    pieces = {"train": sequences(0.0124, 500.0)}
    quiet, loud = levels.as_recorded(pieces, (0.01,))["train"]
    assert np.unique(quiet.values).tolist() == [-0.01, 0.01]
    assert np.unique(loud.values).tolist() == [-327.68, 327.67]


def test_companded_readings_are_standardised_and_padded_with_their_mean(project):
    lines = [line.split(",") for line in log(labels=("up", "down") * 3, steps=12)]
    for n, cells in enumerate(lines[1:]):
        cells[1] = str(float(cells[1]) * 10.0 ** -(n // 12 % 2 * 3))
    project.write([",".join(cells) for cells in lines])
    plain, _ = project.prepare()
    arrays, card = project.prepare(companding="auto")
    unit, other = card["raw"]["companding"]
    assert unit > 0 and other == 0 and "unit" not in card["raw"]
    assert (arrays["train_inputs"] == plain["train_inputs"]).all()
    seen = Coding.from_card(card).decode(arrays["train_inputs"]).astype(np.float64)
    np.testing.assert_allclose(seen.mean(axis=(0, 1)), 0, atol=1e-5)
    np.testing.assert_allclose(seen.std(axis=(0, 1)), 1, atol=1e-5)
    short = [line for n, line in enumerate(",".join(cells) for cells in lines) if n != 12]
    project.write(short)
    arrays, card = project.prepare(companding="auto", window=None)
    assert card["raw"]["companding"][0] > 0 and card["steps"] == 12
    behind = Coding.from_card(card).decode(arrays["train_inputs"])[:, -1]
    np.testing.assert_allclose(behind[0], 0, atol=1e-5)  # of the shorter one

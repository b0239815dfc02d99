"""What people read of a model: the comments of its C header and the table of its file."""

from dataclasses import replace

import numpy as np
import pytest

from hadamrnn.integer import sections
from hadamrnn.integer.c_inputs import described
from tests.random_models import random_model, random_recording


@pytest.fixture
def model():
    """A model of three channels."""
    rng = np.random.default_rng(0)
    model = random_model(rng)
    return replace(model, recording=random_recording(rng, model))


def readings(model, unit, offset):
    """The lines on how readings become integers."""
    unit, offset = np.array(unit), np.array(offset)
    model = replace(model, recording=replace(model.recording, unit=unit, offset=offset))
    return [line.strip() for line in described(model) if line.strip().startswith("r = ")]


def test_readings_of_one_unit_name_no_channels(model):
    assert readings(model, [0.5] * 3, [0.0] * 3) == ["r = round((real) / 0.5)"]
    assert readings(model, [0.5] * 3, [2.0] * 3) == ["r = round((real - (2)) / 0.5)"]


def test_readings_of_several_units_name_theirs(model):
    assert readings(model, [0.5, 0.25, 0.5], [0.0, -1.0, 0.0]) == [
        "r = round((real) / 0.5) of channels 0, 2",
        "r = round((real - (-1)) / 0.25) of channels 1",
    ]


def test_the_score_of_a_mean_is_told_with_its_shift():
    model = random_model(np.random.default_rng(0), readout="mean", sum_shift=3)
    words = f"{model.logit_scale:.9g} * logit * 8 / steps, for at most 12 steps."
    assert f"Real score of a class: {words}" in described(model)


def test_the_table_tells_of_every_section_in_its_order():
    first = [line.split(" | ")[0].removeprefix("| ") for line in sections.markdown().splitlines()]
    names = [section.name for section in (*sections.MODEL, *sections.RECORDING)]
    assert first == ["section", "---", *names, "checksum"]

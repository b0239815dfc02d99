"""What an export tells of a model that goes wrong on validation rows."""

import dataclasses
import re

import numpy as np
import pytest

from hadamrnn.export import watch
from tests.random_models import random_inputs, random_model, random_readings, recorded
from tests.runtime.test_c_runtime import saturating_models

NAMES = ["a", "b", "c", "d"]


def rows_of(model, count=40):
    """Inputs over the whole range, and what the model answers."""
    rng = np.random.default_rng(2)
    x = (random_inputs(rng, model, sequences=count) - float(model.input_zero_point)) * (
        model.input_scale
    )
    return x, model.predict(x)


def test_nothing_is_told_of_a_model_that_is_right():
    model = random_model(np.random.default_rng(0), activation_bits=14)
    x, right = rows_of(model)
    assert list(watch.warnings(model, x, right, NAMES)) == []


def test_a_class_that_is_never_given_is_named():
    model = random_model(np.random.default_rng(0), activation_bits=14)
    model = dataclasses.replace(model, output_bias=np.array([0, 0, 0, -(1 << 28)]))
    x, right = rows_of(model)
    targets = right.copy()
    targets[:7] = 3
    (words,) = watch.warnings(model, x, targets, NAMES)
    assert words.startswith(
        "warning: class d is never given on 40 validation rows, 7 of which are of it"
    )
    targets[4:] = right[4:]  # four rows may be missed by chance
    assert list(watch.warnings(model, x, targets, NAMES)) == []


@pytest.mark.parametrize("steps", [None, np.array([3, 12] * 20)])
def test_states_at_the_ends_of_their_range_are_told_with_the_step(steps):
    model = next(one for one in saturating_models(np.random.default_rng(0)) if one.fade == 0)
    x, right = rows_of(model)
    names = [str(label) for label in range(model.output_size)]
    told = list(watch.warnings(model, x, right, names, steps=steps))
    (words,) = (line for line in told if "states" in line)
    assert re.search(
        r"of the states are at the ends of their range of \d+ bits, from step \d", words
    )
    assert "raise activation_bits" in words


def test_readings_beyond_the_training_range_are_told():
    rng = np.random.default_rng(3)
    model = recorded(rng, random_model(rng, input_size=6, activation_bits=14))
    readings = 1e4 * random_readings(rng, model, sequences=8)
    told = list(watch.warnings(model, readings, np.zeros(8, int), NAMES))
    (words,) = (line for line in told if line.startswith("warning: validation inputs: "))
    assert "lie outside its input range" in words


def test_what_is_behind_the_end_of_a_sequence_is_no_input():
    model = random_model(np.random.default_rng(0), activation_bits=14)
    x, _ = rows_of(model)
    x[:, 4:] = 1e6
    steps = np.full(len(x), 4)
    right = model.predict(x[:, :4])
    assert list(watch.warnings(model, x, right, NAMES, steps=steps)) == []
    assert any("validation inputs" in line for line in watch.warnings(model, x, right, NAMES))


def test_finer_classes_count_as_those_that_were_asked_for():
    model = random_model(np.random.default_rng(0), activation_bits=14)
    x, right = rows_of(model)
    merged = np.array([0, 0, 1, 1])[right]
    assert list(watch.warnings(model, x, merged, ["low", "high"], [0, 0, 1, 1])) == []

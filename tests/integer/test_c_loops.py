"""What is said about the loops of the C runtime, and biases as these read them."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from hadamrnn.cli import info
from hadamrnn.integer import c_header, c_loops, load
from tests.random_models import many_models, random_model

ROOT = Path(__file__).parents[2]
PLAIN = {"block_size": 64, "q": 1, "input_size": 9, "activation_bits": 10}
FAST, UPDATE = "fast loops", "fast products, general update"
GENERAL = "general products, general update"


@pytest.mark.parametrize(
    ("fields", "avr", "words"),
    [
        ({}, FAST, FAST),
        ({"fade": 4}, FAST, FAST),
        ({"input_weight_bits": 2}, FAST, FAST),
        ({"input_weight_bits": 3, "input_size": 18}, FAST, FAST),
        ({"activation_bits": 12}, FAST, UPDATE),
        ({"kind": "symbol"}, FAST, FAST),
        ({"input_weight_bits": 5}, GENERAL, GENERAL),
        ({"block_size": 4, "q": 3, "activation_bits": 14}, GENERAL, GENERAL),
        ({"block_size": 2, "q": 4}, UPDATE, FAST),
        ({"block_size": 512, "activation_bits": 15}, UPDATE, UPDATE),
    ],
)
def test_the_loops_of_a_model_are_named(fields, avr, words):
    model = random_model(np.random.default_rng(0), **(PLAIN | fields))
    assert c_loops.loops(model) == {"AVR": avr, "32-bit processors": words}
    assert f" * AVR: {avr}\n * 32-bit processors: {words}\n" in c_header.to_text(model)
    assert [line.split(maxsplit=3)[-1] for line in info.describe(model) if "C on AVR" in line] == [
        avr
    ]


def test_biases_in_16_bits_are_the_same_numbers():
    models = list(many_models(seed=3))
    narrow = {"bias_bits": 6, "bias_shift": 17, "block_size": 64, "activation_bits": 10}
    models.append(random_model(np.random.default_rng(1), **narrow))
    for model in models:
        bias, shift = c_loops.bias_table(model)
        wanted = model.bias.astype(np.int64) << model.bias_shift
        assert (bias.astype(np.int64) << shift == wanted).all() and bias.dtype == np.int16
    assert shift == 14


def test_arrays_whose_halves_are_added_in_twos_begin_at_words():
    """Where a linker puts them is chance otherwise, and at odd addresses the sums take longer."""
    shape = {"block_size": 8, "q": 1, "readout": "mean", "name": "m"}
    text = c_header.to_text(random_model(np.random.default_rng(0), **shape, max_steps=12))
    for name in ("int16_t state##_hidden", "uint16_t state##_sums16"):
        assert f"static {name}[M_HIDDEN_SIZE] HR_ALIGNED; " in text
    wide = random_model(np.random.default_rng(0), **shape, activation_bits=16, max_steps=12)
    assert wide.sum_bits == 32 and "_hidden[M_HIDDEN_SIZE];" in c_header.to_text(wide)


def test_who_may_saturate_a_transform_of_17_bits():
    """One bit more than 16, an odd logarithm of the block, and sums that cannot take it back."""
    found = {
        path.parent.name: c_loops.alignment(load(path))
        for path in (ROOT / "shipped").glob("*/model.hrnn")
    }
    assert {name for name, number in found.items() if number == 2} == {"har2", "har6"}
    model = load(ROOT / "shipped/har2/model.hrnn")
    large = dataclasses.replace(model, input_multiplier=4 * model.input_multiplier)
    assert c_loops.is_aligned(large) and c_loops.alignment(large) == 1

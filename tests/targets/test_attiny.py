"""An AVR without a multiplier runs the C loops, in half a kilobyte of RAM."""

import numpy as np
import pytest

from hadamrnn.targets import emulation
from hadamrnn.targets.processors import ATTINY85
from tests.random_models import random_inputs, random_model


@pytest.mark.slow
@pytest.mark.skipif(bool(ATTINY85.missing()), reason="needs avr-gcc and libsimavr")
@pytest.mark.parametrize("fields", [{}, {"fade": 3, "readout": "mean"}], ids=str)
def test_an_attiny85_equals(fields, tmp_path):
    shape = {"block_size": 16, "q": 1, "activation_bits": 10, "input_size": 5}
    model = random_model(np.random.default_rng(0), **shape, **fields)
    x = random_inputs(np.random.default_rng(1), model, sequences=2)
    run = emulation.emulate(ATTINY85, model, x, tmp_path)
    assert (run.checksums == model.trace(x)[1]).all()
    assert run.stack < ATTINY85.ram_bytes - 150  # of its variables

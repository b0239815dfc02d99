"""The form for pairs of 16 bits: Cortex-M4 and M33 take it, others keep theirs, all are equal."""

import shutil

import numpy as np
import pytest

from hadamrnn.compiler import compile_c, run_tool
from hadamrnn.integer import c_header
from hadamrnn.runtime import sources
from hadamrnn.targets import emulation
from hadamrnn.targets.processors import CORTEX_M33, CORTEX_M55, CORTEX_M55_HELIUM, TARGETS
from tests.random_models import random_inputs, random_model
from tests.targets.test_emulators import har2_like

CORTEX_M4 = TARGETS["Cortex-M4"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(CORTEX_M4.missing()), reason="needs a Cortex-M compiler and emulator"),
]


def runs_equal(target, model, x, folder):
    run = emulation.emulate(target, model, x, folder)
    assert (run.checksums == model.trace(x)[1]).all(), model
    return run.steps


@pytest.mark.parametrize(
    ("target", "fields"),
    [
        (CORTEX_M4, {}),
        (CORTEX_M4, {"fade": 4}),
        (CORTEX_M4, {"q": 2, "activation_bits": 10, "fade": 5}),
        (CORTEX_M33, {"fade": 4}),
        (CORTEX_M55, {"fade": 4}),
        (CORTEX_M55_HELIUM, {"fade": 4}),
    ],
    ids=str,
)
def test_a_step_takes_at_most_5500_instructions(target, fields, tmp_path):
    """128 neurons, 9 inputs. Counts are exact: this is no timing test."""
    model = har2_like(**fields)
    x = random_inputs(np.random.default_rng(0), model, sequences=1, steps=20)
    assert runs_equal(target, model, x, tmp_path).max() <= 5500


SHAPES = (  # states in a block, blocks, bits of states, features, fade, read-out, max_steps
    (4, 2, 14, 1, 3, "mean", 12),
    (8, 17, 13, 2, 0, "last", 12),
    (16, 3, 12, 5, 1, "mean", 1 << 12),
    (32, 1, 11, 10, 9, "mean", 12),
    (64, 2, 10, 31, 4, "log_mean", 12),
    (256, 1, 8, 3, 0, "mean", 12),
)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_pairs_at_the_ends_of_their_ranges(shape, tmp_path):
    """Both ends of the range, every number of features left over, sums of 16 and 32 bits."""
    block_size, q, bits, features, fade, readout, max_steps = shape
    rng = np.random.default_rng(2)
    model = random_model(
        rng,
        block_size=block_size,
        q=q,
        activation_bits=bits,
        input_size=features,
        fade=fade,
        readout=readout,
        max_steps=max_steps,
        bias_shift=3,
    )
    assert c_header.is_aligned(model)
    x = random_inputs(rng, model, sequences=4)
    x[1], x[2, ::2] = x.min(), x.max()
    x[3] = np.where(model.input_weight[5] > 0, 127, -128)
    runs_equal(CORTEX_M4, model, x, tmp_path)
    run = emulation.emulate(CORTEX_M4, model, x, tmp_path, any_model=True)
    assert (run.checksums == model.trace(x)[1]).all()


def test_a_cortex_m55_with_and_without_helium_equals(tmp_path):
    """Transforms of 32 bits, weights of 2 and 6 bits, symbols, readings: the plain loops too."""
    rng = np.random.default_rng(6)
    for index, fields in enumerate(
        (
            {"activation_bits": 13, "block_size": 64, "readout": "log_mean", "bits": 2},
            {"activation_bits": 12, "readout": "mean", "input_weight_bits": 6, "fade": 3},
            {"kind": "symbol", "per_step": True, "block_size": 32, "activation_bits": 10},
        )
    ):
        model = random_model(rng, **fields)
        x = random_inputs(rng, model, sequences=2)
        for target in (CORTEX_M55, CORTEX_M55_HELIUM):
            run = emulation.emulate(target, model, x, tmp_path, any_model=index == 1)
            assert (run.checksums == model.trace(x)[1]).all(), (target.name, fields)


@pytest.mark.parametrize(
    ("options", "taken"),
    [("-mcpu=cortex-m4", 1), ("-mcpu=cortex-m4 -DHR_NO_DSP", 0), ("-mcpu=cortex-m3", 0)]
    + [("-mcpu=cortex-m0plus", 0), ("-mcpu=cortex-m4 -mno-unaligned-access", 0)],
)
def test_who_takes_pairs_of_16_bits(options, taken, tmp_path):
    """The loops that every processor can run stay, for models that this form does not fit."""
    one = sources.write_one_file(tmp_path)
    command = ["-std=c99", "-O0", "-mthumb", "-ffreestanding", *options.split()]
    compile_c([*command, "-c", one, "-o", tmp_path / "x.o"], ["arm-none-eabi-gcc"])
    assert shutil.which("arm-none-eabi-nm")
    names = {
        line.split()[-1].split(".")[0]
        for line in run_tool(["arm-none-eabi-nm", tmp_path / "x.o"]).stdout.splitlines()
    }
    assert ("hr_settle_halved" in names) == bool(taken) and "hr_settle_pairs" in names

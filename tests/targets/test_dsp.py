"""The form for pairs of 16 bits: Cortex-M4 and M33 take it, others keep theirs, all are equal."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from hadamrnn.compiler import compile_c, run_tool
from hadamrnn.integer import c_loops, load
from hadamrnn.runtime import sources
from hadamrnn.targets import emulation
from hadamrnn.targets.processors import CORTEX_M33, CORTEX_M55, CORTEX_M55_HELIUM, TARGETS
from tests.random_models import random_inputs, random_model
from tests.targets.test_emulators import ROOT, har2_like

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
    assert c_loops.is_aligned(model)
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


def saturating(block_size, bits, fade):
    """A model whose biases drive all states to their ends, in the signs of a row of the transform.

    So that one t of each block goes far beyond 16 bits, against a bias of the other sign.
    """
    rng = np.random.default_rng(block_size + fade)
    shape = {"block_size": block_size, "q": 2, "activation_bits": bits, "input_size": 3}
    model = random_model(rng, **shape, fade=fade, readout="mean", max_steps=12, bias_shift=3)
    k = (block_size.bit_length() - 1) // 2
    rows = np.ones((1, 1), int)
    while len(rows) < block_size:
        rows = np.kron([[1, 1], [1, -1]], rows)
    most = 23168 - 23168 * (fade > 0) // (1 << fade) - (1 << (bits - 1 + k)) - 20  # of alignment
    shift = max(0, model.fraction_bits - k - 2)
    bias = np.concatenate([rows[1], -rows[block_size - 1]]) * (4 * most)
    bias, shift = (bias, shift) if 4 * most < 32768 else (bias // 4, shift + 2)
    model = replace(model, input_multiplier=1, bias=bias.astype(np.int16), bias_shift=shift)
    return model, rows


@pytest.mark.parametrize(
    ("block_size", "bits", "fade"),
    [(8, 14, 0), (8, 14, 4), (32, 12, 0), (32, 12, 2), (32, 12, 4), (128, 10, 0), (128, 10, 2)],
)
def test_transforms_of_17_bits_are_saturated_where_states_are(block_size, bits, fade, tmp_path):
    model, rows = saturating(block_size, bits, fade)
    assert c_loops.alignment(model) == 2 and model.transform_bits == 32
    x = random_inputs(np.random.default_rng(1), model, sequences=2)
    state, widest = model.initial_state(), 0
    for step in x[0]:
        state = model.step(state, step)
        hidden = state.hidden.astype(int).reshape(-1, block_size)
        widest = max(widest, np.abs(hidden @ rows.T).max())
    assert widest > 32767
    runs_equal(CORTEX_M4, model, x, tmp_path)
    run = emulation.emulate(CORTEX_M4, model, x, tmp_path, any_model=True)
    assert (run.checksums == model.trace(x)[1]).all()


def test_the_shipped_har2_takes_pairs(tmp_path):
    """384 neurons in blocks of 32 with 12 bits: 33,600 instructions in the plain loops."""
    model = load(ROOT / "shipped/har2/model.hrnn")
    x = random_inputs(np.random.default_rng(0), model, sequences=2, steps=40)
    assert runs_equal(CORTEX_M4, model, x, tmp_path).max() < 20_000


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

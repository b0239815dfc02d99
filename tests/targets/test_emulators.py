"""The runtime on emulated microcontrollers equals the integer model; the examples build and run."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hadamrnn.compiler import STRICT, compile_c
from hadamrnn.errors import HadamrnnError
from hadamrnn.export import firmware
from hadamrnn.integer import c_header, c_loops, load
from hadamrnn.integer.accounting import sizes
from hadamrnn.targets import emulation, memory, reporting
from hadamrnn.targets.processors import TARGETS
from tests.random_models import (
    STEPS,
    many_models,
    random_inputs,
    random_model,
    random_readings,
    recorded,
)

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "cortex_m"
RAM_BYTES = 6000  # of an ATmega2560, for the states


def needs(name):
    missing = TARGETS[name].missing()
    return pytest.mark.skipif(bool(missing), reason=f"{name} needs {', '.join(missing)}")


every_target = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=needs(name)) for name in TARGETS]
)


def har2_like(d=128, q=1, **fields):
    """A random model of the shape that the speed and size limits are stated for."""
    fields = {"activation_bits": 9, "bias_shift": 6, "max_steps": 128, **fields}
    rng = np.random.default_rng(d)
    return random_model(
        rng,
        block_size=d // q,
        q=q,
        input_size=9,
        classes=2,
        readout="mean",
        name="har2",
        **fields,
    )


def copy_like():
    rng = np.random.default_rng(10)
    shape = {"block_size": 128, "q": 1, "input_size": 10, "classes": 9}
    return random_model(rng, **shape, activation_bits=12, kind="symbol", per_step=True, name="copy")


@pytest.mark.slow
@every_target
def test_measures_and_equals(name):
    """HAR-2 and copy shapes: every state, sum and logit of every step; sizes are consistent."""
    for model, sequences in ((har2_like(), 3), (copy_like(), 2)):
        x = random_inputs(np.random.default_rng(0), model, sequences, steps=30)
        result = reporting.measure_all(model, x, [name])[name]
        assert result["mismatches"] == 0 and result["sequences"] == sequences
        assert result["flash_table_bytes"] == sizes(model)["total_bytes"]
        assert result["flash_bytes"] > result["flash_text_bytes"] > 1000
        assert result["step_median"] <= result["step_max"] < 1.2 * result["step_median"]
        assert result["ram_bytes"] == result["ram_static_bytes"] + result["stack_bytes"]
        json.dumps(result)


@pytest.mark.slow
@every_target
def test_a_runtime_for_one_model_computes_what_that_for_any_does(name):
    """In less code, where no link-time optimisation finds the constants by itself."""
    target, rng = TARGETS[name], np.random.default_rng(4)
    for model in (har2_like(fade=3), random_model(rng, readout="log_mean", input_weight_bits=6)):
        x = random_inputs(rng, model, sequences=2, steps=9)
        checksums = model.trace(x)[1]
        one, both = (emulation.measure(target, model, x, checksums, any_model=w) for w in (0, 1))
        assert one["mismatches"] == both["mismatches"] == 0
        code, more = one["flash_text_bytes"], both["flash_text_bytes"]
        assert code == more if target.avr else code < 0.8 * more


@pytest.mark.long
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=needs(name)) for name in ("ATmega2560", "Cortex-M3")]
)
def test_every_shape_equals(name, tmp_path):
    """m = 2 to 512, widths 2 to 16, all kinds of inputs, all readouts, as far as they fit.

    In turns with the runtime for one model and with the one for any.
    """
    rng = np.random.default_rng(1)
    for index, model in enumerate(many_models(seed=1)):
        if c_header.state_bytes(model) > RAM_BYTES:
            continue
        x = random_inputs(rng, model, sequences=2, steps=min(STEPS, model.max_steps))
        target, any_model = TARGETS[name], index % 3 == 0
        checksums = emulation.emulate(target, model, x, tmp_path, any_model=any_model).checksums
        assert (checksums == model.trace(x, workers=1)[1]).all(), model


@pytest.mark.slow
@every_target
def test_readings_are_coded_as_in_python(name, tmp_path):
    """hr_step_raw with companded and linear channels, frames, and readings at both ends."""
    rng = np.random.default_rng(3)
    for _ in range(3):
        shape = {"block_size": 16, "q": 1, "input_bits": 8, "input_size": 6}
        model = recorded(rng, random_model(rng, **shape))
        x = random_readings(rng, model, sequences=2, steps=5)
        run = emulation.emulate(TARGETS[name], model, x, tmp_path, raw=True)
        assert (run.checksums == model.trace(model.quantize_raw(x), workers=1)[1]).all()


ALIGNED = (  # states in a block, bits of states, features, bits of U, fade, bias_shift, bias_bits
    (128, 9, 31, 4, 0, 3, 16),
    (64, 10, 1, 4, 4, 0, 16),
    (32, 11, 9, 4, 2, 7, 16),
    (8, 13, 4, 4, 5, 5, 16),
    (16, 12, 2, 4, 8, 2, 16),
    (64, 10, 31, 2, 5, 6, 16),
    (32, 11, 9, 3, 9, 1, 16),
    (128, 9, 70, 4, 12, 4, 16),
    (32, 10, 255, 2, 0, 0, 16),
    (64, 10, 9, 4, 4, 14, 8),
    (16, 6, 3, 4, 4, 9, 16),  # w above 16
    (4, 14, 1, 3, 3, 0, 16),
    (64, 12, 9, 4, 0, 6, 16),  # transforms of 32 bits
    (128, 12, 9, 3, 9, 4, 16),
    (64, 12, 5, 4, 3, 10, 16),
)


@pytest.mark.slow
@needs("ATmega2560")
@pytest.mark.parametrize("shape", ALIGNED, ids=str)
def test_aligned_update_at_the_ends_of_its_ranges(shape, tmp_path):
    """Saturation, sums beyond 16 bits, every k and both ends of every factor on AVR's own loops."""
    d, bits, features, weight_bits, fade, bias_shift, bias_bits = shape
    rng = np.random.default_rng(2)
    model = random_model(
        rng,
        block_size=d,
        q=max(1, 32 // d),
        input_size=features,
        activation_bits=bits,
        input_weight_bits=weight_bits,
        readout="mean",
        fade=fade,
        bias_shift=bias_shift,
        bias_bits=bias_bits,
        input_bits=4 if features > 31 else 8,
    )
    assert c_loops.is_aligned(model)
    x = random_inputs(rng, model, sequences=4)
    x[1], x[2, ::2] = x.min(), x.max()
    checksums = emulation.emulate(TARGETS["ATmega2560"], model, x, tmp_path).checksums
    assert (checksums == model.trace(x)[1]).all()


@pytest.mark.slow
@needs("ATmega2560")
@pytest.mark.parametrize("activation_bits", [10, 12])
def test_biases_may_be_multiplied_by_all_of_16_bits(activation_bits, tmp_path):
    """Where w is 15 or 13, a bias_shift of 15 or 13 makes 2^16; no narrower bias takes it."""
    rng = np.random.default_rng(5)
    model = random_model(rng, block_size=64, q=1, activation_bits=activation_bits, input_size=2)
    shift = model.fraction_bits - 3
    model = replace(
        model,
        bias_shift=shift,
        bias=rng.choice([-20000, 3, 20000], 64),
        input_multiplier=1000,
    )
    assert c_loops.is_aligned(model) and c_header.bias_table(model)[1] == shift < 16
    x = random_inputs(rng, model)
    checksums = emulation.emulate(TARGETS["ATmega2560"], model, x, tmp_path).checksums
    assert (checksums == model.trace(x)[1]).all()


@pytest.mark.slow
@needs("ATmega2560")
@pytest.mark.parametrize("name", ["copy", "har2"])
def test_shipped_models_take_the_fast_loops(name, tmp_path):
    """Their transforms take 32 bits, and the weights of copy are multiplied by 24."""
    model = load(ROOT / "shipped" / name / "model.hrnn")
    assert c_loops.is_aligned(model)
    x = random_inputs(np.random.default_rng(0), model, sequences=2, steps=20)
    run = emulation.emulate(TARGETS["ATmega2560"], model, x, tmp_path)
    assert (run.checksums == model.trace(x)[1]).all()
    assert run.steps.max() / 16_000 < (10 if name == "har2" else 4)  # ms


VARIANTS = {
    "2 bits": {"bits": 2},
    "3 bits": {"bits": 3},
    "transform of 32 bits": {"activation_bits": 12},
    "2 bits in a transform of 32 bits": {"bits": 2, "activation_bits": 12},
    "40 inputs": {"input_size": 40},
    "a symbol": {"kind": "symbol"},
    "fading": {"fade": 4},
    "narrow biases": {"bias_bits": 6, "bias_shift": 14},
    "small blocks": {"block_size": 8, "q": 8},
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=needs(name)) for name in ("ATmega2560", "Cortex-M3")]
)
@pytest.mark.parametrize("variant", VARIANTS)
def test_no_shape_is_slow_by_surprise(name, variant, tmp_path):
    """At most 2.5 times what 4 bits, 9 inputs and a transform of 16 bits take for each input; the
    general loops took 10 to 30 times as much. Counts are exact, so this is no timing test.
    """
    plain = {"block_size": 64, "q": 1, "input_size": 9, "activation_bits": 10}
    counts = []
    for fields in (plain, plain | VARIANTS[variant]):
        model = random_model(np.random.default_rng(0), **fields, readout="mean", max_steps=9)
        x = random_inputs(np.random.default_rng(1), model, sequences=1, steps=9)
        run = emulation.emulate(TARGETS[name], model, x, tmp_path)
        assert (run.checksums == model.trace(x)[1]).all()
        counts.append(run.steps.max() / max(9, model.input_size * (model.input_kind == "dense")))
    assert counts[1] <= 2.5 * counts[0]


@pytest.mark.slow
@needs("ATmega328P")
@pytest.mark.parametrize(
    ("d", "q", "bits", "fade", "limit_ms"),
    [(128, 1, 9, 0, 2.3), (128, 1, 9, 4, 2.4), (128, 2, 10, 5, 2.25), (64, 1, 10, 0, 1.1)],
)
def test_limits_on_the_atmega328p(d, q, bits, fade, limit_ms):
    """Cycles are exact, so this is no timing test: ms a step at 16 MHz, 4 kB flash, 1 kB RAM."""
    model = har2_like(d, q=q, activation_bits=bits, fade=fade)
    x = random_inputs(np.random.default_rng(0), model, sequences=1, steps=20)
    result = reporting.measure_all(model, x, ["ATmega328P"])["ATmega328P"]
    assert result["step_max"] / 16_000 <= limit_ms
    assert result["flash_bytes"] <= 4096 and result["ram_bytes"] <= 1024


LIMITS = {  # of a step, of hr_logits, and of code
    "ATmega328P": (36_000, 40_000, 2_648 + 586),
    "Cortex-M0+": (13_500, 5_000, 4_808),
    "Cortex-M3": (6_800, 5_000, 4_380),
    "Cortex-M4": (5_500, 5_000, 4_380),
    "RV32IMAC": (9_500, 5_000, 4_828),
}
"""Code: what the first version of the runtime took for any model (on AVR with its link-time
optimisation, and 15 % of all flash)."""


@pytest.mark.slow
@pytest.mark.parametrize("fade", [0, 4])
@pytest.mark.parametrize("name", [pytest.param(name, marks=needs(name)) for name in LIMITS])
def test_limits_for_128_neurons_and_9_inputs(name, fade):
    """Counts are exact, so this is no timing test. Fading takes an AVR some more."""
    step, logits, code = LIMITS[name]
    model = har2_like(fade=fade)
    x = random_inputs(np.random.default_rng(0), model, sequences=1, steps=20)
    result = reporting.measure_all(model, x, [name])[name]
    assert result["mismatches"] == 0
    assert result["step_median"] <= step + 1_300 * (fade > 0 and name == "ATmega328P")
    assert result["logits_median"] <= logits and result["flash_text_bytes"] <= code


@pytest.mark.slow
@needs("ATmega328P")
def test_static_stack_bounds_the_simulated_one(tmp_path):
    target = TARGETS["ATmega328P"]
    for model in (har2_like(), copy_like()):
        x = random_inputs(np.random.default_rng(0), model, sequences=1, steps=3)
        seen = emulation.emulate(target, model, x, tmp_path).stack
        assert 0 < seen <= memory.worst_stack(target, tmp_path / "device.elf")


@pytest.mark.slow
@needs("Cortex-M3")
def test_cortex_m_example_prints_the_classes(tmp_path):
    rng = np.random.default_rng(3)
    model = recorded(rng, har2_like(class_names=("rest", "move")))
    firmware.write(model, tmp_path)
    options = ["-std=c99", "-O2", "-mcpu=cortex-m3", "-mthumb", *STRICT, "-ffreestanding"]
    options += ["-nostartfiles", "-T", str(EXAMPLE / "board.ld"), "-I", str(tmp_path)]
    files = [EXAMPLE / "main.c", tmp_path / "hadamrnn.c", "-o", tmp_path / "example.elf"]
    compile_c([*options, *files], compiler=["arm-none-eabi-gcc"])
    x = random_readings(rng, model, sequences=3, steps=128)
    board = ["qemu-system-arm", "-M", "mps2-an385", "-display", "none", "-monitor", "none"]
    command = [*board, "-serial", "stdio", "-kernel", tmp_path / "example.elf"]
    wanted = ["ready"] + [model.class_names[i] for i in model.predict_inputs(model.quantize_raw(x))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as board:
        lines = [board.stdout.readline()]
        board.stdin.write(emulation.stored(model, x, raw=True).tobytes())
        board.stdin.flush()
        lines += [board.stdout.readline() for _ in x]
        board.kill()
    assert [line.decode().strip() for line in lines] == wanted


def test_a_model_beyond_the_memory_is_not_run():
    """256 states of 12 bits with their sums take 2,560 bytes; an ATmega328P has 2,048."""
    model = har2_like(256, activation_bits=12)
    x = random_inputs(np.random.default_rng(0), model, sequences=1, steps=1)
    words = "the state takes 2560 bytes, its memory has 2048"
    assert reporting.measure_all(model, x, ["ATmega328P"]) == {"ATmega328P": {"not_run": words}}


def test_missing_tools_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    model = har2_like()
    x = random_inputs(np.random.default_rng(0), model, sequences=1, steps=1)
    result = reporting.measure_all(model, x, ["Cortex-M3"])["Cortex-M3"]
    assert result["not_run"].startswith("missing arm-none-eabi-gcc")
    with pytest.raises(HadamrnnError, match="Cortex-M3: needs a cross compiler .* missing: arm-"):
        emulation.emulate(TARGETS["Cortex-M3"], model, x, tmp_path)

"""The runtime on emulated microcontrollers equals the integer model; the examples build and run."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from hadamrnn.errors import HadamrnnError
from hadamrnn.export import firmware
from hadamrnn.integer import c_header
from hadamrnn.integer.accounting import sizes
from hadamrnn.targets import emulation, memory
from hadamrnn.targets.compiler import STRICT, compile_c
from hadamrnn.targets.processors import TARGETS
from tests.random_models import STEPS, many_models, random_inputs, random_model

EXAMPLE = Path(__file__).parents[2] / "examples" / "cortex_m"
RAM_BYTES = 6000  # of an ATmega2560, for the states


def needs(name):
    missing = TARGETS[name].missing()
    return pytest.mark.skipif(bool(missing), reason=f"{name} needs {', '.join(missing)}")


every_target = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=needs(name)) for name in TARGETS]
)


def har2_like(d=128, **fields):
    """A random model of the shape that the speed and size limits are stated for."""
    fields = {"activation_bits": 9, "bias_shift": 6, "max_steps": 128, **fields}
    rng = np.random.default_rng(d)
    return random_model(
        rng,
        block_size=d,
        q=1,
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
        result = emulation.measure_all(model, x, [name])[name]
        assert result["mismatches"] == 0 and result["sequences"] == sequences
        assert result["flash_table_bytes"] == sizes(model)["total_bytes"]
        assert result["flash_bytes"] > result["flash_text_bytes"] > 1000
        assert result["step_median"] <= result["step_max"] < 1.2 * result["step_median"]
        assert result["ram_bytes"] == result["ram_static_bytes"] + result["stack_bytes"]
        json.dumps(result)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=needs(name)) for name in ("ATmega2560", "Cortex-M3")]
)
def test_every_shape_equals(name, tmp_path):
    """m = 2 to 512, widths 2 to 16, both input kinds, all readouts, as far as they fit."""
    rng = np.random.default_rng(1)
    for model in many_models(seed=1):
        if c_header.state_bytes(model) > RAM_BYTES:
            continue
        x = random_inputs(rng, model, sequences=2, steps=min(STEPS, model.max_steps))
        checksums = emulation.emulate(TARGETS[name], model, x, tmp_path).checksums
        assert (checksums == model.trace(x, workers=1)[1]).all(), model


@pytest.mark.slow
@needs("ATmega2560")
def test_aligned_update_at_the_ends_of_its_ranges(tmp_path):
    """Saturation, sums beyond 16 bits, 1 to 31 features and every k on the AVR's own loops."""
    rng = np.random.default_rng(2)
    for d, bits, features in ((128, 9, 31), (64, 10, 1), (32, 11, 9), (8, 13, 4), (16, 12, 2)):
        model = random_model(
            rng,
            block_size=d,
            q=2 if d < 64 else 1,
            input_size=features,
            activation_bits=bits,
            readout="mean",
            bias_shift=int(rng.integers(0, 8)),
        )
        assert c_header.aligned_shift(model) != c_header.NOT_ALIGNED
        x = random_inputs(rng, model, sequences=4)
        x[1], x[2, ::2] = -128, 127
        checksums = emulation.emulate(TARGETS["ATmega2560"], model, x, tmp_path).checksums
        assert (checksums == model.trace(x)[1]).all(), (d, bits, features)


@pytest.mark.slow
@needs("ATmega328P")
@pytest.mark.parametrize(("d", "bits", "limit_ms"), [(128, 9, 3.0), (64, 10, 1.5)])
def test_limits_on_the_atmega328p(d, bits, limit_ms):
    """Cycles are exact, so this is no timing test: ms a step at 16 MHz, 4 kB flash, 1 kB RAM."""
    model = har2_like(d, activation_bits=bits)
    x = random_inputs(np.random.default_rng(0), model, sequences=1, steps=20)
    result = emulation.measure_all(model, x, ["ATmega328P"])["ATmega328P"]
    assert result["step_max"] / 16_000 <= limit_ms
    assert result["flash_bytes"] <= 4096 and result["ram_bytes"] <= 1024


@pytest.mark.slow
@needs("Cortex-M3")
def test_limit_on_the_cortex_m3():
    model = har2_like()
    x = random_inputs(np.random.default_rng(0), model, sequences=1, steps=20)
    assert emulation.measure_all(model, x, ["Cortex-M3"])["Cortex-M3"]["step_max"] <= 8000


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
    model = har2_like(class_names=("rest", "move"))
    firmware.write(model, tmp_path)
    options = ["-std=c99", "-O2", "-mcpu=cortex-m3", "-mthumb", *STRICT, "-ffreestanding"]
    options += ["-nostartfiles", "-T", str(EXAMPLE / "board.ld"), "-I", str(tmp_path)]
    files = [EXAMPLE / "main.c", tmp_path / "hadamrnn.c", "-o", tmp_path / "example.elf"]
    compile_c([*options, *files], compiler=["arm-none-eabi-gcc"])
    x = random_inputs(np.random.default_rng(3), model, sequences=3, steps=128)
    board = ["qemu-system-arm", "-M", "mps2-an385", "-display", "none", "-monitor", "none"]
    command = [*board, "-serial", "stdio", "-kernel", tmp_path / "example.elf"]
    wanted = ["ready"] + [model.class_names[i] for i in model.run_logits(x).argmax(axis=1)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as board:
        lines = [board.stdout.readline()]
        board.stdin.write(x.tobytes())
        board.stdin.flush()
        lines += [board.stdout.readline() for _ in x]
        board.kill()
    assert [line.decode().strip() for line in lines] == wanted


def test_a_model_beyond_the_memory_is_not_run():
    """256 states of 12 bits with their sums take 2,560 bytes; an ATmega328P has 2,048."""
    model = har2_like(256, activation_bits=12)
    x = random_inputs(np.random.default_rng(0), model, sequences=1, steps=1)
    words = "the state takes 2560 bytes, its memory has 2048"
    assert emulation.measure_all(model, x, ["ATmega328P"]) == {"ATmega328P": {"not_run": words}}


def test_missing_tools_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    model = har2_like()
    x = random_inputs(np.random.default_rng(0), model, sequences=1, steps=1)
    result = emulation.measure_all(model, x, ["Cortex-M3"])["Cortex-M3"]
    assert result["not_run"].startswith("missing arm-none-eabi-gcc")
    with pytest.raises(HadamrnnError, match="Cortex-M3: needs a cross compiler .* missing: arm-"):
        emulation.emulate(TARGETS["Cortex-M3"], model, x, tmp_path)

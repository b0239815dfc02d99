"""The device guide's commands, word by word: emulated boards print the class of raw readings."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hadamrnn import cli
from hadamrnn.compiler import compile_c
from hadamrnn.integer import load
from hadamrnn.targets import emulation
from hadamrnn.targets.processors import TARGETS
from tests.docs.pages import ROOT, blocks

GUIDE = ROOT / "docs/guides/device.md"
READINGS = "readings.bin"
pytestmark = pytest.mark.slow


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with what a clone has, and the readings that the guide makes."""
    for name in ("examples", "results", "shipped"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    (line,) = (block for block in blocks(GUIDE, ("sh",)) if READINGS in block.splitlines()[0])
    subprocess.run([sys.executable, *shlex.split(line)[1:]], check=True)
    return tmp_path


def commands(start):
    """The commands of the one block of the guide that begins with ``start``, as lists of words."""
    (block,) = (block for block in blocks(GUIDE, ("sh",)) if block.startswith(start))
    return [shlex.split(line) for line in block.replace("\\\n", " ").splitlines()]


def wanted(path):
    """The name of the class that Python gives the readings."""
    model = load(path, engine="numpy")
    known = model.recording
    counts = np.fromfile(READINGS, "<i2").reshape(1, -1, model.input_size)
    readings = counts * np.tile(known.unit, known.frame) + np.tile(known.offset, known.frame)
    (found,) = model.predict_inputs(model.quantize_raw(readings))
    return model.class_names[found]


def first_lines(command, count=2):
    """What a program that never ends prints first, of the readings on its standard input."""
    with (
        open(READINGS, "rb") as readings,
        subprocess.Popen(command, stdin=readings, stdout=subprocess.PIPE) as running,
    ):
        lines = [running.stdout.readline().decode().strip() for _ in range(count)]
        running.kill()
    return lines


def needs(*tools):
    missing = [tool for tool in tools if not shutil.which(tool)]
    return pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}")


@needs("arm-none-eabi-gcc", "qemu-system-arm")
def test_an_emulated_cortex_m3_prints_the_class(here):
    assert cli.main(commands("hadamrnn firmware shipped/har2")[0][1:]) == 0
    build, run = commands("arm-none-eabi-gcc")
    subprocess.run(build, check=True)
    assert first_lines(run) == ["ready", wanted("shipped/har2/model.hrnn")]


@pytest.fixture
def uno(here):
    """The guide's commands for the Uno, but the last, which is given back."""
    write, build, run = commands("hadamrnn firmware results/paper/har2-uno")
    assert cli.main(write[1:]) == 0
    subprocess.run([*build, "-Wall", "-Wextra", "-Werror"], check=True)
    return run


@needs("avr-gcc", "qemu-system-avr")
def test_an_emulated_uno_prints_the_class(uno):
    assert uno[-2:] == ["<", READINGS]
    assert first_lines(uno[:-2]) == ["ready", wanted("results/paper/har2-uno-seed1.hrnn")]


@needs("avr-gcc")
@pytest.mark.skipif(bool(TARGETS["ATmega328P"].missing()), reason="needs simavr")
def test_simavr_prints_the_classes_of_three_sequences(uno, here):
    model = load("results/paper/har2-uno-seed1.hrnn", engine="numpy")
    counts = np.random.default_rng(1).integers(-9000, 9000, (3, model.max_steps, 9))
    x = counts * model.recording.unit + model.recording.offset
    program = Path(__file__).with_name("simavr_serial.c")
    compile_c(["-O2", program, "-o", "serial", "-lsimavr", "-lelf"])
    stored = emulation.stored(model, x, raw=True).tobytes()
    command = [here / "serial", "uno.elf", "4"]
    done = subprocess.run(command, input=stored, capture_output=True, check=True)
    names = [model.class_names[c] for c in model.predict_inputs(model.quantize_raw(x))]
    assert done.stdout.decode().split("\n")[-5:-1] == ["ready", *names]

"""Compilers and processors: no warning from any, and the same integers wherever they run."""

import shutil
import struct
import subprocess
from dataclasses import dataclass, field

import numpy as np
import pytest

from hadamrnn.compiler import STRICT, compile_c
from hadamrnn.integer import packed
from hadamrnn.runtime import sources
from tests.random_models import random_inputs, random_model

SECONDS = 60
CORTEX = ("-mthumb", "-ffreestanding")
C, CPP = ("-std=c99",), ("-x", "c++")


@dataclass(frozen=True)
class Build:
    """A compiler, its options, what runs its programs, and whether they run at all."""

    compiler: str
    options: tuple[str, ...]
    runner: tuple[str, ...] = ()
    runs: bool = True
    order: str = "<"
    language: tuple[str, ...] = C
    strict: tuple[str, ...] = field(default=STRICT)

    def __str__(self):
        named = [option for option in self.options if not option.startswith("-I")]
        return " ".join((self.compiler, *self.language[1:], *named))

    def missing(self):
        tools = (self.compiler, *self.runner[:1])
        return [tool for tool in tools if not shutil.which(tool)]


ARMHF = ("qemu-arm-static",)
XTENSA = ("-ffreestanding", f"-I{sources.FOLDER / 'targets/browser'}")  # whose string.h it takes
BIG = {"runner": ("qemu-ppc-static",), "order": ">"}
BUILDS = [
    Build("gcc", ("-O0",)),
    Build("gcc", ("-O3", "-march=native")),
    Build("gcc", ("-Os", "-flto")),
    Build("gcc", ("-O2", "-DHR_SMALL", "-DHR_NO_VECTORS")),
    Build("clang", ("-O1",)),
    Build("tcc", (), strict=("-Wall", "-Werror")),
    Build("g++", ("-O2", "-std=c++11"), language=CPP),
    Build("clang++", ("-O2", "-mavx2", "-std=c++17"), language=CPP),
    Build("i686-linux-gnu-gcc", ("-O2", "-static"), runner=("qemu-i386-static",)),
    Build("powerpc-linux-gnu-gcc", ("-O2", "-static"), **BIG),
    # Without vectors it takes the form of a Cortex-M4.
    Build("arm-linux-gnueabihf-gcc", ("-O2", "-DHR_NO_VECTORS", "-static"), runner=ARMHF),
    Build("s390x-linux-gnu-gcc", ("-O2", "-static"), runner=("qemu-s390x-static",), order=">"),
    Build("arm-none-eabi-gcc", ("-O2", "-mcpu=cortex-m0plus", *CORTEX), runs=False),
    Build("arm-none-eabi-gcc", ("-O3", "-mcpu=cortex-m55", *CORTEX), runs=False),
    *(Build("gcc", (level,)) for level in ("-O1", "-O2", "-O3")),
    *(Build("clang", options) for options in (("-O0",), ("-O2",), ("-O3", "-march=native"))),
    Build("clang", ("-Os",)),
    Build("g++", ("-O3", "-march=native", "-std=c++20"), language=CPP),
    Build("clang++", ("-O0", "-std=c++11"), language=CPP),
    Build("i686-linux-gnu-gcc", ("-O3", "-msse2", "-static"), runner=("qemu-i386-static",)),
    Build("powerpc-linux-gnu-gcc", ("-O3", "-static"), **BIG),
    Build("arm-linux-gnueabihf-gcc", ("-O3", "-mfpu=neon", "-static"), runner=ARMHF),
    Build("aarch64-linux-gnu-gcc", ("-O3", "-static"), runner=("qemu-aarch64-static",)),
    *(Build("xtensa-lx106-elf-gcc", (level, *XTENSA), runs=False) for level in ("-Os", "-O2")),
    *(
        Build("arm-none-eabi-gcc", (level, f"-mcpu=cortex-{core}", *CORTEX), runs=False)
        for core in ("m0plus", "m3", "m4", "m7", "m33", "m55")
        for level in ("-Os", "-O2", "-O3")
    ),
    *(
        Build("riscv64-unknown-elf-gcc", ("-O2", *machine, "--specs=picolibc.specs"), runs=False)
        for machine in (("-march=rv32imac", "-mabi=ilp32"), ("-march=rv64gc", "-mabi=lp64d"))
    ),
    *(
        Build("avr-gcc", ("-Os", f"-mmcu={mcu}"), runs=False, strict=STRICT)
        for mcu in ("atmega328p", "atmega2560", "attiny85", "attiny1634")
    ),
]


def models():
    """Each kind of loop once: pairs, words of 32 bits, general weights, symbols, read-outs."""
    rng = np.random.default_rng(9)
    return [
        random_model(rng, block_size=64, q=1, activation_bits=10, input_size=20, readout="mean"),
        random_model(rng, block_size=32, q=2, activation_bits=13, readout="log_mean", fade=3),
        random_model(rng, block_size=16, q=3, bits=6, input_weight_bits=2, multiplied=True),
        random_model(rng, block_size=8, q=5, kind="symbol", per_step=True, input_weight_bits=3),
    ]


@pytest.mark.long
@pytest.mark.parametrize("build", BUILDS, ids=str)
def test_no_warning_and_the_same_integers(build, tmp_path):
    if build.missing():
        pytest.skip(f"needs {', '.join(build.missing())}")
    files = [sources.write_one_file(tmp_path), sources.FOLDER / "hadamrnn_load.c"]
    objects = []
    for path in files:
        objects.append(tmp_path / f"{path.stem}.o")
        options = [*build.language, *build.options, *build.strict, "-I", tmp_path]
        compile_c([*options, "-c", path, "-o", objects[-1]], [build.compiler])
    if not build.runs:
        return
    main, program = sources.FOLDER / "targets" / "host_program.c", tmp_path / "program"
    plain = build.compiler.replace("clang++", "clang").replace("g++", "gcc")
    options = [option for option in build.options if not option.startswith("-std")]
    compile_c([*C, *options, "-I", tmp_path, main, *objects, "-o", program], [plain])
    for model in models():
        x = random_inputs(np.random.default_rng(1), model, sequences=2)
        logits, checksums = model.trace(x)
        kind = "u2" if model.input_kind == "symbol" else "i1"
        head = struct.pack(f"{build.order}II", *x.shape[:2])
        (tmp_path / "in").write_bytes(head + x.astype(build.order + kind).tobytes())
        (tmp_path / "model.hrnn").write_bytes(packed.to_bytes(model))
        command = [*build.runner, str(program), "in", "out", "1", "model.hrnn"]
        subprocess.run(command, cwd=tmp_path, check=True, timeout=SECONDS)
        words = np.fromfile(tmp_path / "out", build.order + "u4")[: logits.size + len(x)]
        assert words[: logits.size].astype(np.int32).tolist() == logits.ravel().tolist()
        assert words[logits.size :].tolist() == checksums.tolist(), model

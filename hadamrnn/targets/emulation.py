"""The C runtime on emulated microcontrollers: equality with the integer model, and cost.

Every integer that it computes is compared; the cost is flash, RAM, cycles or instructions a step.

What runs is what users copy, cross-compiled with the model's generated header; the emulator feeds
it real sequences and hashes every state, sum and logit of every step.
"""

import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn.compiler import compile_c
from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import IntegerModel, c_header
from hadamrnn.integer.recording import counts
from hadamrnn.targets import memory
from hadamrnn.targets.processors import PROGRAMS, Target, require

TIMEOUT_SECONDS = 3600


def definitions(model: IntegerModel, raw: bool = False) -> list[str]:
    """Compiler options that tell the programs in runtime/targets which model they hold."""
    model_names = c_header.names_of(model)
    upper = model_names.upper
    names = {
        "HR_MODEL_HEADER": '"model.h"',
        "HR_MODEL": model_names.model,
        "HR_STATE": f"{upper}_STATE",
        "HR_INPUTS": f"{upper}_INPUT_SIZE",
        "HR_OUTPUTS": f"{upper}_OUTPUT_SIZE",
    }
    options = [f"-D{name}={value}" for name, value in names.items()]
    if model.input_kind == "symbol":
        return [*options, "-DHR_SYMBOLS"]
    return [*options, "-DHR_READINGS"] if raw else options


def stored(model: IntegerModel, inputs: npt.ArrayLike, raw: bool = False) -> npt.NDArray[Any]:
    """Inputs as the programs in runtime/targets read them from a file.

    Parameters
    ----------
    model : IntegerModel
        What runs.
    inputs : array_like, (..., features) or (...)
        As ``model.quantize_input`` gives, or readings.
    raw : bool
        Whether inputs are readings in the recorder's units; of symbols there are no others.

    Returns
    -------
    array of int8, of int16 for readings or of uint16 for symbols
        Of the same shape, little endian.
    """
    if model.input_kind == "symbol":
        return np.ascontiguousarray(model.check_input(inputs), dtype="<u2")
    if raw and model.recording is not None:
        return np.ascontiguousarray(counts(model.recording, inputs), dtype="<i2")
    return np.ascontiguousarray(model.check_input(inputs), dtype=np.int8)


@dataclass(frozen=True, eq=False)
class Run:
    """What a target did with some sequences.

    Attributes
    ----------
    steps : (sequences, time) int64
        What each ``hr_step`` took, in the target's unit.
    logits : (sequences,) int64
        What the last ``hr_logits`` took.
    checksums : (sequences,) uint32
        As ``IntegerModel.trace``.
    stack : int or None
        Deepest stack in bytes as simavr saw it; None elsewhere.
    """

    steps: npt.NDArray[np.int64]
    logits: npt.NDArray[np.int64]
    checksums: npt.NDArray[np.uint32]
    stack: int | None


def emulate(
    target: Target,
    model: IntegerModel,
    inputs: npt.ArrayLike,
    folder: Path,
    raw: bool = False,
    any_model: bool = False,
) -> Run:
    """Run sequences on a target.

    Parameters
    ----------
    target : Target
        Where it runs.
    model : IntegerModel
        What runs.
    inputs : (sequences, time, features) or (sequences, time) integers
        As ``model.quantize_input`` gives, or readings.
    folder : Path
        Where sources and program are written.
    raw : bool
        Whether inputs are readings in the recorder's units, which C codes (``hr_step_raw``).
    any_model : bool
        Whether the runtime is one for any model; without, for this one alone.

    Raises
    ------
    HadamrnnError
        If tools are missing, or the program cannot be built or does not end well.
    """
    require(target)
    alone = None if any_model else model
    c_header.write(model, folder / "model.h", alone=True)
    x = stored(model, inputs, raw)
    (folder / "inputs.bin").write_bytes(struct.pack("<II", *x.shape[:2]) + x.tobytes())
    options = definitions(model, raw)
    elf = target.compile("device_main.c", folder, options, "device.elf", model=alone)
    words, printed = execute(target, elf, folder)
    sequences, steps = x.shape[:2]
    if len(words) != 3 + sequences * (steps + 2) or words[-1]:
        raise HadamrnnError(
            f"{target.name}: must finish {sequences} sequences; got {len(words)} words"
        )
    rows = words[2:-1].reshape(sequences, steps + 2)
    taken = in_units(target, words[:2], rows[:, :-1])
    stack = int(printed.rsplit("stack", 1)[1]) if target.avr else None
    return Run(taken[:, :-1], taken[:, -1], rows[:, -1].copy(), stack)


def execute(target: Target, elf: Path, folder: Path) -> tuple[npt.NDArray[np.uint32], str]:
    """Run a program on a target; what it wrote to outputs.bin as words, and what was printed.

    Parameters
    ----------
    target : Target
        Where it runs.
    elf : Path
        The program, which reads inputs.bin.
    folder : Path
        Where both files lie.

    Raises
    ------
    HadamrnnError
        If it does not end well.
    """
    command: list[str | Path] = [*target.runs, elf]
    if target.avr:
        runner = folder / "avr_runner"
        compile_c(["-O2", PROGRAMS / "avr_runner.c", "-o", runner, "-lsimavr", "-lelf"])
        command = [runner, *target.runs[1:], elf, "inputs.bin", "outputs.bin"]
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        timeout=TIMEOUT_SECONDS,
        stdin=subprocess.DEVNULL,
    )
    output = folder / "outputs.bin"
    if done.returncode or not output.exists():
        raise HadamrnnError(
            f"{target.name}: must end without error; got exit code {done.returncode}, "
            f"{done.stderr.strip()[:500]}"
        )
    return np.fromfile(output, "<u4"), done.stdout


def in_units(
    target: Target, measured: npt.NDArray[np.uint32], ticks: npt.NDArray[Any]
) -> npt.NDArray[np.int64]:
    """Counts of the emulator as cycles or instructions of the target.

    Parameters
    ----------
    target : Target
        Where they were counted.
    measured : array of uint32, (2,)
        What an empty measurement and PORT_LOOP took.
    ticks : array of uint32
        The counts.
    """
    empty, loop = measured.astype(np.float64)
    unit = 1.0 if target.unit == "cycles" else (loop - empty) / target.loop
    counts: npt.NDArray[np.int64] = np.rint((ticks - empty) / unit).astype(np.int64)
    return counts


def weigh(
    target: Target,
    model: IntegerModel,
    folder: Path,
    raw: bool = False,
    any_model: bool = False,
) -> dict[str, int]:
    """Flash and RAM of a minimal program less those of an empty one, and the worst-case stack."""
    require(target)
    c_header.write(model, folder / "model.h", alone=True)
    alone = None if any_model else model
    sizes = []
    for name, extra in (("empty.elf", ["-DHR_EMPTY"]), ("flash.elf", [])):
        options = [*definitions(model, raw), *extra]
        target.compile("flash_main.c", folder, options, name, model=alone)
        sizes.append(memory.section_bytes(target, folder / name))
    (empty_flash, empty_ram), (flash, ram) = sizes
    tables = memory.table_bytes(target, folder / "flash.elf", model)
    stack = memory.worst_stack(target, folder / "flash.elf")
    return {
        "flash_bytes": flash - empty_flash,
        "flash_text_bytes": flash - empty_flash - tables,
        "flash_table_bytes": tables,
        "ram_bytes": ram - empty_ram + stack,
        "ram_static_bytes": ram - empty_ram,
        "stack_bytes": stack,
    }


def measure(
    target: Target,
    model: IntegerModel,
    inputs: npt.ArrayLike,
    checksums: np.ndarray,
    raw: bool = False,
    any_model: bool = False,
) -> dict[str, Any]:
    """What one target does with a model: sizes, counts a step, and how many sequences differ.

    Parameters
    ----------
    target : Target
        Where it runs.
    model : IntegerModel
        What runs.
    inputs : (sequences, time, features) or (sequences, time) integers
        As ``model.quantize_input`` gives, or readings.
    checksums : (sequences,) uint32
        As ``model.trace`` gives.
    raw : bool
        Whether inputs are readings in the recorder's units, which C codes (``hr_step_raw``).
    any_model : bool
        As ``emulate``.

    Returns
    -------
    dict
        Counts in ``unit``; ``ms_per_step`` at ``clock_hz`` where units are cycles.
    """
    with tempfile.TemporaryDirectory(prefix="hadamrnn-") as name:
        folder = Path(name)
        run = emulate(target, model, inputs, folder, raw, any_model)
        weights = weigh(target, model, folder, raw, any_model)
    result: dict[str, Any] = {
        "unit": target.unit,
        "sequences": len(run.checksums),
        "steps": int(run.steps.size),
        "mismatches": int((run.checksums != checksums).sum()),
        "step_median": int(np.median(run.steps)),
        "step_max": int(run.steps.max()),
        "logits_median": int(np.median(run.logits)),
        **weights,
    }
    if run.stack is not None:
        result["stack_seen_bytes"] = run.stack
    if target.clock_hz:
        result["clock_hz"] = target.clock_hz
        result["ms_per_step"] = round(1000 * result["step_median"] / target.clock_hz, 4)
    return result

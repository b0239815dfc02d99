"""The C runtime on emulated devices: every integer it computes against the integer model, and what
it costs: flash, RAM, cycles or instructions a step.

What runs is the shipped code, cross-compiled with the model's generated header; the emulator
feeds it real sequences and hashes every state, sum and logit of every step.
"""

import struct
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import c_header
from hadamrnn.targets import host, memory
from hadamrnn.targets.host import compile_c
from hadamrnn.targets.processors import SOURCES, TARGETS, require

TIMEOUT_SECONDS = 3600
STEPS = 12_800
"""Per target in a report, so that simulators need minutes."""
FEWEST, MOST = 10, 100
"""Sequences of a report on a target."""
FACTS = (
    "name", "hidden_size", "block_size", "input_size", "output_size", "readout", "weight_bits",
    "activation_bits", "input_bits", "transform_bits",
)  # fmt: skip


def definitions(model):
    """Compiler options that tell the programs in runtime/targets which model they hold."""
    prefix = c_header.c_name(model.name)
    upper = prefix.upper()
    names = {
        "HR_MODEL_HEADER": '"model.h"', "HR_MODEL": f"{prefix}_model", "HR_STATE": f"{upper}_STATE",
        "HR_INPUTS": f"{upper}_INPUT_SIZE", "HR_OUTPUTS": f"{upper}_OUTPUT_SIZE",
    }  # fmt: skip
    options = [f"-D{name}={value}" for name, value in names.items()]
    return [*options, "-DHR_SYMBOLS"] if model.input_kind == "symbol" else options


def emulate(target, model, x_int, folder):
    """Run sequences on a target: the counts and checksums that it wrote, and its deepest stack.

    x_int : as ``model.quantize_input`` gives, (sequences, time, features) or (sequences, time).
    Returns (counts (sequences, time), logits_counts (sequences,), checksums (sequences,), stack),
    counts in the target's unit; stack in bytes as simavr saw it, None elsewhere.
    Raises HadamrnnError if the program cannot be built or does not end well.
    """
    require(target)
    c_header.write(model, folder / "model.h")
    symbol = model.input_kind == "symbol"
    x = np.ascontiguousarray(model.check_input(x_int), dtype="<u2" if symbol else np.int8)
    (folder / "inputs.bin").write_bytes(struct.pack("<II", *x.shape[:2]) + x.tobytes())
    elf = target.compile("device_main.c", folder, definitions(model), "device.elf")
    command = [*target.runs, str(elf)]
    if target.avr:
        libraries = ["-lsimavr", "-lelf"]
        compile_c(["-O2", SOURCES / "avr_runner.c", "-o", folder / "avr_runner", *libraries])
        command = [folder / "avr_runner", *target.runs[1:], elf, "inputs.bin", "outputs.bin"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    output = folder / "outputs.bin"
    words = np.fromfile(output, "<u4") if output.exists() else np.zeros(0, np.uint32)
    sequences, steps = x.shape[:2]
    if done.returncode or len(words) != 3 + sequences * (steps + 2) or words[-1]:
        raise HadamrnnError(
            f"{target.name}: must finish {sequences} sequences; got exit code {done.returncode}, "
            f"{len(words)} words, {done.stderr.strip()[:500]}"
        )
    empty, loop = words[:2].astype(np.float64)
    rows = words[2:-1].reshape(sequences, steps + 2)
    ticks = 1.0 if target.unit == "cycles" else (loop - empty) / target.loop
    counts = np.rint((rows[:, :-1] - empty) / ticks).astype(np.int64)
    stack = int(done.stdout.rsplit("stack", 1)[1]) if target.avr else None
    return counts[:, :-1], counts[:, -1], rows[:, -1].copy(), stack


def weigh(target, model, folder):
    """Flash and RAM of a minimal program less those of an empty one, and the worst-case stack."""
    require(target)
    c_header.write(model, folder / "model.h")
    sizes = []
    for name, extra in (("empty.elf", ["-DHR_EMPTY"]), ("flash.elf", [])):
        target.compile("flash_main.c", folder, [*definitions(model), *extra], name)
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


def measure(target, model, x_int, checksums):
    """What one target does with a model: sizes, counts a step, and how many sequences differ.

    x_int : as ``model.quantize_input`` gives; checksums : of ``model.trace(x_int)``.
    Counts are in ``unit``; ms_per_step at clock_hz is given where units are cycles.
    """
    with tempfile.TemporaryDirectory(prefix="hadamrnn-") as name:
        folder = Path(name)
        counts, logits, hashes, stack = emulate(target, model, x_int, folder)
        result = {
            "unit": target.unit,
            "sequences": len(hashes),
            "steps": int(counts.size),
            "mismatches": int((hashes != checksums).sum()),
            "step_median": int(np.median(counts)),
            "step_max": int(counts.max()),
            "logits_median": int(np.median(logits)),
            **weigh(target, model, folder),
        }
    if stack is not None:
        result["stack_seen_bytes"] = stack
    if target.clock_hz:
        result["clock_hz"] = target.clock_hz
        result["ms_per_step"] = round(1000 * result["step_median"] / target.clock_hz, 4)
    return result


def spread(x_int):
    """The sequences of ``x_int`` that a report runs on a target: 10 to 100, spread evenly.

    >>> len(spread(np.zeros((2947, 128, 9)))), len(spread(np.zeros((2000, 1000))))
    (100, 12)
    """
    count = max(FEWEST, min(MOST, STEPS // x_int.shape[1]))
    return x_int[:: max(1, len(x_int) // count)][:count]


def report(model, x_int, targets=TARGETS):
    """{"model": FACTS, "targets": measure_all(...) of ``spread``, "host": C of all sequences here}.

    x_int : as ``model.quantize_input`` gives.
    """
    computer = host.parity(model, x_int, trace=True)
    computer["us_per_step"] = round(host.latency_us(model, x_int[0]) / x_int.shape[1], 4)
    return {
        "model": {name: getattr(model, name) for name in FACTS},
        "host": computer,
        "targets": measure_all(model, spread(x_int), targets),
    }


def lines(report):
    """A report as text, one line for this computer and one for each target."""
    computer = report["host"]
    yield (
        f"this computer: {computer['us_per_step']} us a step, "
        f"{computer['c_mismatches']} of {computer['sequences']} sequences differ"
    )
    for name, result in report["targets"].items():
        if "not_run" in result:
            yield f"{name}: not run, {result['not_run']}"
            continue
        time = f" ({result['ms_per_step']} ms)" if "ms_per_step" in result else ""
        yield (
            f"{name}: {result['step_median']} {result['unit']} a step{time}, "
            f"{result['flash_bytes']} bytes of flash, {result['ram_bytes']} of RAM, "
            f"{result['mismatches']} of {result['sequences']} sequences differ"
        )


def measure_all(model, x_int, targets=TARGETS):
    """{name: measure(...)} for every target, or {"not_run": why, as text}.

    Not run is a target whose memory the state alone exceeds, or whose tools are not installed.
    targets : names among ``device_targets.TARGETS``.
    """
    checksums = model.trace(x_int)[1]
    results = {}
    for name in targets:
        target = TARGETS[name]
        reason = _reason_not_to_run(target, model)
        results[name] = {"not_run": reason} if reason else measure(target, model, x_int, checksums)
    return results


def _reason_not_to_run(target, model):
    needed, missing = c_header.state_bytes(model), target.missing()
    if target.avr and model.transform_bits == 16:  # in place, see c_header.state_bytes
        needed -= 2 * model.hidden_size - 4
    if needed > target.ram_bytes:
        return f"the state takes {needed} bytes, its memory has {target.ram_bytes}"
    return f"missing {', '.join(missing)}" if missing else ""

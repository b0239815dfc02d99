"""What a model costs on microcontrollers, without a board: flash, RAM, stack, cycles of a step.

A step of inputs (hr_step) and, where the model takes them, of raw readings (hr_step_raw); flash
and RAM are of a program with the latter. Emulated where a cross compiler and an emulator are
installed (nox -s toolchains), else counted from the model's shape, within a tenth. Cycles are those
of simavr, exact; instructions those of QEMU.
"""

import argparse
import dataclasses
import json

from hadamrnn import integer
from hadamrnn.targets import bench
from hadamrnn.targets.processors import TARGETS

HELP = "what the model costs on microcontrollers"
COLUMNS = ("target", "a step", "from readings", "logits", "flash", "RAM", "of it stack", "")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``hadamrnn bench``."""
    parser.add_argument("file", help="packed model, such as shipped/har2/model.hrnn")
    parser.add_argument(
        "--target",
        action="append",
        choices=TARGETS,
        help="one of the processors, more than once for several; without, all",
    )
    parser.add_argument(
        "--counted", action="store_true", help="count, even where emulators are installed"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Print a table, a row for each target."""
    model = integer.load(options.file)
    costs = {
        name: bench.cost(model, TARGETS[name], options.counted)
        for name in options.target or TARGETS
    }
    if options.json:
        print(json.dumps({name: dataclasses.asdict(cost) for name, cost in costs.items()}))
        return 0
    rows = [COLUMNS, *(_row(name, cost) for name, cost in costs.items())]
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    for row in rows:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
    return 0


def _time(cost: bench.Cost) -> str:
    time = f" ({cost.ms:.2f} ms)" if cost.ms is not None else ""
    return f"{cost.step:,} {cost.unit}{time}"


def _row(name: str, cost: bench.Cost) -> tuple[str, ...]:
    program = cost.raw or cost
    fits = "" if program.fits else f"; its RAM is {TARGETS[name].ram_bytes:,}"
    return (
        name,
        _time(cost),
        _time(cost.raw) if cost.raw else "",
        f"{cost.logits:,}",
        f"{program.flash_bytes:,} bytes",
        f"{program.ram_bytes:,} bytes",
        f"{program.stack_bytes:,}",
        f"{program.source}{fits}",
    )

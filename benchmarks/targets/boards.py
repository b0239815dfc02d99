"""results/boards.json: what models with a sampling rate cost on boards that one can buy.

    python -m benchmarks.targets.boards

emulates a step of every model on the processor of every board; ``python -m docs.generators`` makes
the table of docs/reference/boards.md of it.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hadamrnn import files
from hadamrnn.errors import HadamrnnError, as_sentences
from hadamrnn.integer import load
from hadamrnn.targets import bench
from hadamrnn.targets.processors import TARGETS

RESULT = Path("results/boards.json")


@dataclass(frozen=True, kw_only=True)
class Board:
    """A board or a microcontroller.

    Attributes
    ----------
    name, target : str
        As the table shows it, and its processor in ``processors.TARGETS``.
    clock_hz : int
        The clock that times are stated for.
    cycles : float
        Cycles taken for one unit that the emulator counts: 1 for cycles. Instructions of a
        Cortex-M take 1 or 2 without flash wait states, a few of them more; 2 is more than they
        take in the mean.
    flash_bytes, ram_bytes : int
        Its memory.
    volts, milliamperes : float or None
        Supply and current while it computes at ``clock_hz``; None where no data sheet is named.
    source : str
        Where the current is from.
    """

    name: str
    target: str
    clock_hz: int
    cycles: float
    flash_bytes: int
    ram_bytes: int
    volts: float | None = None
    milliamperes: float | None = None
    source: str = ""


BOARDS = (
    Board(
        name="Arduino Uno",
        target="ATmega328P",
        clock_hz=16_000_000,
        cycles=1,
        flash_bytes=32 << 10,
        ram_bytes=2 << 10,
        volts=5.0,
        milliamperes=10.4,
        source="Atmel-8271H, table 29-12: 5.2 mA at 8 MHz and 5 V, typical; twice that at 16 MHz",
    ),
    Board(
        name="Arduino Mega",
        target="ATmega2560",
        clock_hz=16_000_000,
        cycles=1,
        flash_bytes=256 << 10,
        ram_bytes=8 << 10,
    ),
    Board(
        name="STM32L081CB",
        target="Cortex-M0+",
        clock_hz=32_000_000,
        cycles=2,
        flash_bytes=128 << 10,
        ram_bytes=20 << 10,
        volts=3.0,
        milliamperes=2.976,
        source="ST DS10888, first page: down to 93 µA/MHz in run mode",
    ),
    Board(
        name="STM32L100RB",
        target="Cortex-M3",
        clock_hz=32_000_000,
        cycles=2,
        flash_bytes=128 << 10,
        ram_bytes=10 << 10,
        volts=3.0,
        milliamperes=9.6,
        source="ST DocID024295, table 15: 9.6 mA at 32 MHz from flash, typical",
    ),
)
MODELS = (
    ("har2-uno", "results/paper/har2-uno-seed1.hrnn", 20.0),
    ("har2-small", "results/paper/har2-small-seed1.hrnn", 20.0),
    ("har2", "shipped/har2/model.hrnn", 20.0),
    ("har6", "shipped/har6/model.hrnn", 20.0),
    ("dsa19-small", "results/paper/dsa19-small-seed1.hrnn", 40.0),
    ("dsa19", "shipped/dsa19/model.hrnn", 40.0),
)
"""Name, file, milliseconds between two samples."""


def on_board(board: Board, cost: bench.Cost, period_ms: float) -> dict[str, Any]:
    """What one model takes of a board.

    Parameters
    ----------
    board : Board
        Where it runs.
    cost : bench.Cost
        Of the model on the board's processor.
    period_ms : float
        Between two samples.

    Returns
    -------
    dict
        "flash_bytes", "ram_bytes", "stack_bytes", "fits"; "count" of a step in the processor's
        "unit"; "ms" and "logits_ms" of a step and of ``hr_logits``; "share" of the period that a
        step takes; "microjoules" of a step, or None. "raw" is the same with ``hr_step_raw``, which
        codes readings, or None for a model that takes none.
    """
    ms, logits_ms = (
        1000 * count * board.cycles / board.clock_hz for count in (cost.step, cost.logits)
    )
    energy = None
    if board.volts is not None and board.milliamperes is not None:
        energy = round(ms * board.milliamperes * board.volts, 2)
    return {
        "flash_bytes": cost.flash_bytes,
        "ram_bytes": cost.ram_bytes,
        "stack_bytes": cost.stack_bytes,
        "fits": cost.flash_bytes <= board.flash_bytes and cost.ram_bytes <= board.ram_bytes,
        "count": cost.step,
        "unit": cost.unit,
        "ms": round(ms, 3),
        "logits_ms": round(logits_ms, 3),
        "share": round(ms / period_ms, 4),
        "microjoules": energy,
        "raw": on_board(board, cost.raw, period_ms) if cost.raw else None,
    }


def table(root: Path = Path()) -> dict[str, Any]:
    """All boards and all models, as results/boards.json has them.

    Raises
    ------
    HadamrnnError
        If the tools of a target are missing, so that its figures could not be emulated.
    """
    missing = sorted({tool for board in BOARDS for tool in TARGETS[board.target].missing()})
    if missing:
        raise HadamrnnError(f"boards: must be emulated; missing: {', '.join(missing)}")
    models = {}
    for name, path, period_ms in MODELS:
        model = load(root / path)
        rows = {}
        for board in BOARDS:
            cost = bench.cost(model, TARGETS[board.target])
            rows[board.name] = on_board(board, cost, period_ms)
        models[name] = {"file": path, "period_ms": period_ms, "boards": rows}
    return {"boards": {b.name: dataclasses.asdict(b) for b in BOARDS}, "models": models}


def main() -> None:
    files.write_json(RESULT, table())


if __name__ == "__main__":
    with as_sentences():
        main()

"""docs/reference/boards.md: boards and models, from results/boards.json."""

from typing import Any

HEAD = """\
# Boards

What a model takes of a board: flash, RAM and the deepest stack of the smallest program with it,
start-up code excepted, from raw readings to a class; the time of one step, of inputs that the
program codes itself (`hr_step`) and of readings (`hr_step_raw`); the share of the sampling period
that the latter fills, and its energy at the data sheet's current. `python -m
benchmarks.targets.boards` measures by emulation, without a board: cycles of an AVR are exact,
instructions of a Cortex-M are counted and taken as 2 cycles each, more than they take in the mean
without flash wait states. `hadamrnn bench FILE` does the same for a model of yours.

har2-uno, har2-small and dsa19-small are runs of paper.yaml ([results](../results/README.md)), the
others are shipped.
"""
COLUMNS = (
    "model",
    "flash, bytes",
    "RAM, bytes",
    "of it stack",
    "`hr_step`, {unit}",
    "ms",
    "`hr_step_raw`, {unit}",
    "ms",
    "share of the period",
    "µJ",
)


def _row(name: str, row: dict[str, Any]) -> str:
    raw = row["raw"] or row
    cells = [name, *(f"{raw[key]:,}" for key in ("flash_bytes", "ram_bytes", "stack_bytes"))]
    if not raw["fits"]:
        cells += ["does not fit", *[""] * (len(COLUMNS) - 5)]
        return f"| {' | '.join(cells)} |"
    for one in (row, raw):
        cells += [f"{one['count']:,}", f"{one['ms']:.2f}"]
    energy = "" if raw["microjoules"] is None else f"{raw['microjoules']:,.1f}"
    cells += [f"{100 * raw['share']:.1f} %", energy]
    return f"| {' | '.join(cells)} |"


def page(found: dict[str, Any]) -> str:
    """The page.

    Parameters
    ----------
    found : dict
        results/boards.json, as ``benchmarks.targets.boards.table`` makes it.

    Returns
    -------
    str
        Markdown.
    """
    out = [HEAD]
    for name, board in found["boards"].items():
        clock = board["clock_hz"] // 1_000_000
        out.append(f"## {name}\n")
        memory = f"{board['flash_bytes'] >> 10} kB of flash, {board['ram_bytes'] >> 10} kB of RAM"
        current = (
            f"{board['milliamperes']:.3g} mA at {board['volts']:.3g} V ({board['source']})."
            if board["source"]
            else "no current given."
        )
        out.append(f"{board['target']} at {clock} MHz, {memory}; {current}\n")
        unit = next(iter(found["models"].values()))["boards"][name]["unit"]
        out.append(f"| {' | '.join(COLUMNS)} |".format(unit=unit))
        out.append("| --- " * len(COLUMNS) + "|")
        out += [_row(model, entry["boards"][name]) for model, entry in found["models"].items()]
        out.append("")
    return "\n".join(out)

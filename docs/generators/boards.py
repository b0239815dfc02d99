"""docs/reference/boards.md: boards and models, from results/boards.json."""

from typing import Any

HEAD = """\
# Boards

What a model takes of a board: flash and RAM of the smallest program with it, start-up code
excepted; the time of one step and the share of the sampling period that it fills; the energy of a
step at the data sheet's current. `python -m benchmarks.targets.boards` measures by emulation,
without a board: cycles of an AVR are exact, instructions of a Cortex-M are counted and taken as 2
cycles each, more than they take in the mean without flash wait states. `hadamrnn bench FILE` does
the same for a model of yours.

har2-uno, har2-small and dsa19-small are runs of paper.yaml ([results](../results/README.md)), the
others are shipped.
"""


def _row(name: str, row: dict[str, Any]) -> str:
    share = f"{100 * row['share']:.1f} %"
    energy = "" if row["microjoules"] is None else f"{row['microjoules']:,.1f}"
    if not row["fits"]:
        return f"| {name} | {row['flash_bytes']:,} | {row['ram_bytes']:,} | does not fit | | |"
    cells = (f"{row['flash_bytes']:,}", f"{row['ram_bytes']:,}", f"{row['ms']:.2f}", share, energy)
    return f"| {name} | {' | '.join(cells)} |"


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
        out.append("| model | flash, bytes | RAM, bytes | ms a step | share of the period | µJ |")
        out.append("| --- | --- | --- | --- | --- | --- |")
        out += [_row(model, entry["boards"][name]) for model, entry in found["models"].items()]
        out.append("")
    return "\n".join(out)

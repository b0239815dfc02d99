"""results/studies/rounding_<benchmark>.svg, from what benchmarks.studies.rounding wrote.

    python -m benchmarks.studies.rounding_figure copy

Left: integer cross-entropy against the width of the states, a line for each width of the weights.
Right: the same against the size of the packed file, a line for each width of the states.
"""

import csv
import sys
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.plots import COLOURS, MARKERS, save
from hadamrnn.errors import as_sentences

FOLDER = Path("results/studies")
SHOWN = (8, 9, 10, 12, 14, 16)
"""Widths of the states in the right panel."""


def read(path: Path) -> dict:
    """{weight width as text: {activation width: row}} of all rows that have a score."""
    found: dict[str, dict[int, dict]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["cross_entropy"]:
                found.setdefault(row["weight_bits"], {})[int(row["activation_bits"])] = row
    return found


def _weights(width):
    return {"1": "ternary", "null": "full precision"}.get(width, f"{width} bits")


def _against_states(axes, rows):
    for k, (width, scores) in enumerate(rows.items()):
        bits = sorted(scores)
        losses = [float(scores[b]["cross_entropy"]) for b in bits]
        style = {"color": COLOURS[k % 8], "marker": MARKERS[k % 8], "ms": 5, "lw": 1.3}
        axes.plot(bits, losses, label=_weights(width), **style)
        loss = float(scores[bits[0]]["float_cross_entropy"])
        axes.plot([bits[-1] + 0.3, bits[-1] + 0.8], [loss] * 2, color=COLOURS[k % 8], lw=2)
    ticks = sorted({b for scores in rows.values() for b in scores})
    axes.set_xticks(ticks)
    axes.set(
        yscale="log",
        xlabel="activation_bits, bits of the state (dash at the right: float states)",
        ylabel="validation cross-entropy, nats per step",
    )
    axes.legend(title="weights U, V", fontsize=8, title_fontsize=8)


def _against_bytes(axes, rows):
    for k, bits in enumerate(SHOWN):
        found = sorted(
            (int(scores[bits]["packed_bytes"]), float(scores[bits]["cross_entropy"]))
            for scores in rows.values()
            if bits in scores
        )
        style = {"color": COLOURS[k], "marker": MARKERS[k], "ms": 5, "lw": 1.3}
        axes.plot(*zip(*found, strict=True), label=f"{bits} bits", **style)
    axes.set(yscale="log", xlabel="size of model.hrnn, bytes")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.legend(title="states", fontsize=8, title_fontsize=8)


def draw(benchmark: str, folder: Path = FOLDER) -> None:
    """Write the figure of one benchmark beside its CSV file."""
    rows = read(folder / f"rounding_{benchmark}.csv")
    figure = Figure(figsize=(9.5, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    _against_states(left, rows)
    _against_bytes(right, rows)
    for axes in (left, right):
        axes.grid(alpha=0.3, which="both", lw=0.5)
    figure.suptitle(f"{benchmark}: integers after training, one model for each width of U and V")
    save(figure, folder, f"rounding_{benchmark}")


if __name__ == "__main__":
    with as_sentences():
        draw(sys.argv[1])

"""results/growth.svg: a panel for each thing that grows, all scales logarithmic."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.plots import COLOURS, MARKERS, save

LABELS = {
    "steps": "T, steps",
    "hidden_size": "d, neurons",
    "batch": "sequences in a batch",
    "rows": "rows of a sweep",
    "auto": "form chosen by dispatch",
    "scan": "scan",
    "plan": "planned",
    "look": "looked at",
}


def _lines(axes: Axes, values: list[int], series: dict[str, dict[str, Any]], unit: str) -> None:
    for number, (name, one) in enumerate(series.items()):
        text = f"{LABELS[name]}, slope of the last three {one['slope_of_largest_three']:.2f}"
        style = {"color": COLOURS[number], "ms": 4}
        axes.plot(values, one["measured"], f"{MARKERS[number]}-", label=text, **style)
        law = "law" if number == 0 else None
        axes.plot(values, one["predicted"], ":", color=COLOURS[number], label=law)
    axes.set(xscale="log", yscale="log", ylabel=unit)
    axes.set_xticks(values, [f"{value:,}" for value in values], fontsize=8)
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7)


def draw(results: dict[str, Any], folder: Path) -> None:
    """Write growth.svg of what ``results`` holds into ``folder``."""
    found = {name: one for name, one in results.items() if name != "conditions"}
    figure = Figure(figsize=(4.3 * len(found), 7.5), layout="constrained")
    grid = figure.subplots(2, len(found), squeeze=False)
    for (above, below), (name, one) in zip(grid.T, found.items(), strict=True):
        unit = "seconds" if name == "rows" else "seconds per training step"
        _lines(above, one["values"], one["seconds"], unit)
        above.set_xlabel(LABELS[name])
        below.set_visible("bytes" in one)
        if "bytes" in one:
            _lines(below, one["values"], {"auto": one["bytes"]}, "bytes above imports and data")
            below.set_xlabel(LABELS[name])
    about = results["conditions"]
    title = f"{about['machine']['cpu']}, {about['machine']['cores']} cores"
    figure.suptitle(title + (" (QUICK RUN: numbers mean nothing)" if about["quick"] else ""))
    save(figure, folder, "growth")

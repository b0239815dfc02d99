"""The figure of ``stream``: false alarms of an always-on har2 against the events that it misses."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from benchmarks.plots import COLOURS, save


def figure(rows: list[dict[str, Any]], best: dict[str, int], folder: Path) -> None:
    """Write stream.svg: misses against false alarms an hour, with the margins."""
    drawing = Figure(figsize=(6, 4), layout="constrained")
    axes = drawing.subplots()
    smoothing = best["shift"], best["smooth"]
    curve = [row for row in rows if (row["shift"], row["smooth"]) == smoothing]
    left_out = [row for row in curve if row["split"] != "test"]
    parts = {
        "people left out": [row for row in left_out if not row["hold"]],
        "the same, answers held": [row for row in left_out if row["hold"] == row["reject"]],
        "test people": [row for row in curve if row["split"] == "test"],
    }
    for (label, own), colour, marker in zip(
        parts.items(), (COLOURS[1], COLOURS[2], COLOURS[0]), ("o-", "s-", "D"), strict=True
    ):
        own.sort(key=lambda r: r["reject"])
        alarms = [r["false_alarms_per_hour"] for r in own]
        misses = [100 * (1 - r["event_recall"]) for r in own]
        axes.plot(alarms, misses, marker, color=colour, ms=5, lw=1.3, label=label)
        for row, x, y in zip(own, alarms, misses, strict=True):
            place = (-4, -11) if label == "the same, answers held" else (4, 5)
            axes.annotate(str(row["reject"]), (x, y), place, textcoords="offset points", size=7)
    axes.set(xlabel="false alarms an hour", ylabel="missed events, %")
    axes.set_xscale("symlog", linthresh=2)
    axes.set_xticks([0, 1, 2, 5, 10, 20, 50, 100], ["0", "1", "2", "5", "10", "20", "50", "100"])
    axes.set_title(
        f"har2 as a stream: the margin of an answer; {best['reject']}, held to "
        f"{best['reject'] - best['hold']}, chosen"
    )
    axes.title.set_size(9)
    axes.legend()
    save(drawing, folder, "stream")

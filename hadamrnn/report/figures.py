"""Figures of the paper's runs: groups of runs in, matplotlib figures out.

Text stays text in the SVG, and nothing in it depends on the clock, so that equal runs give equal
files.
"""

from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from hadamrnn.report import published

MODELS = {
    "hadamrnn": ("HadamRNN, this project", "#c1272d", "o"),
    "hadamrelu": ("relu inside the recurrence", "#f4a3a6", "o"),
    "qornn": ("QORNN", "#e69f00", "s"),
    "ornn": ("orthogonal RNN, float", "#b8860b", "s"),
    "fastgrnn": ("FastGRNN", "#009e73", "^"),
    "lstm": ("LSTM", "#0072b2", "D"),
    "gru": ("GRU", "#56b4e9", "D"),
    "rnn": ("RNN", "#4d4d4d", "D"),
}
"""Label, colour and marker by ``model``."""

STYLE: Any = {
    "svg.hashsalt": "hadamrnn", "svg.fonttype": "none", "font.size": 9, "axes.grid": True,
    "grid.alpha": 0.3, "axes.axisbelow": True,
}  # fmt: skip


def save(figure, path):
    """Write ``path``.svg and ``path``.png (200 dots an inch); the same bytes for equal figures."""
    with rc_context(STYLE):
        figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})
        figure.savefig(path.with_suffix(".png"), dpi=200, metadata={"Software": None})


def _percent(run):
    return 100 * run.accuracy()


def _point(axes, group, x, label):
    name, colour, marker = MODELS[group.first.model]
    error = group.deviation(_percent)
    axes.errorbar(
        group.mean(x), group.mean(_percent), yerr=error, color=colour, capsize=3,
        marker="x" if _official(group) else marker, linestyle="none", label=name if label else None,
    )  # fmt: skip


def _official(group):
    return group.name.endswith("-official")


def _points(axes, groups, x):
    shown = set()
    for group in groups:
        _point(axes, group, x, group.first.model not in shown)
        shown.add(group.first.model)


def _words(run):
    parts = [f"d={run.hidden_size}"]
    if run.model == "hadamrnn":
        parts += [f"q={run.q}"] if run.q > 1 else []
        parts += ["float" if run.weight_bits is None else f"{run.weight_bits} bits"]
        parts += ["published recipe"] if run.group.endswith("-official") else []
    return ", ".join(parts)


def accuracy_against_size(benchmark, groups):
    """Test accuracy against bytes: every group of ``benchmark``, and published figures, hollow.

    Runs of the published recipe are crosses.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(6.4, 4.2), layout="constrained")
        axes = figure.add_subplot()
        _points(axes, groups, lambda run: run.size_bytes)
        for group in groups:
            place = (group.mean(lambda run: run.size_bytes), group.mean(_percent))
            axes.annotate(_words(group.first), place, (5, -9), textcoords="offset points", size=6)
        known = [entry for entry in published.of(benchmark) if entry.size_bytes]
        for i, entry in enumerate(known):
            label = "published, not measured here" if i == 0 else None
            axes.plot(entry.size_bytes, entry.accuracy, "o", mfc="none", color="#777", label=label)
            place = (entry.size_bytes, entry.accuracy)
            axes.annotate(entry.model, place, (5, 4), textcoords="offset points", size=6)
        axes.set(xscale="log", xlabel="model size without embeddings (bytes)",
                 ylabel="test accuracy (%)", title=benchmark)  # fmt: skip
        axes.legend(fontsize=7, loc="lower right")
    return figure


def accuracy_against_operations(benchmark, groups):
    """Test accuracy against integer operations a time step; one group for each number of blocks."""
    groups = sorted(groups, key=lambda group: group.first.q)
    with rc_context(STYLE):
        figure = Figure(figsize=(5.2, 3.6), layout="constrained")
        axes = figure.add_subplot()
        places = [(g.mean(lambda run: run.operations), g.mean(_percent)) for g in groups]
        axes.plot(*zip(*places, strict=True), color="#c1272d", alpha=0.4)
        _points(axes, groups, lambda run: run.operations)
        for group, place in zip(groups, places, strict=True):
            axes.annotate(f"q={group.first.q}", place, (5, 5), textcoords="offset points", size=7)
        axes.set(xlabel="additions, multiplications and shifts per time step",
                 ylabel="test accuracy (%)", title=f"{benchmark}, d = {groups[0].first.hidden_size}"
                 )  # fmt: skip
    return figure


def models_compared(benchmark, groups):
    """Accuracy and time to train of every model on one benchmark, side by side."""
    with rc_context(STYLE):
        figure = Figure(figsize=(6.4, 0.5 * len(groups) + 1.4), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        for row, group in enumerate(groups):
            _, colour, _ = MODELS[group.first.model]
            accuracy = group.mean(_percent)
            seconds = group.mean(lambda run: run.metrics["train"]["seconds_per_epoch"])
            left.barh(row, accuracy, color=colour, xerr=group.deviation(_percent))
            right.barh(row, seconds, color=colour)
            left.annotate(f"{accuracy:.1f}", (accuracy, row), (-24, -3), size=7, color="white",
                          textcoords="offset points")  # fmt: skip
            right.annotate(f" {seconds:.2g} s", (seconds, row), va="center", size=7)
        labels = [f"{MODELS[g.first.model][0]}, d={g.first.hidden_size}" for g in groups]
        left.set_yticks(range(len(groups)), labels, size=7)
        lowest = min(group.mean(_percent) for group in groups)
        left.set(xlim=(max(0, lowest - 15), 100), xlabel="test accuracy (%)")
        right.set(xlabel="seconds per epoch")
        right.margins(x=0.2)
        figure.suptitle(benchmark)
    return figure


def learning_curves(benchmark, groups):
    """Validation accuracy, and signs flipped per optimizer step, against epochs; first seeds."""
    with rc_context(STYLE):
        figure = Figure(figsize=(6.4, 4.6), layout="constrained")
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
        for group in groups:
            rows = group.first.history
            epochs = [int(row["epoch"]) for row in rows]
            accuracy = [100 * float(row["valid_accuracy"]) for row in rows]
            seen = any(row.get("validation_held_out") == "False" for row in rows)
            label = (
                f"{group.name} (final fit: validation rows are trained on)" if seen else group.name
            )
            top.plot(epochs, accuracy, label=label, lw=1)
            bottom.plot(epochs, [float(row["flips_per_step"]) for row in rows], lw=1)
        top.set(ylabel="validation accuracy (%)", title=benchmark)
        top.legend(fontsize=7)
        bottom.set(xlabel="epoch", ylabel="signs flipped\nper step")
        bottom.set_yscale("symlog", linthresh=0.01)
    return figure


def confusion(run):
    """The confusion matrix of ``run`` on the test set, a row an actual class, in percent."""
    names = list(dict.fromkeys(row["actual"] for row in run.confusion))
    names = sorted(names, key=lambda name: (len(name), name))
    index = {name: i for i, name in enumerate(names)}
    counts = np.zeros((len(names), len(names)))
    for row in run.confusion:
        counts[index[row["actual"]], index[row["predicted"]]] += int(row["count"])
    shares = 100 * counts / counts.sum(1, keepdims=True)
    with rc_context({**STYLE, "axes.grid": False}):
        side = 2.5 + 0.32 * len(names)
        figure = Figure(figsize=(side + 0.8, side), layout="constrained")
        axes = figure.add_subplot()
        image = axes.imshow(shares, cmap="Reds", vmin=0, vmax=100)
        for (i, j), share in np.ndenumerate(shares):
            if share >= 0.5:
                axes.text(j, i, f"{share:.0f}", ha="center", va="center", size=6,
                          color="white" if share > 55 else "black")  # fmt: skip
        axes.set_xticks(range(len(names)), names, rotation=90, size=7)
        axes.set_yticks(range(len(names)), names, size=7)
        axes.set(xlabel="predicted class", ylabel="actual class", title=run.benchmark)
        figure.colorbar(image, label="% of the actual class", shrink=0.8)
    return figure

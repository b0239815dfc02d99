"""The kinds of figures: groups of runs in, a matplotlib figure out."""

import textwrap
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hadamrnn.report import labels, published
from hadamrnn.report.runs import Group, Run, percent
from hadamrnn.report.style import STYLE, look

SAID = ("bits", "width")
"""Sweeps whose values are in the labels without their names."""
TICKS = (0, 30, 50, 60, 70, 80, 85, 90, 92, 94, 95, 96, 97, 98, 98.5, 99, 99.5)
"""Of an axis of accuracies, in percent."""


def _official(group: Group) -> bool:
    return group.name.endswith("-official")


def _points(axes: Axes, groups: Sequence[Group], x: Callable[[Run], float]) -> None:
    shown: set[str] = set()
    for group in groups:
        name, colour, marker = look(group.first.model)
        axes.errorbar(
            group.mean(x),
            group.mean(percent),
            yerr=group.deviation(percent),
            color=colour,
            ecolor=colour,
            mec=colour if _official(group) else "white",
            mew=1.3 if _official(group) else 0.4,
            mfc="white" if _official(group) else colour,
            ms=7,
            capsize=3,
            marker=marker,
            linestyle="none",
            label=None if name in shown else name,
        )
        shown.add(name)


def _accuracy_axis(axes: Axes) -> None:
    """About equal steps where the error halves: good models are told apart beside bad ones."""
    # Around a single model of 100 % the axis would go on to 105.
    forward, back = (lambda y: -np.log(101 - np.minimum(y, 100.5))), (lambda y: 101 - np.exp(-y))
    axes.set_yscale("function", functions=(forward, back))
    low, high = axes.get_ylim()
    ticks = [tick for tick in TICKS if low <= tick <= high]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_ylim(low, min(high, 100.5))


def words(group: Group) -> str:
    """What sets a group apart from others of its model, for its label.

    Parameters
    ----------
    group : Group
        Of a benchmark's runs.

    Returns
    -------
    str
        As "d=384, q=6, 4 bits", with the variant's name in front.
    """
    run = group.first
    parts = [f"d={run.hidden_size}"]
    if run.q is not None and run.q > 1:
        parts += [f"q={run.q}"]
    parts += [run.weights]
    variant = group.name.removeprefix(run.benchmark).removeprefix("-").split("-")[0]
    return ", ".join(parts) if variant in ("", *SAID) else f"{variant}: {', '.join(parts)}"


def accuracy_against_size(benchmark: str, groups: Sequence[Group]) -> Figure:
    """Test accuracy against bytes: every group, and published figures as grey rings.

    Parameters
    ----------
    benchmark : str
        The data set.
    groups : sequence of Group
        A point each, with the deviation between its seeds.

    Returns
    -------
    Figure
        Sizes on a logarithmic axis.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(7.2, 5.2), layout="constrained")
        axes = figure.add_subplot()
        _points(axes, groups, lambda run: run.size_bytes)
        points = [
            labels.Point(
                group.mean(lambda run: run.size_bytes),
                group.mean(percent),
                words(group),
                group.deviation(percent) or 0,
            )
            for group in groups
        ]
        known = [entry for entry in published.of(benchmark) if entry.size_bytes]
        for i, entry in enumerate(known):
            assert entry.size_bytes is not None
            label = "published, not measured here" if i == 0 else None
            axes.plot(entry.size_bytes, entry.accuracy, "o", mfc="none", color="#777", label=label)
            points.append(labels.Point(entry.size_bytes, entry.accuracy, entry.model))
        axes.set(
            xscale="log",
            xlabel="model size (bytes)",
            ylabel="test accuracy (%)",
            title=benchmark,
        )
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.margins(x=0.08, y=0.08)
        _accuracy_axis(axes)
        figure.legend(loc="outside lower center", ncols=3, fontsize=7)
        labels.place(axes, points)
    return figure


def accuracy_against_operations(benchmark: str, groups: Sequence[Group]) -> Figure:
    """Test accuracy against integer operations a time step, a point for each number of blocks.

    Parameters
    ----------
    benchmark : str
        The data set.
    groups : sequence of Group
        Of one width, which differ in their blocks.

    Returns
    -------
    Figure
        Every point labelled with its number of blocks.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(5.6, 3.8), layout="constrained")
        axes = figure.add_subplot()
        _points(axes, groups, lambda run: run.operations)
        axes.set(
            xlabel="additions, multiplications and shifts per time step",
            ylabel="test accuracy (%)",
            title=f"{benchmark}, d = {groups[0].first.hidden_size}, q blocks",
        )
        axes.margins(0.1)
        points = [
            labels.Point(
                group.mean(lambda run: run.operations),
                group.mean(percent),
                f"q={group.first.q}",
                group.deviation(percent) or 0,
            )
            for group in groups
        ]
        labels.place(axes, points, size=7.5)
    return figure


def models_compared(benchmark: str, groups: Sequence[Group]) -> Figure:
    """Accuracy and time to train of several models, side by side.

    Parameters
    ----------
    benchmark : str
        The data set.
    groups : sequence of Group
        One for each model, all of one recipe; the first gives the recipe its name.

    Returns
    -------
    Figure
        A bar for each model, in either panel.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(7.2, 0.42 * len(groups) + 1.5), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        for row, group in enumerate(groups):
            colour = look(group.first.model).colour
            accuracy = group.mean(percent)
            seconds = group.mean(lambda run: run.metrics["train"]["seconds_per_epoch"])
            deviation = group.deviation(percent)
            marker = look(group.first.model).marker
            left.errorbar(accuracy, row, xerr=deviation, color=colour, marker=marker, capsize=3)
            right.barh(row, seconds, color=colour, height=0.6)
            beside = {"textcoords": "offset points", "va": "center", "size": 7}
            left.annotate(f"{accuracy:.1f}", (accuracy + (deviation or 0), row), (6, 0), **beside)
            right.annotate(f"{seconds:.2g} s", (seconds, row), (3, 0), **beside)
        names = [f"{look(group.first.model).label}\n{_shape(group.first)}" for group in groups]
        left.set_yticks(range(len(groups)), names, size=7)
        left.invert_yaxis()
        left.set(xlabel="test accuracy (%)")
        left.margins(x=0.2)
        right.set(xlabel="seconds per epoch of training")
        right.margins(x=0.2)
        for axes in (left, right):
            axes.grid(visible=False, axis="y")
        figure.suptitle(f"{benchmark}: models trained with the recipe {groups[0].name}")
    return figure


def _shape(run: Run) -> str:
    return f"d={run.hidden_size}, {run.weights}, {run.size_bytes:,} bytes"


def confusion(run: Run) -> Figure:
    """The confusion matrix of one run on the test set, in percent of each actual class.

    Parameters
    ----------
    run : Run
        With a confusion matrix.

    Returns
    -------
    Figure
        A row an actual class, a column a predicted one.
    """
    matrix = run.record["confusion"]
    counts = np.asarray(matrix["counts"], float)
    shares = 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1)
    names = [textwrap.fill(name, 24) for name in matrix["classes"]]
    longest = max(len(line) for name in names for line in name.splitlines())
    with rc_context({**STYLE, "axes.grid": False}):
        side = 0.32 * max(len(names), 4)
        room = 0.5 + 0.075 * longest
        figure = Figure(figsize=(side + room + 0.4, side + room + 0.4), layout="constrained")
        axes = figure.add_subplot()
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
        for (i, j), share in np.ndenumerate(shares):
            if share >= 0.5:
                colour = "white" if share > 55 else "black"
                axes.text(j, i, f"{share:.0f}", ha="center", va="center", size=6.5, color=colour)
        axes.set_xticks(range(len(names)), names, rotation=90, size=7)
        axes.set_yticks(range(len(names)), names, size=7)
        axes.set(xlabel="predicted class", ylabel="actual class", title=f"{run.group} (%)")
    return figure

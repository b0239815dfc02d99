"""Learning curves: groups of runs in, a matplotlib figure out."""

from collections.abc import Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, SymmetricalLogLocator

from hadamrnn.report.runs import Group
from hadamrnn.report.style import LINES, STYLE


def learning_curves(benchmark: str, groups: Sequence[Group]) -> Figure:
    """What validation data say after every epoch, and signs flipped per optimiser step.

    Of copy, where an answer that is always blank is right in 99 steps of 100, the cross-entropy is
    shown; of other benchmarks the accuracy.

    Parameters
    ----------
    benchmark : str
        The data set.
    groups : sequence of Group
        A line each, of its first seed.

    Returns
    -------
    Figure
        Two panels over epochs.
    """
    per_step = groups[0].first.per_step
    with rc_context(STYLE):
        figure = Figure(figsize=(6.4, 4.6), layout="constrained")
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
        for group, (colour, dashes) in zip(groups, LINES, strict=False):
            columns = group.first.record["history"]
            values = np.asarray(columns["valid_cross_entropy" if per_step else "valid_accuracy"])
            seen = not all(columns.get("validation_held_out", [True]))
            label = f"{group.name} (validation rows are trained on)" if seen else group.name
            line = {"color": colour, "ls": dashes, "lw": 1.2}
            top.plot(columns["epoch"], values if per_step else 100 * values, label=label, **line)
            bottom.plot(columns["epoch"], columns["flips_per_step"], **line)
        if per_step:
            top.set(ylabel="validation cross-entropy (nats)", yscale="log")
        else:
            top.set(ylabel="validation accuracy (%)")
        top.set(title=benchmark)
        top.legend(fontsize=7)
        bottom.set(xlabel="epoch", ylabel="signs flipped\nper step")
        bottom.set_yscale("symlog", linthresh=0.01)
        bottom.yaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=0.01, subs=(1, 3)))
        bottom.yaxis.set_major_formatter("{x:g}")
        bottom.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure

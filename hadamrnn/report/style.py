"""How figures look and are stored.

Colours are those of Okabe and Ito, told apart with every kind of colour blindness
(https://jfly.uni-koeln.de/color); each model also has a mark of its own. The background is white,
so that text can be read on a dark page too.
"""

from pathlib import Path
from typing import Any, NamedTuple

from matplotlib import rc_context
from matplotlib.figure import Figure

STYLE: Any = {
    "svg.hashsalt": "hadamrnn",
    "svg.fonttype": "none",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "font.size": 9,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.axisbelow": True,
}
"""Of matplotlib. Text stays text in the SVG, and its names of parts do not depend on chance."""


class Look(NamedTuple):
    """Label, colour and mark of a model."""

    label: str
    colour: str
    marker: str


MODELS = {
    "hadamrnn": Look("HadamRNN, this project", "#d55e00", "o"),
    "hadamrelu": Look("relu inside the recurrence", "#cc79a7", "X"),
    "qornn": Look("QORNN", "#e69f00", "s"),
    "ornn": Look("orthogonal RNN", "#7f6000", "p"),
    "fastgrnn": Look("FastGRNN", "#009e73", "^"),
    "lstm": Look("LSTM", "#0072b2", "D"),
    "gru": Look("GRU", "#56b4e9", "v"),
    "rnn": Look("RNN", "#4d4d4d", "P"),
}

LINES = (("#d55e00", "-"), ("#0072b2", "--"), ("#009e73", "-."), ("#cc79a7", ":"))
"""Colour and dashes of the lines of one panel."""


def look(model: str) -> Look:
    """How a model is drawn.

    Parameters
    ----------
    model : str
        Its name in params.yaml.

    Returns
    -------
    Look
        A grey star for a model that is not in MODELS.
    """
    return MODELS.get(model, Look(model, "#777777", "*"))


def save(figure: Figure, path: Path) -> None:
    """Write ``path``.svg; the same bytes for equal figures.

    Parameters
    ----------
    figure : Figure
        Drawn within ``rc_context(STYLE)``.
    path : Path
        Without an ending.
    """
    with rc_context(STYLE):
        figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})

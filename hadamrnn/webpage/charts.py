"""Charts as SVG to stand in a page: texts in the page's own colour, a hint on every mark.

Altair describes them, vl-convert draws them; a page of them holds no script. Colours are those of
Okabe and Ito, told apart with every kind of colour blindness; lines differ by dashes as well.
"""

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

import altair
import numpy as np
import numpy.typing as npt
import vl_convert

COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f6000", "#777777")
WIDTH, HEIGHT = 340, 190
"""Of the inside of a chart; narrow, so that its words can be read on a phone."""
LONGEST = 120
"""Pixels of a class's name."""
CONFIG: dict[str, Any] = {
    "background": "transparent",
    "view": {"stroke": None},
    "axis": {"gridColor": "#8884", "domainColor": "#888", "tickColor": "#888"}
    | {"labelLimit": LONGEST},
    "legend": {"orient": "top", "labelLimit": 2 * WIDTH, "symbolSize": 300},
    "range": {"category": list(COLOURS)},
}
"""Of vega-lite."""
Point = tuple[float, float]


def _data(rows: Sequence[Mapping[str, object]]) -> altair.InlineData:
    return altair.InlineData(values=[dict(row) for row in rows])


def _svg(chart: altair.TopLevelMixin, title: str) -> str:
    """The chart, as wide as its place, with a title for who cannot see it."""
    drawn = vl_convert.vegalite_to_svg(chart.to_dict() | {"config": CONFIG})
    width = int(re.search(r'width="(\d+)"', drawn)[1])  # type: ignore[index]  # of every SVG
    size = re.search(r'viewBox="[^"]*"', drawn)[0]  # type: ignore[index]
    # One picture for screen readers; where a mouse rests browsers show titles, not labels.
    plain = re.sub(r' (aria-hidden|aria-roledescription|role|pointer-events)="[^"]*"', "", drawn)
    shown = re.sub(
        r'<path aria-label="([^"]*)"([^>]*)/>', r"<path\2><title>\1</title></path>", plain
    )
    return (
        f'<svg {size} role="img" aria-label="{html.escape(title)}" '
        f'style="max-width:{1.5 * width:.0f}px">{shown[shown.index(">") + 1 :]}'
    )


def lines(title: str, series: Mapping[str, Sequence[Point]], x_label: str, y_label: str) -> str:
    """Lines of one panel.

    Parameters
    ----------
    title : str
        For who cannot see it.
    series : mapping of str to sequence of (x, y)
        By their words in the legend, each with one point or more.
    x_label, y_label : str
        Of the axes.

    Returns
    -------
    str
        SVG.
    """
    rows = [{"x": x, "y": y, "line": name} for name, line in series.items() for x, y in line]
    axis = altair.Axis(grid=False, tickMinStep=1)
    chart = (
        altair.Chart(_data(rows), width=WIDTH, height=HEIGHT)
        .mark_line(point=len(rows) == len(series))
        .encode(
            x=altair.X("x:Q", title=x_label, axis=axis, scale=altair.Scale(nice=False)),
            y=altair.Y("y:Q", title=y_label, scale=altair.Scale(zero=False)),
            color=altair.Color("line:N", title=None, sort=None),
            strokeDash=altair.StrokeDash("line:N", title=None, sort=None),
        )
    )
    return _svg(chart, title)


def matrix(title: str, names: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """A confusion matrix: rows are actual classes, columns predicted ones.

    Parameters
    ----------
    title : str
        For who cannot see it.
    names : sequence of str
        Of the classes.
    counts : sequence of sequence of int
        Row by row.

    Returns
    -------
    str
        SVG.
    """
    rows = [
        {
            "actual": name,
            "predicted": guess,
            "count": count,
            "share": round(count / max(1, sum(line)), 3),
            "right": name == guess,
            "words": f"{name} taken for {guess}: {count} of {sum(line)}",
        }
        for name, line in zip(names, counts, strict=True)
        for guess, count in zip(names, line, strict=True)
    ]
    cell = max(12, min(44, 400 // len(names)))
    base = altair.Chart(_data(rows), width=altair.Step(cell), height=altair.Step(cell)).encode(
        x=altair.X("predicted:N", sort=list(names)), y=altair.Y("actual:N", sort=list(names))
    )
    # Paler than the colour, so that black and white numbers can be read on every cell.
    cells = base.mark_rect(stroke="#8888").encode(
        color=altair.condition("datum.right", altair.value(COLOURS[1]), altair.value(COLOURS[0])),
        fillOpacity=altair.Opacity(
            "share:Q", scale=altair.Scale(domain=[0, 1], range=[0, 0.6]), legend=None
        ),
        description="words:N",
    )
    layers = [cells]
    if cell > 24:
        numbers = base.mark_text(aria=False).encode(text="count:Q")
        layers.append(numbers.transform_filter("datum.count > 0"))
    return _svg(altair.layer(*layers), title)


def shares(title: str, parts: Mapping[str, int], unit: str) -> str:
    """A bar for each of several parts.

    Parameters
    ----------
    title : str
        For who cannot see it.
    parts : mapping of str to int
        Sizes by name, some above 0.
    unit : str
        Of the sizes.

    Returns
    -------
    str
        SVG.
    """
    rows = [{"part": name, "size": size, "words": f"{size:,}"} for name, size in parts.items()]
    base = altair.Chart(_data(rows), width=WIDTH - 80, height=altair.Step(22)).encode(
        x=altair.X("size:Q", title=unit, axis=altair.Axis(tickCount=4)),
        y=altair.Y("part:N", sort=[*parts], title=None),
    )
    bars = base.mark_bar(color=COLOURS[1])
    words = base.mark_text(align="left", dx=4, aria=False).encode(text="words:N")
    return _svg(altair.layer(bars, words), title)


def sequence(title: str, channels: Sequence[Sequence[float]]) -> str:
    """A recording as small lines over one another.

    Parameters
    ----------
    title : str
        For who cannot see it.
    channels : sequence of sequence of float
        Readings of each.

    Returns
    -------
    str
        SVG.
    """
    rows = [
        {"step": step, "reading": value, "channel": number}
        for number, channel in enumerate(channels)
        for step, value in enumerate(channel)
    ]
    chart = (
        altair.Chart(_data(rows), width=200, height=60)
        .mark_line(strokeWidth=1.3, aria=False)
        .encode(
            x=altair.X("step:Q", axis=None, scale=altair.Scale(nice=False)),
            y=altair.Y("reading:Q", axis=None, scale=altair.Scale(zero=False)),
            color=altair.Color("channel:N", legend=None),
        )
    )
    return _svg(chart, title)


def scatter(title: str, pairs: npt.NDArray[np.float64], name: str) -> str:
    """Predicted over actual numbers, and the line on which they are equal.

    Parameters
    ----------
    title : str
        For who cannot see it.
    pairs : array of float64, (n, 2)
        Actual and predicted.
    name : str
        Of the numbers.

    Returns
    -------
    str
        SVG.
    """
    ends = [{"actual": v, "predicted": v} for v in (float(pairs.min()), float(pairs.max()))]
    points = [{"actual": a, "predicted": p} for a, p in pairs.tolist()]
    scale = altair.Scale(zero=False)
    places = {
        "x": altair.X("actual:Q", title=f"{name}, actual", scale=scale),
        "y": altair.Y("predicted:Q", title=f"{name}, predicted", scale=scale),
    }
    line = altair.Chart(_data(ends)).mark_line(color="#888", strokeWidth=1, aria=False)
    marks = altair.Chart(_data(points)).mark_point(
        color=COLOURS[1], filled=True, opacity=0.5, size=18, aria=False
    )
    layers = altair.layer(line.encode(**places), marks.encode(**places))
    return _svg(layers.properties(width=240, height=240), title)


def plane(title: str, numbers: npt.NDArray[np.complex128]) -> str:
    """Complex numbers, and the unit circle.

    Parameters
    ----------
    title : str
        For who cannot see it.
    numbers : array of complex, (n,)

    Returns
    -------
    str
        SVG.
    """
    turn = np.exp(2j * np.pi * np.linspace(0, 1, 181))
    circle = [{"x": z.real, "y": z.imag, "k": k} for k, z in enumerate(turn.round(4).tolist())]
    points = [{"x": z.real, "y": z.imag} for z in numbers.round(4).tolist()]
    scale = altair.Scale(domain=[-1.1, 1.1], nice=False)
    places = {
        "x": altair.X("x:Q", title="real part", scale=scale),
        "y": altair.Y("y:Q", title="imaginary part", scale=scale),
    }
    ring = altair.Chart(_data(circle)).mark_line(color="#888", strokeWidth=1, aria=False)
    marks = altair.Chart(_data(points)).mark_point(
        color=COLOURS[0], filled=True, opacity=0.5, size=18, aria=False
    )
    layers = altair.layer(ring.encode(order="k:Q", **places), marks.encode(**places))
    return _svg(layers.properties(width=240, height=240), title)

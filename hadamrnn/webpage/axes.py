"""Axes of a chart as SVG: round ticks, and where values lie."""

import html
import math
from collections.abc import Sequence

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 640, 300, 64, 44, 14, 16
MOST_TICKS = 6
Point = tuple[float, float]


def ticks(low: float, high: float) -> list[float]:
    """Round numbers between two ends, one to ``MOST_TICKS``.

    Parameters
    ----------
    low, high : float
        Finite, low not above high.

    Returns
    -------
    list of float

    Examples
    --------
    >>> ticks(0, 1), ticks(3, 3)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [3.0])
    """
    if high <= low:
        return [float(low)]
    step = 10.0 ** math.floor(math.log10((high - low) / MOST_TICKS))
    while (high - low) / step > MOST_TICKS:
        step *= 2 if f"{step:e}"[0] in "15" else 2.5
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 12) for k in range(first, math.floor(high / step + 1e-9) + 1)]


def text(x: float, y: float, words: str, anchor: str = "middle", extra: str = "") -> str:
    """Words in a chart.

    Parameters
    ----------
    x, y : float
        Where they stand, in the chart's units.
    words : str
        Not escaped.
    anchor : {"start", "middle", "end"}
        What of them stands there.
    extra : str
        Further attributes, each with a space in front.

    Returns
    -------
    str
        SVG.
    """
    escaped = html.escape(words)
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}>{escaped}</text>'


class Axes:
    """Places of values in a chart, and its frame.

    Parameters
    ----------
    xs, ys : sequence of float
        All that is to be seen, one or more.
    logarithmic : bool
        Whether x is; its values are then above 0.
    """

    def __init__(self, xs: Sequence[float], ys: Sequence[float], logarithmic: bool) -> None:
        self.logarithmic = logarithmic
        inner = [self.scaled(x) for x in xs]
        self.x0, self.x1 = min(inner), max(inner)
        self.y0, self.y1 = min(ys), max(ys)
        if self.x1 == self.x0:
            self.x0, self.x1 = self.x0 - 0.5, self.x1 + 0.5
        if self.y1 == self.y0:
            self.y0, self.y1 = self.y0 - 0.5, self.y1 + 0.5

    def scaled(self, x: float) -> float:
        """A value of x along its axis."""
        return math.log10(x) if self.logarithmic else x

    def at(self, x: float, y: float) -> Point:
        """Where values lie in the chart's units."""
        share = (self.scaled(x) - self.x0) / (self.x1 - self.x0)
        up = (y - self.y0) / (self.y1 - self.y0)
        return (
            LEFT + share * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM),
        )

    def frame(self, x_label: str, y_label: str) -> str:
        """Grid, ticks and labels as SVG."""
        parts = []
        for y in ticks(self.y0, self.y1):
            _, place = self.at(10**self.x0 if self.logarithmic else self.x0, y)
            parts.append(
                f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{place:.1f}" '
                f'y2="{place:.1f}"/>{text(LEFT - 6, place + 4, f"{y:g}", "end")}'
            )
        if self.logarithmic:
            whole = range(math.floor(self.x0), math.ceil(self.x1) + 1)
            values = [k * 10.0**e for e in whole for k in (1, 2, 5)]
            shown = [v for v in values if self.x0 - 1e-9 <= math.log10(v) <= self.x1 + 1e-9]
        else:
            shown = ticks(self.x0, self.x1)
        for x in shown:
            place, _ = self.at(x, self.y0)
            parts.append(text(place, HEIGHT - BOTTOM + 18, f"{x:,g}"))
        middle = (HEIGHT - BOTTOM + TOP) / 2
        parts.append(text((WIDTH + LEFT) / 2, HEIGHT - 6, x_label))
        turned = f' transform="rotate(-90 14 {middle:.1f})"'
        parts.append(text(14, middle, y_label, extra=turned))
        return "".join(parts)

"""Charts as SVG to stand in a page: text and axes in the page's own colour, hints on every mark.

Colours are those of Okabe and Ito, told apart with every kind of colour blindness; lines differ by
dashes and marks by shape as well. Every chart has a title that screen readers find.
"""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hadamrnn.webpage.axes import HEIGHT, WIDTH, Axes, Point, text

COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
DASHES = ("", "6 3", "2 2", "8 3 2 3")


@dataclass(frozen=True)
class Mark:
    """A point of a scatter chart.

    Parameters
    ----------
    x, y : float
    kind : str
        Its line in the legend.
    hint : str
        What is shown where the mouse rests on it.
    """

    x: float
    y: float
    kind: str
    hint: str


def _svg(title: str, body: str, width: float = WIDTH, height: float = HEIGHT) -> str:
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{html.escape(title)}" '
        f'style="max-width:{1.3 * width:.0f}px">'
        f"{body}</svg>"
    )


def _legend(kinds: Sequence[str], sign: Mapping[str, str]) -> str:
    """Signs and words above the chart; they wrap on a narrow screen."""
    items = "".join(
        f'<li><svg viewBox="0 0 28 12" class="sign" aria-hidden="true">{sign[kind]}</svg>'
        f"{html.escape(kind)}</li>"
        for kind in kinds
    )
    return f'<ul class="legend">{items}</ul>'


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
        HTML.
    """
    points = [point for line in series.values() for point in line]
    axes = Axes([x for x, _ in points], [y for _, y in points], logarithmic=False)
    body, sign = [axes.frame(x_label, y_label)], {}
    for number, (name, line) in enumerate(series.items()):
        colour, dashes = COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]
        style = f'fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"'
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in (axes.at(*point) for point in line))
        x, y = line[-1]
        words = html.escape(f"{name}: {y:.4g} at {x:g}")
        body.append(f'<polyline points="{path}" {style}><title>{words}</title></polyline>')
        sign[name] = f'<line x1="0" x2="28" y1="6" y2="6" {style}/>'
    return _legend([*series], sign) + _svg(title, "".join(body))


def _shape(number: int, x: float, y: float) -> str:
    colour = COLOURS[number % len(COLOURS)]
    if number == 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="{colour}"/>'
    if number == 1:
        return (
            f'<rect x="{x - 4.5:.1f}" y="{y - 4.5:.1f}" width="9" height="9" fill="none" '
            f'stroke="{colour}" stroke-width="2"/>'
        )
    corners = f"{x:.1f},{y - 5:.1f} {x + 5:.1f},{y + 4:.1f} {x - 5:.1f},{y + 4:.1f}"
    return f'<polygon points="{corners}" fill="{colour}"/>'


def scatter(title: str, marks: Sequence[Mark], x_label: str, y_label: str) -> str:
    """Points over a logarithmic axis.

    Parameters
    ----------
    title : str
        For who cannot see it.
    marks : sequence of Mark
        One or more; x above 0.
    x_label, y_label : str
        Of the axes.

    Returns
    -------
    str
        HTML.
    """
    axes = Axes([mark.x for mark in marks], [mark.y for mark in marks], logarithmic=True)
    kinds = [*dict.fromkeys(mark.kind for mark in marks)]
    body = [axes.frame(x_label, y_label)]
    for mark in reversed(marks):  # the first ones lie on top
        shape = _shape(kinds.index(mark.kind), *axes.at(mark.x, mark.y))
        body.append(f'<g tabindex="0">{shape}<title>{html.escape(mark.hint)}</title></g>')
    sign = {kind: _shape(number, 14, 6) for number, kind in enumerate(kinds)}
    return _legend(kinds, sign) + _svg(title, "".join(body))


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
        HTML.
    """
    cell = max(14, min(56, 420 // len(names)))
    left, top = 120, 24
    body = [text(left + cell * len(names) / 2, 14, "predicted")]
    for row, (name, line) in enumerate(zip(names, counts, strict=True)):
        y, total = float(top + row * cell), max(1, sum(line))
        body.append(text(left - 6, y + cell / 2 + 4, _short(name), "end"))
        for column, count in enumerate(line):
            x, share = float(left + column * cell), count / total
            words = html.escape(f"{name} taken for {names[column]}: {count} of {sum(line)}")
            colour = COLOURS[1] if row == column else COLOURS[0]
            body.append(
                f'<g><rect x="{x:g}" y="{y:g}" width="{cell - 1}" height="{cell - 1}" '
                f'fill="{colour}" fill-opacity="{share:.3f}" class="cell"/>'
                + (text(x + cell / 2, y + cell / 2 + 4, str(count)) if count and cell > 24 else "")
                + f"<title>{words}</title></g>"
            )
    bottom = top + cell * len(names)
    for column, name in enumerate(names):
        x = left + column * cell + cell / 2
        body.append(text(x, bottom + 14, _short(name, max(2, cell // 7))))
    return _svg(title, "".join(body), left + cell * len(names) + 8, bottom + 24)


def _short(name: str, most: int = 16) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


def shares(title: str, parts: Mapping[str, int], unit: str) -> str:
    """One bar of several parts.

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
        HTML.
    """
    total, x, body, sign = sum(parts.values()), 0.0, [], {}
    for number, (name, size) in enumerate(parts.items()):
        colour, width = COLOURS[number % len(COLOURS)], WIDTH * size / total
        words = f"{name}: {size:,} {unit}"
        body.append(
            f'<rect x="{x:.1f}" y="0" width="{width:.1f}" height="28" fill="{colour}">'
            f"<title>{html.escape(words)}</title></rect>"
        )
        sign[words] = f'<rect width="12" height="12" fill="{colour}"/>'
        x += width
    return _legend([*sign], sign) + _svg(title, "".join(body), WIDTH, 28)


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
        HTML.
    """
    values = [value for channel in channels for value in channel]
    low, high = min(values), max(values)
    spread = (high - low) or 1.0
    body = []
    for number, channel in enumerate(channels):
        gap = 300 / max(1, len(channel) - 1)
        points = " ".join(
            f"{k * gap:.1f},{78 - 76 * (value - low) / spread:.1f}"
            for k, value in enumerate(channel)
        )
        body.append(
            f'<polyline points="{points}" fill="none" stroke-width="1.3" '
            f'stroke="{COLOURS[number % len(COLOURS)]}"/>'
        )
    return _svg(title, "".join(body), 300, 80)

"""Labels of points in a figure, placed so that none covers another, a mark or the frame."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Annotation

Floats = npt.NDArray[np.float64]

DISTANCES = (7, 12, 19, 28, 39, 52, 67)
"""Tried from the mark to the label, in points."""
ANGLES = (0, -45, 45, 180, -135, 135, -90, 90, 20, -20, 160, -160, 70, -70)
"""Tried in this order, in degrees; 0 is right, 90 above."""
MARK = 5
"""Half the side of a mark with its surroundings, in points."""
LINE_FROM = 15
"""From this distance on, in points, a line leads from the label to its mark."""


class Point(NamedTuple):
    """A mark and its label.

    Parameters
    ----------
    x, y : float
        In the units of the axes.
    text : str
        The label.
    error : float
        Half the length of an error bar along y, in the units of the axes.
    """

    x: float
    y: float
    text: str
    error: float = 0


def place(axes: Axes, points: Sequence[Point], size: float = 6.5) -> list[Annotation]:
    """Label ``points``; call this last, when the limits of the axes stand.

    Each label takes the nearest free place around its mark; where there is none, the one that
    covers least.

    Parameters
    ----------
    axes : Axes
        With its marks drawn, in a figure whose layout is complete.
    points : sequence of Point
        Labelled in this order.
    size : float
        Of the font, in points.

    Returns
    -------
    list of Annotation
        One for each point.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # labels must not move the axes any more
    pixels = figure.dpi / 72
    extent = axes.get_window_extent(renderer)
    frame = np.array([extent.x0, extent.y0, extent.x1, extent.y1])
    taken, made = [_mark(axes, point, pixels) for point in points], []
    for point in points:
        label = axes.annotate(
            point.text,
            (point.x, point.y),
            (0, 0),
            textcoords="offset points",
            size=size,
            arrowprops={"arrowstyle": "-", "lw": 0.4, "color": "#777777", "shrinkB": 3},
        )
        extent = label.get_window_extent(renderer)
        offsets, distances = _offsets(extent.width / pixels, extent.height / pixels)
        corners = axes.transData.transform((point.x, point.y)) + offsets * pixels
        boxes = np.hstack([corners, corners + [extent.width, extent.height]])
        outside = extent.width * extent.height - _shared(boxes, frame)
        covered = outside + sum(_shared(boxes, other) for other in taken)
        best = int(np.argmin(covered.round(3)))  # the first, so the nearest, of equally good ones
        label.set_position(offsets[best])
        if distances[best] < LINE_FROM and label.arrow_patch is not None:
            label.arrow_patch.set_visible(False)
        taken.append(boxes[best])
        made.append(label)
    return made


def _mark(axes: Axes, point: Point, pixels: float) -> Floats:
    """Left, bottom, right, top of a mark with its error bar, in pixels."""
    ends = [(point.x, point.y - point.error), (point.x, point.y + point.error)]
    side = MARK * pixels
    return np.ravel(axes.transData.transform(ends) + [[-side, -side], [side, side]])


def _offsets(width: float, height: float) -> tuple[Floats, Floats]:
    """All places of a label of this size: from the mark to its lower left corner; distances.

    The edge or corner of the label that looks to the mark has that distance from it.
    """
    pairs = np.array(list(itertools.product(DISTANCES, np.radians(ANGLES))))
    towards = np.stack([np.cos(pairs[:, 1]), np.sin(pairs[:, 1])], 1)
    side = np.round(towards / 0.7)  # -1, 0 or 1
    return pairs[:, :1] * towards + np.array([width, height]) * (side - 1) / 2, pairs[:, 0]


def _shared(boxes: Floats, other: Floats) -> Floats:
    """Area that each of ``boxes`` has in common with another one, in square pixels."""
    low, high = np.maximum(boxes[:, :2], other[:2]), np.minimum(boxes[:, 2:], other[2:])
    return np.prod(np.maximum(high - low, 0), axis=1)

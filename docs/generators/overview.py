"""docs/images/overview.svg: test accuracy against model size, this project's models and others'.

Plain SVG text, so that the file is small, the same on every machine, and follows the reader's light
or dark mode.
"""

import math
from dataclasses import dataclass
from pathlib import Path

from hadamrnn.report import published, runs

PANELS = {
    "har2": "HAR-2: two activity groups",
    "dsa19": "DSA-19: 19 activities",
    "smnist": "sequential MNIST",
    "pmnist": "permuted MNIST",
}
LEGEND = {
    "ours": "HadamRNN, integers",
    "here": "trained here, float32",
    "published": "published",
}
WIDTH, HEIGHT, LEFT, TOP, GAP = 880, 272, 44, 50, 20
PLOT_WIDTH, PLOT_HEIGHT = 182, 160
DECADES = (3, 6)
LABEL_HEIGHT, CHARACTER = 11, 6.2
STYLE = """\
<style>
  text { font: 10px system-ui, sans-serif; fill: #444 }
  .title { font-weight: 600; fill: #111 }
  .ours { fill: #0b62b4; font-weight: 600 }
  .ours-mark { fill: #0b62b4; stroke: #0b62b4 }
  .here-mark { fill: none; stroke: #0b62b4; stroke-width: 1.5 }
  .published-mark { fill: #8a8a8a; stroke: #8a8a8a }
  .grid { stroke: #ddd } .card { fill: #fff }
  @media (prefers-color-scheme: dark) {
    text { fill: #bbb } .title { fill: #eee } .ours { fill: #6db3f2 }
    .ours-mark { fill: #6db3f2; stroke: #6db3f2 } .here-mark { stroke: #6db3f2 }
    .grid { stroke: #444 } .card { fill: #16181c }
  }
</style>"""


@dataclass(frozen=True)
class Point:
    """One model: bytes, accuracy and spread in percent; kind is "ours", "here" or "published"."""

    label: str
    size: float
    accuracy: float
    kind: str
    spread: float = 0.0


def points(benchmark: str, groups: dict) -> list[Point]:
    """What one panel shows: shipped models, baselines on the same inputs, published figures."""
    found = []
    for name, group in groups.items():
        baseline = name.startswith(f"{benchmark}-baselines-")
        if not baseline and name not in (benchmark, f"{benchmark}-small"):
            continue
        model = group.first.model
        label = {"fastgrnn": "FastGRNN"}.get(model, model.upper()) if baseline else "HadamRNN"
        found.append(
            Point(
                label=label,
                size=group.mean(lambda run: run.size_bytes),
                accuracy=100 * group.mean(lambda run: run.accuracy()),
                kind="here" if baseline else "ours",
                spread=100 * (group.deviation(lambda run: run.accuracy()) or 0),
            )
        )
    for entry in published.of(benchmark):
        if entry.size_bytes:
            label = entry.model.split(",")[0]
            found.append(Point(label, entry.size_bytes, entry.accuracy, "published"))
    return found


def _labels(places: list[tuple[float, float, Point]]) -> list[tuple[float, float, str, Point]]:
    """A place for each label: right of its mark or left of it, where it overlaps nothing."""
    placed: list[tuple[float, float, str, Point]] = []
    taken: list[tuple[float, float, float]] = [(x - 4, x + 4, y) for x, y, _ in places]
    for x, y, point in sorted(places, key=lambda place: (place[2].kind != "ours", place[1])):
        length = (CHARACTER + 2 * (point.kind == "ours")) * len(point.label)
        right = x + 7 + length <= PLOT_WIDTH
        start = x + 7 if right else x - 7 - length
        for offset in sorted(range(-60, 61), key=lambda offset: (abs(offset), -offset)):
            height = y + offset
            if not any(
                a < start + length and start < b and abs(height - c) < LABEL_HEIGHT
                for a, b, c in taken
            ):
                break
        taken.append((start, start + length, height))
        placed.append((x + 7 if right else x - 7, height + 3.5, "start" if right else "end", point))
    return placed


def panel(title: str, shown: list[Point]) -> list[str]:
    """SVG elements of one panel, its plot from (0, 0) to (PLOT_WIDTH, PLOT_HEIGHT)."""
    low = math.floor(min(point.accuracy - point.spread for point in shown) - 0.3)
    high = math.ceil(max(point.accuracy + point.spread for point in shown) + 0.2)

    def across(size: float) -> float:
        return (math.log10(size) - DECADES[0]) / (DECADES[1] - DECADES[0]) * PLOT_WIDTH

    def up(accuracy: float) -> float:
        return (high - accuracy) / (high - low) * PLOT_HEIGHT

    out = [f'<text class="title" x="0" y="-10">{title}</text>']
    step = 1 if high - low <= 6 else 2
    for tick in range(low, high + 1, step):
        y = up(tick)
        out.append(f'<path class="grid" d="M0 {y:.1f}H{PLOT_WIDTH}"/>')
        out.append(f'<text x="-5" y="{y + 3.5:.1f}" text-anchor="end">{tick}</text>')
    for decade, name in enumerate(("1 kB", "10 kB", "100 kB", "1 MB"), start=DECADES[0]):
        x = across(10**decade)
        out.append(f'<path class="grid" d="M{x:.1f} 0V{PLOT_HEIGHT}"/>')
        out.append(f'<text x="{x:.1f}" y="{PLOT_HEIGHT + 14}" text-anchor="middle">{name}</text>')
    places = [(across(point.size), up(point.accuracy), point) for point in shown]
    for x, y, point in places:
        mark = f"{point.kind}-mark"
        if point.spread:
            ends = up(point.accuracy + point.spread), up(point.accuracy - point.spread)
            out.append(f'<path class="{mark}" d="M{x:.1f} {ends[0]:.1f}V{ends[1]:.1f}"/>')
        radius = 4 if point.kind == "ours" else 3
        out.append(f'<circle class="{mark}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>')
    for x, y, anchor, point in _labels(places):
        name = ' class="ours"' if point.kind == "ours" else ""
        place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
        out.append(f"<text{name} {place}>{point.label}</text>")
    return out


def figure(folder: Path) -> str:
    """The whole figure.

    Parameters
    ----------
    folder : Path
        Where the paper's runs are, results/paper.

    Returns
    -------
    str
        SVG.
    """
    groups = runs.read_groups(folder)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="Test accuracy against model size on four benchmarks">',
        STYLE,
        f'<rect class="card" width="{WIDTH}" height="{HEIGHT}" rx="6"/>',
        '<text class="title" x="12" y="20">Test accuracy (%) against bytes of the model</text>',
    ]
    for number, (kind, words) in enumerate(LEGEND.items()):
        x = 470 + 145 * number
        radius = 4 if kind == "ours" else 3
        out.append(f'<circle class="{kind}-mark" cx="{x}" cy="16.5" r="{radius}"/>')
        out.append(f'<text x="{x + 9}" y="20">{words}</text>')
    for number, (benchmark, title) in enumerate(PANELS.items()):
        x = LEFT + number * (PLOT_WIDTH + GAP + 8)
        out.append(f'<g transform="translate({x} {TOP + 10})">')
        out += [*panel(title, points(benchmark, groups)), "</g>"]
    out.append(
        f'<text x="12" y="{HEIGHT - 10}">HadamRNN: three seeds, mean and standard deviation; '
        "others: one. Up and to the left is better; kB = 1,000 bytes.</text>"
    )
    return "\n".join([*out, "</svg>"]) + "\n"

"""What the figures of the studies share: colours and marks that survive print, and files that are
the same bytes each time.
"""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

COLOURS = ("#d55e00", "#0072b2", "#009e73", "#e69f00", "#56b4e9", "#4d4d4d", "#cc79a7", "#7f6000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
HATCHES = ("", "///", "...", "xx", "\\\\\\")


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write folder/name.svg, with no date or version in it."""
    folder.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context({"svg.hashsalt": "hadamrnn"}):
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None})

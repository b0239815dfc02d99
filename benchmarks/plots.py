"""What the figures of the studies share: colours and marks that survive print, and files that are
the same bytes each time.
"""

import matplotlib

COLOURS = ("#c1272d", "#0072b2", "#009e73", "#e69f00", "#56b4e9", "#4d4d4d", "#cc79a7", "#8c6d31")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
HATCHES = ("", "///", "...", "xx", "\\\\\\")


def save(figure, folder, name):
    """Write folder/name.svg and .png, with no date or version in them."""
    folder.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context({"svg.hashsalt": "hadamrnn"}):
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
    figure.savefig(folder / f"{name}.png", dpi=150, metadata={"Software": None})

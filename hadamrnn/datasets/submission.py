"""GLUE's submission files: what a model says of a test set whose labels are not published."""

from pathlib import Path

FILE_NAMES = {"sst2": "SST-2.tsv", "qqp": "QQP.tsv"}
"""The name that GLUE expects of each benchmark's file."""


def to_text(classes):
    """A line for each example in GLUE's order, under a header.

    classes : (n,) class ids, 0 or 1 as in the training file.

    >>> to_text([1, 0])
    'index\\tprediction\\n0\\t1\\n1\\t0\\n'
    """
    lines = [f"{number}\t{int(label)}" for number, label in enumerate(classes)]
    return "\n".join(["index\tprediction", *lines]) + "\n"


def write(classes, path):
    """Write the file of ``to_text``; the folder is made when missing."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(to_text(classes).encode())

"""A project folder with the user's own files, prepared as params.yaml says."""

from pathlib import Path

import pytest

from hadamrnn.datasets.common import by_name
from hadamrnn.errors import HadamrnnError
from hadamrnn.prepared import arrays

COLUMNS = {"time": "time", "inputs": ["ax", "ay"], "label": "label", "group": "person"}


class Project:
    """The present folder: files under data/raw, a section ``data``, and what is made of them."""

    def __init__(self, folder):
        self.folder = folder
        self.data = {
            "type": "csv",
            "path": "data/raw/log.csv",
            "columns": {**COLUMNS},
            "window": {"steps": 4, "rate_hz": 10},
            "split": {"test": {"group": ["c"]}, "valid": {"group": ["b"]}},
        }

    def write(self, text, name="log.csv"):
        """A file under data/raw, from text, bytes or lines."""
        path = self.folder / "data/raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(text, str | bytes):
            text = "".join(f"{line}\n" for line in text)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def prepare(self, **changes):
        """The arrays by stem, and the card."""
        by_name.prepare(Path("prepared"), "own", {**self.data, **changes})
        card = arrays.read_card("prepared")
        found = {}
        for name in card["shapes"]:
            split, _, what = name.removesuffix(".npy").partition("_")
            found[f"{split}_{what}"] = arrays.read_array("prepared", split, what)
        for split in arrays.SPLITS:
            arrays.load("prepared", split)
        return found, card

    def refused(self, **changes):
        """The sentence in which the section, or the files, are refused."""
        with pytest.raises(HadamrnnError) as caught:
            self.prepare(**changes)
        return str(caught.value)


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


def log(people="abc", labels=("up", "down"), steps=10, first=0.0):
    """Lines of a long log at 10 Hz: every person does every exercise, 5 seconds apart.

    Reading k of the file has ax = k and ay = -k / 2.
    """
    lines, time, k = ["time,ax,ay,label,person"], first, 0
    for person in people:
        for label in labels:
            for _ in range(steps):
                lines.append(f"{time:.2f},{k},{-k / 2},{label},{person}")
                time, k = time + 0.1, k + 1
            time += 5
    return lines

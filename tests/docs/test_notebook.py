"""The notebook of the layer: its cells, run in their order, print what it shows."""

import contextlib
import io
import json
import re

import torch

from tests.docs.pages import ROOT

PATH = ROOT / "examples/layer.ipynb"


def cells(kind):
    notebook = json.loads(PATH.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def test_every_cell_prints_what_is_shown():
    names = {}
    with torch.random.fork_rng(devices=[]):
        for cell in cells("code"):
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec("".join(cell["source"]), names)
            (shown,) = cell["outputs"]
            assert printed.getvalue() == "".join(shown["text"])


def test_its_links_lead_somewhere():
    text = "".join("".join(cell["source"]) for cell in cells("markdown"))
    links = re.findall(r"\]\(([^)#]+)", text)
    assert links and all((PATH.parent / link).is_file() for link in links)

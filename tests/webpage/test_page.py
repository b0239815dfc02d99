"""The page of a benchmark: every chart drawn, nothing loaded, no complaint of a browser."""

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import numpy as np
import pytest

from hadamrnn.webpage import axes
from hadamrnn.webpage.drawing import Mark
from hadamrnn.webpage.of_benchmark import Results, page

NAMES = ["up & <b>", "down", "still"]
CHARTS = ("cross-entropy by epoch", "score by epoch", "accuracy against bytes", "confusion matrix")
SVG = r'<svg [^>]*role="img".*?</svg>'
VOID = {"meta", "link"}


def results(**changes):
    """Of 30 test sequences, three of which are wrong."""
    confusion = [(NAMES[k % 3], NAMES[k % 3]) for k in range(27)] + [(NAMES[0], NAMES[1])] * 3
    metrics = {
        "float": {"accuracy": 0.9},
        "integer": {"accuracy": 0.9},
        "majority": {"accuracy": 0.4},
        "size": {
            "packed_file_bytes": 825,
            "total_bytes": 733,
            "signs_bytes": 16,
            "input_bytes": 192,
            "output_bytes": 256,
            "bias_bytes": 272,
            "header_bytes": 89,
        },
        "operations_per_step": {"additions": 1536},
        "parity": {"c_mismatches": 0, "sequences": 30},
        "latency_us": {"c_sequence": 27.4, "onnx_sequence": None, "torch_sequence": 272.0},
        "train": {"best_epoch": 2, "seconds": 4.2},
        "groups": {"5": {"accuracy": 0.9, "sequences": 30}},
    }
    history = [
        {
            "epoch": str(k),
            "train_cross_entropy": str(1 / k),
            "valid_cross_entropy": str(2 / k),
            "valid_score": str(1 - 1 / k),
            "validation_held_out": "True",
        }
        for k in (1, 2, 3)
    ]
    card = {
        "title": "Moves",
        "source": "data/raw/moves",
        "licence": "own",
        "citation": "none",
        "counts": {"train": 90, "valid": 20, "test": 30},
        "steps": 8,
        "input": {"kind": "dense"},
        "output": {"names": NAMES},
    }
    given = {
        "name": "moves",
        "metrics": metrics,
        "history": history,
        "confusion": confusion,
        "card": card,
        "section": "  moves:\n    q: 1",
        "chosen": {"epochs": 143},
        "inputs": np.random.default_rng(0).normal(size=(30, 8, 2)),
        "others": [Mark(400, 80.0, "recorded runs, test set", "moves-small")],
    }
    return Results(**{**given, **changes})


class Balanced(HTMLParser):
    """Raises AssertionError at an end that closes nothing."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        """Begins and ends at once."""

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_every_part_is_there_and_drawn():
    text = page(results())
    parser = Balanced()
    parser.feed(text)
    assert parser.open == []
    charts = {chart.get("aria-label"): chart for chart in svgs(text)}
    assert {*CHARTS, "where the bytes go"} <= {*charts}
    assert len(charts["confusion matrix"].findall(".//rect")) == 9
    assert len(charts["cross-entropy by epoch"].findall("polyline")) == 2
    assert [label for label in charts if label.startswith("row ")] == [
        f"row {k}: up & <b>, taken for down" for k in (28, 29, 30)
    ]
    for words in ("90.00 %", "40.00 %", "825", "3 of 30 test sequences", "epochs 143", "q: 1"):
        assert words in text
    assert "up & <b>" not in text, "names are text, not HTML"


def svgs(text):
    """The charts, which are well-formed XML."""

    return [ET.fromstring(chart) for chart in re.findall(SVG, text, re.DOTALL)]


def test_nothing_is_loaded_and_nothing_runs():
    text = page(results())
    for words in ("<script", "src=", "url(", "@import", "http:", "https:", "onload"):
        assert words not in text
    assert re.findall(r'href="([^"]*)"', text) == ["data:,"]


def test_texts_are_quoted():
    card = {**results().card, "input": {"kind": "symbol"}, "vocabulary": ["bad", "film"]}
    text = page(results(card=card, inputs=np.array([[0, 2, 3, 1]] * 30)))
    assert text.count("<p>bad film &lt;1&gt;</p>") == 3


def test_a_model_without_mistakes_and_without_company():
    right = [(name, name) for name in NAMES * 10]
    text = page(results(confusion=right, others=[]))
    assert "None on the test set." in text and "accuracy against bytes" not in text


def test_baselines_and_targets_at_every_step():
    metrics = {**results().metrics, "integer": None, "parity": None, "size": {"total_bytes": 99}}
    text = page(results(metrics=metrics, inputs=None))
    assert "Mistakes" not in text and "where the bytes go" not in text and "<b>99</b>" in text


def test_ticks_are_round_and_few():
    for low, high in ((0, 1), (0.31, 0.9), (-7, 12), (0, 3e6), (5, 5.0004)):
        found = axes.ticks(low, high)
        assert 2 <= len(found) <= 7 and low - 1e-9 <= min(found) and max(found) <= high + 1e-9


@pytest.mark.skipif(not shutil.which("chromium"), reason="needs chromium")
def test_chromium_opens_it_without_a_word(tmp_path):
    path = tmp_path / "moves.html"
    path.write_text(page(results()), encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    command = ["chromium", *options, "--dump-dom", path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert "CONSOLE" not in done.stderr
    assert done.stdout.count('role="img"') == 5 + 3 and "moves: HadamRNN" in done.stdout

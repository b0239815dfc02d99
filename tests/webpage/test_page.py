"""The page of a benchmark: every chart drawn, nothing loaded, no complaint of a browser."""

import dataclasses
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import numpy as np
import pytest

from hadamrnn.hadamard import recurrent_matrix
from hadamrnn.integer import load
from hadamrnn.webpage import interactive, on_targets
from hadamrnn.webpage.index import index
from hadamrnn.webpage.interactive import Mark
from hadamrnn.webpage.of_benchmark import page
from hadamrnn.webpage.results import Results, Scores

NAMES = ["up & <b>", "down", "still"]
CHARTS = ("cross-entropy by epoch", "score by epoch", "confusion matrix", "where the bytes go")
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
        "others": [Mark("moves-small", "moves", interactive.RECORDED, 80.0, 400, 1000)],
        "people": ["ann"] * 10 + ["ben"] * 20,
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


@pytest.fixture(scope="module")
def model():
    return load("shipped/har2/model.hrnn")


def test_every_part_is_there_and_drawn(model):
    needs = on_targets.costs(model, counted=True)
    text = page(results(model=model, needs=needs, commit="0123abc"))
    parser = Balanced()
    parser.feed(text)
    assert parser.open == []
    charts = {chart.get("aria-label"): chart for chart in svgs(text)}
    assert {*CHARTS, "eigenvalues of W and the unit circle"} <= {*charts}
    hints = [title.text for title in charts["confusion matrix"].iter("title")]
    assert len(hints) == 9 and "up & <b> taken for down: 3 of 12" in hints
    assert len(lines_with(charts["cross-entropy by epoch"], "2")) == 2
    assert [label for label in charts if label.startswith("row ")] == [
        f"row {k}: {NAMES[(k - 1) % 3]}" for k in (1, 14, 27)
    ] + [f"row {k}: up & <b>, taken for down" for k in (28, 29, 30)]
    for words in ("90.00 %", "40.00 %", "825", "3 of 30 test sequences", "epochs 143", "q: 1"):
        assert words in text
    assert "<td>ann</td><td>100.00 %</td>" in text and "<td>ben</td><td>85.00 %</td>" in text
    for name, cost in needs.items():
        assert f"<td>{name}</td><td>{cost.step:,} {cost.unit}</td>" in text
    assert "0123abc" in text and 'href="index.html"' in text
    assert "up & <b>" not in text, "names are text, not HTML"


def test_lines_differ_by_more_than_their_colour():
    (chart,) = (c for c in svgs(page(results())) if c.get("aria-label") == CHARTS[0])
    one, other = lines_with(chart, "2")
    assert one.get("stroke-dasharray") != other.get("stroke-dasharray")


def test_words_take_the_colour_of_the_page_and_grounds_are_clear():
    text = page(results())
    assert "color-scheme:light dark" in text and "svg text{fill:currentColor}" in text
    for chart in svgs(text):
        assert not [e for e in chart.iter() if e.get("fill") in ("white", "#fff")]


def svgs(text):
    """The charts, which are well-formed XML."""

    return [ET.fromstring(chart) for chart in re.findall(SVG, text, re.DOTALL)]


def test_without_other_runs_nothing_runs():
    text = page(results(others=[]))
    for words in ("<script", "src=", "url(", "@import", "http:", "https:", "onload"):
        assert words not in text
    assert re.findall(r'href="([^"]*)"', text) == ["data:,", "index.html"]


def test_the_browser_is_told_to_load_nothing():
    assert "default-src 'none'" in page(results())


def test_texts_are_quoted():
    card = {**results().card, "input": {"kind": "symbol"}, "vocabulary": ["bad", "film"]}
    text = page(results(card=card, inputs=np.array([[0, 2, 3, 1]] * 30)))
    assert text.count("<p>bad film &lt;1&gt;</p>") == 6


def test_a_model_without_mistakes_and_without_company():
    right = [(name, name) for name in NAMES * 10]
    text = page(results(confusion=right, others=[]))
    assert "<p>0 of 30 test sequences.</p>" in text and "Accuracy against" not in text


def test_baselines_and_targets_at_every_step():
    metrics = {**results().metrics, "integer": None, "parity": None, "size": {"total_bytes": 99}}
    text = page(results(metrics=metrics, inputs=None))
    assert "Examples" not in text and "where the bytes go" not in text and "<b>99</b>" in text


def test_what_is_padded_is_not_drawn():
    inputs = np.zeros((30, 8, 1))
    inputs[:, 5:] = 99
    drawn = {}
    for lengths in (None, np.full(30, 5)):
        found = svgs(page(results(inputs=inputs, lengths=lengths, others=[])))
        drawn[lengths is None] = next(c for c in found if c.get("aria-label") == "row 1: up & <b>")
    paths = {whole: lines_with(chart, "1.3")[0].get("d") for whole, chart in drawn.items()}
    assert paths[True].count("L") == 7 and paths[False].count("L") == 4


def lines_with(chart, width):
    return [path for path in chart.iter("path") if path.get("stroke-width") == width]


@pytest.mark.parametrize("fade", [0, 3])
def test_the_spectrum_is_that_of_the_recurrent_matrix(model, fade):
    made = dataclasses.replace(model, fade=fade)
    matrix = recurrent_matrix(model.signs, model.block_size) * (1 - 2.0**-fade if fade else 1)
    expected = np.linalg.eigvals(matrix)
    found = on_targets.eigenvalues(made)
    assert np.allclose(np.sort_complex(found.round(6)), np.sort_complex(expected.round(6)))
    words = "0.875000" if fade else "1.000000"
    assert f"Their moduli are {words}" in on_targets.spectrum(made)


@pytest.mark.skipif(not shutil.which("chromium"), reason="needs chromium")
def test_chromium_opens_it_without_a_word(tmp_path):
    text = opened(page(results()), tmp_path)
    assert text.count('role="img"') == 4 + 6 and "moves: HadamRNN" in text
    assert explored(text) == 2


@pytest.mark.skipif(not shutil.which("chromium"), reason="needs chromium")
def test_chromium_opens_the_page_of_all(tmp_path):
    marks = [Mark(f"other-{k}", "other", interactive.RECORDED, 90.0 + k, 10 + k) for k in range(3)]
    text = opened(index([scores()], marks, {}, {}, str), tmp_path)
    assert 'href="moves.html"' in text
    assert explored(text) == 3, "of the benchmark with most runs"
    assert re.findall(r"<option[^>]*>(.*?)</option>", text) == ["moves", "other"]


def scores():
    return Scores(name="moves", metrics=results().metrics)


def opened(text, folder):
    """A page as Chromium shows it, on whose console nothing may appear."""
    path = folder / "page.html"
    path.write_text(text, encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    options += ["--virtual-time-budget=60000", "--dump-dom"]
    command = ["chromium", *options, path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert "CONSOLE" not in done.stderr
    return done.stdout


def explored(text):
    """How many points the chart to be explored shows."""
    (group,) = re.findall(r'<g class="mark-symbol role-mark marks".*?</g>', text)
    return group.count("<path")

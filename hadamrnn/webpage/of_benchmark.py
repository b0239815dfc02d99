"""The page of one benchmark: what its model reaches, where it errs, and what it costs."""

import html
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hadamrnn.metrics import by_class
from hadamrnn.webpage import drawing
from hadamrnn.webpage.drawing import Mark

MOST_CLASSES = 40
EXAMPLES, CHANNELS, WORDS = 6, 6, 60
STYLE = """
:root{color-scheme:light dark;--line:#8886;--soft:#8882}
body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:56rem;padding:1rem}
h1{margin:.2em 0}h2{margin-top:2em;border-bottom:1px solid var(--line)}
svg{width:100%;height:auto;display:block}svg text{font:12px sans-serif;fill:currentColor}
.grid{stroke:var(--line);stroke-width:.6}.cell{stroke:var(--line);stroke-width:.6}
.legend{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.2em 1.2em;margin:.6em 0}
.sign{width:28px;display:inline-block;vertical-align:middle;margin-right:.4em}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.6rem}
.tiles div{background:var(--soft);border-radius:.4rem;padding:.6rem}
.tiles b{display:block;font-size:1.5rem}
.examples{display:grid;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr));gap:1rem}
figure{margin:0;background:var(--soft);border-radius:.4rem;padding:.6rem}
.wide{overflow-x:auto}table{border-collapse:collapse}
td,th{padding:.2em .7em;border-bottom:1px solid var(--line);text-align:right}
td:first-child,th:first-child{text-align:left}
pre{overflow-x:auto;background:var(--soft);padding:.6rem}
"""
SCORES = {"accuracy": "accuracy", "recalled_accuracy": "accuracy of the recalled symbols"}
PARTS = {
    "signs_bytes": "signs",
    "embedding_bytes": "embedding",
    "input_bytes": "input weights",
    "output_bytes": "output weights",
    "bias_bytes": "biases",
    "header_bytes": "header and recording",
}


@dataclass(frozen=True, kw_only=True)
class Results:
    """What a page tells of.

    Parameters
    ----------
    name : str
        Of the benchmark.
    metrics : dict
        metrics.json.
    history : list of dict
        Rows of history.csv, as text.
    confusion : list of (str, str)
        Actual and predicted class of every test sequence, in stored order.
    card : dict
        card.json of the prepared data.
    section : str
        Of params.yaml, as text.
    inputs : numpy.ndarray or None
        Test inputs as prepared; None where targets are at every step.
    others : list of Mark
        Recorded runs and recipes of a search, over bytes.
    chosen : dict
        What became of keys that were ``auto``.
    """

    name: str
    metrics: dict[str, Any]
    history: list[dict[str, str]]
    confusion: list[tuple[str, str]]
    card: dict[str, Any]
    section: str
    inputs: np.ndarray | None = None
    others: list[Mark] = field(default_factory=list)
    chosen: dict[str, Any] = field(default_factory=dict)

    @property
    def scored(self) -> dict[str, Any]:
        """Scores of the integer model, of a baseline those of floats."""
        found: dict[str, Any] = self.metrics["integer"] or self.metrics["float"]
        return found

    @property
    def measure(self) -> str:
        """The benchmark's own measure."""
        return "recalled_accuracy" if "recalled_accuracy" in self.scored else "accuracy"

    @property
    def bytes(self) -> int:
        """Of the packed file, of a baseline of its numbers."""
        size = self.metrics["size"]
        return int(size.get("packed_file_bytes", size["total_bytes"]))


def page(results: Results) -> str:
    """The page, one HTML file that needs no other.

    Parameters
    ----------
    results : Results
        Of a benchmark.

    Returns
    -------
    str
    """
    parts = [
        f"<h1>{html.escape(results.name)}</h1><p>{html.escape(results.card['title'])}</p>",
        _tiles(results),
        _learning(results),
        _against_bytes(results),
        _confusion(results),
        _classes(results),
        _examples(results),
        _costs(results),
        _provenance(results),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(results.name)}: HadamRNN</title>"
        '<link rel="icon" href="data:,">'
        f"<style>{STYLE}</style></head><body><main>{''.join(parts)}</main></body></html>\n"
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An HTML table that scrolls by itself on a narrow screen.

    Parameters
    ----------
    header : sequence of str
    rows : sequence of sequence of str

    Returns
    -------
    str
    """
    head = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f'<div class="wide" tabindex="0"><table><tr>{head}</tr>{body}</table></div>'


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _tiles(results: Results) -> str:
    metrics, measure = results.metrics, results.measure
    tiles = {
        f"{SCORES[measure]} on the test set": _percent(results.scored[measure]),
        "always the most frequent class": _percent(metrics["majority"][measure]),
        "bytes": f"{results.bytes:,}",
    }
    if metrics["parity"]:
        parity = metrics["parity"]
        words = f"of {parity['sequences']:,} sequences differ in C"
        tiles[words] = f"{parity['c_mismatches']:,}"
    cells = "".join(f"<div><b>{v}</b>{html.escape(k)}</div>" for k, v in tiles.items())
    return f'<div class="tiles">{cells}</div>'


def _learning(results: Results) -> str:
    held_out = results.history[-1]["validation_held_out"] == "True"
    words = "validation rows" if held_out else "validation rows, trained on"
    columns = {"training rows": "train_cross_entropy", words: "valid_cross_entropy"}
    loss = {
        name: [(float(row["epoch"]), float(row[key])) for row in results.history]
        for name, key in columns.items()
    }
    score = {words: [(float(r["epoch"]), 100 * float(r["valid_score"])) for r in results.history]}
    best = results.metrics["train"]["best_epoch"]
    return (
        f"<h2>Learning</h2><p>Epoch {best} of {len(results.history)} was chosen.</p>"
        + drawing.lines("cross-entropy by epoch", loss, "epoch", "cross-entropy, nats")
        + drawing.lines("score by epoch", score, "epoch", "score, %")
    )


def _against_bytes(results: Results) -> str:
    reached = results.scored[results.measure]
    hint = f"this run: {_percent(reached)} with {results.bytes:,} bytes"
    marks = [Mark(results.bytes, 100 * reached, "this run, test set", hint), *results.others]
    if len(marks) == 1:
        return ""
    title = "accuracy against bytes"
    return "<h2>Accuracy against bytes</h2>" + drawing.scatter(title, marks, "bytes", "accuracy, %")


def _confusion(results: Results) -> str:
    names = results.card["output"]["names"]
    if len(names) > MOST_CLASSES:
        return ""
    counted = Counter(results.confusion)
    counts = [[counted[(actual, guess)] for guess in names] for actual in names]
    return "<h2>Confusion on the test set</h2>" + drawing.matrix("confusion matrix", names, counts)


def _classes(results: Results) -> str:
    names = results.card["output"]["names"]
    actual, predicted = np.array([[*map(names.index, pair)] for pair in results.confusion]).T
    rows = []
    for name, one in by_class(predicted, actual, names).items():
        shares = (_percent(one[key]) for key in ("precision", "recall", "f1"))
        rows.append((name, *shares, f"{one['support']:,}"))
    found = "<h2>Classes</h2>" + table(("class", "precision", "recall", "F1", "support"), rows)
    groups = results.metrics.get("groups", {})
    if groups:
        own = [(n, _percent(g["accuracy"]), f"{g['sequences']:,}") for n, g in groups.items()]
        found += "<h2>Groups</h2>" + table(("group", "accuracy", "sequences"), own)
    return found


def _examples(results: Results) -> str:
    if results.inputs is None:
        return ""
    wrong = [k for k, (actual, guess) in enumerate(results.confusion) if actual != guess]
    places = np.linspace(0, len(wrong) - 1, min(EXAMPLES, len(wrong))).round().astype(int)
    if not len(places):
        return "<h2>Mistakes</h2><p>None on the test set.</p>"
    figures = []
    for row in (wrong[k] for k in places):
        actual, guess = results.confusion[row]
        words = f"row {row + 1}: {actual}, taken for {guess}"
        shown = _drawn(results.inputs[row], results.card, words)
        figures.append(f"<figure>{shown}<figcaption>{html.escape(words)}</figcaption></figure>")
    count = f"{len(wrong):,} of {len(results.confusion):,} test sequences"
    return f'<h2>Mistakes</h2><p>{count}.</p><div class="examples">{"".join(figures)}</div>'


def _drawn(sequence: np.ndarray, card: Mapping[str, Any], words: str) -> str:
    """A sequence as lines, or what is known of its symbols as text."""
    if card["input"]["kind"] == "symbol":
        names = {k + 2: word for k, word in enumerate(card.get("vocabulary", []))}
        text = " ".join(names.get(int(k), f"<{int(k)}>") for k in sequence if k)[-8 * WORDS :]
        return f"<p>{html.escape(text)}</p>"
    channels = sequence[:, :CHANNELS].astype(float).T
    return drawing.sequence(words, channels.tolist())


def _costs(results: Results) -> str:
    size, metrics = results.metrics["size"], results.metrics
    parts = {words: size[key] for key, words in PARTS.items() if size.get(key)}
    found = "<h2>What it costs</h2>"
    if parts:
        found += drawing.shares("where the bytes go", parts, "bytes")
    rows = [(key, f"{value:,}") for key, value in metrics["operations_per_step"].items()]
    names = {"c_sequence": "C", "onnx_sequence": "ONNX", "torch_sequence": "torch"}
    for key, latency in metrics["latency_us"].items():
        if latency is not None:
            rows.append((f"a sequence in {names.get(key, key)}, microseconds", f"{latency:,.1f}"))
    rows.append(("training, seconds", f"{metrics['train']['seconds']:.0f}"))
    plain = [(key.replace("_", " "), value) for key, value in rows]
    return found + table(("of a step, or as told", "count"), plain)


def _provenance(results: Results) -> str:
    card = results.card
    rows = [(key, str(card.get(key, ""))) for key in ("source", "licence", "citation")]
    rows += [(f"{split} sequences", f"{n:,}") for split, n in card["counts"].items()]
    rows.append(("steps", f"{card['steps']:,}"))
    found = "<h2>Data and parameters</h2>" + table(("data", ""), rows)
    if results.chosen:
        words = ", ".join(f"{key} {value}" for key, value in results.chosen.items())
        found += f"<p>Chosen from the data: {html.escape(words)}.</p>"
    return found + f"<pre>{html.escape(results.section)}</pre>"

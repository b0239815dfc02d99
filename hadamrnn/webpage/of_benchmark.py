"""The page of one benchmark: what its model reaches, where it errs, and what it costs."""

import html
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from hadamrnn.metrics import balanced_accuracy, by_class, in_words
from hadamrnn.webpage import charts, interactive, numbers, on_targets, parts
from hadamrnn.webpage.parts import percent, table
from hadamrnn.webpage.results import Results

MOST_CLASSES = 40
EXAMPLES, CHANNELS, WORDS = 3, 6, 60
PARTS = {
    "signs_bytes": "signs",
    "embedding_bytes": "embedding",
    "input_bytes": "input weights",
    "output_bytes": "output weights",
    "bias_bytes": "biases",
    "header_bytes": "header and recording",
}


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
    title = f"{results.name}: HadamRNN"
    sections = [
        f"<nav>{parts.link('All results', 'index.html')}</nav>"
        f"<h1>{html.escape(results.name)}</h1><p>{html.escape(results.card['title'])}</p>",
        _tiles(results),
        _learning(results),
        _against_size(results),
        *(
            (numbers.figure(results), numbers.errors(results))
            if results.of_numbers
            else (_confusion(results), _classes(results))
        ),
        _people(results),
        "" if results.of_numbers else _examples(results),
        _costs(results),
        on_targets.device(results.needs) if results.needs else "",
        on_targets.spectrum(results.model) if results.model else "",
        _provenance(results),
    ]
    return parts.document(title, sections)


def _tiles(results: Results) -> str:
    metrics, measure = results.metrics, results.measure
    guess = "the mean" if results.of_numbers else "the most frequent class"
    tiles = {
        f"{results.words} on the test set": in_words(measure, results.scored[measure]),
        f"always {guess}": in_words(measure, metrics["majority"][measure]),
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
    factor = 1 if results.of_numbers else 100
    score = {
        words: [(float(r["epoch"]), factor * float(r["valid_score"])) for r in results.history]
    }
    of_loss = ("half the squared error", "half the squared error, in deviations")
    of_loss = of_loss if results.of_numbers else ("cross-entropy", "cross-entropy, nats")
    unit = "R2" if results.of_numbers else "score, %"
    best = results.metrics["train"]["best_epoch"]
    return (
        f"<h2>Learning</h2><p>Epoch {best} of {len(results.history)} was chosen.</p>"
        '<div class="pair">'
        f"{charts.lines(f'{of_loss[0]} by epoch', loss, 'epoch', of_loss[1])}"
        f"{charts.lines('score by epoch', score, 'epoch', unit)}</div>"
    )


def _against_size(results: Results) -> str:
    if not results.others or results.of_numbers:
        return ""
    recorded = any(mark.kind == interactive.RECORDED for mark in results.others)
    found = "<h2>Accuracy against bytes and operations</h2>"
    if recorded:
        place = f"index.html#{results.name}"
        found += f"<p>{parts.link('The recorded runs of this benchmark', place)}</p>"
    return found + interactive.chart([results.mark, *results.others])


def _confusion(results: Results) -> str:
    names = results.card["output"]["names"]
    if len(names) > MOST_CLASSES:
        return ""
    counted = Counter(results.confusion)
    counts = [[counted[(actual, guess)] for guess in names] for actual in names]
    return "<h2>Confusion on the test set</h2>" + charts.matrix("confusion matrix", names, counts)


def _classes(results: Results) -> str:
    names = results.card["output"]["names"]
    actual, predicted = np.array([[*map(names.index, pair)] for pair in results.confusion]).T
    rows = []
    for name, one in by_class(predicted, actual, names).items():
        shares = (percent(one[key]) for key in ("precision", "recall", "f1"))
        rows.append((name, *shares, f"{one['support']:,}"))
    return "<h2>Classes</h2>" + table(("class", "precision", "recall", "F1", "support"), rows)


def _people(results: Results) -> str:
    """What each person, or other group, of the test set gets."""
    if not results.people:
        return numbers.groups(results)
    ids = {name: k for k, name in enumerate(results.card["output"]["names"])}
    actual, predicted = np.array([[*map(ids.get, pair)] for pair in results.confusion]).T
    people, rows = np.array(results.people), []
    for name in dict.fromkeys(results.people):
        own = people == name
        shares = (
            float((predicted == actual)[own].mean()),
            balanced_accuracy(predicted[own], actual[own]),
        )
        rows.append((name, *map(percent, shares), f"{int(own.sum()):,}"))
    header = ("person or group", "accuracy", "balanced accuracy", "sequences")
    return "<h2>People and groups</h2>" + table(header, rows)


def _examples(results: Results) -> str:
    """Some sequences that are recognised, and some that are taken for another class."""
    if results.inputs is None:
        return ""
    found = "<h2>Examples</h2>"
    for title, right in (("Right", True), ("Wrong", False)):
        rows = [k for k, (a, p) in enumerate(results.confusion) if (a == p) == right]
        places = np.linspace(0, len(rows) - 1, min(EXAMPLES, len(rows))).round().astype(int)
        count = f"{len(rows):,} of {len(results.confusion):,} test sequences"
        drawn = (_example(results, rows[k]) for k in places)
        found += f'<h3>{title}</h3><p>{count}.</p><div class="pair">{"".join(drawn)}</div>'
    return found


def _example(results: Results, row: int) -> str:
    assert results.inputs is not None
    actual, guess = results.confusion[row]
    words = f"row {row + 1}: {actual}" + ("" if actual == guess else f", taken for {guess}")
    sequence = results.inputs[row]
    if results.lengths is not None:
        sequence = sequence[: results.lengths[row]]
    shown = _drawn(sequence, results.card, words)
    return f"<figure>{shown}<figcaption>{html.escape(words)}</figcaption></figure>"


def _drawn(sequence: np.ndarray, card: Mapping[str, Any], words: str) -> str:
    """A sequence as lines, or what is known of its symbols as text."""
    if card["input"]["kind"] == "symbol":
        names = {k + 2: word for k, word in enumerate(card.get("vocabulary", []))}
        text = " ".join(names.get(int(k), f"<{int(k)}>") for k in sequence if k)[-8 * WORDS :]
        return f"<p>{html.escape(text)}</p>"
    channels = sequence[:, :CHANNELS].astype(float).T
    return charts.sequence(words, channels.tolist())


def _costs(results: Results) -> str:
    size, metrics = results.metrics["size"], results.metrics
    shares = {words: size[key] for key, words in PARTS.items() if size.get(key)}
    found = "<h2>What it costs</h2>"
    if shares:
        found += charts.shares("where the bytes go", shares, "bytes")
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
    if results.commit:
        rows.append(("commit of this folder", results.commit))
    found = "<h2>Data and parameters</h2>" + table(("data", ""), rows)
    if results.chosen:
        words = ", ".join(f"{key} {value}" for key, value in results.chosen.items())
        found += f"<p>Chosen from the data: {html.escape(words)}.</p>"
    return found + f"<pre>{html.escape(results.section)}</pre>"

"""The results page: one Markdown table a benchmark, its figures, and a command for every row."""

import html

from hadamrnn.report import published

COLUMNS = (
    "run", "model", "d", "q", "weight bits", "seeds", "accuracy, shipped (%)",
    "cross-entropy, shipped", "accuracy, float (%)", "cross-entropy, float",
    "bytes without embeddings", "C differs", "training (s)",
)  # fmt: skip

INTRODUCTION = """# Results

Made by `dvc repro report` from [results/paper](../../results/paper): a folder a run, with its
parameters, seed, commit, machine, history and metrics. Accuracy is that of the test set (for copy
of the ten recalled symbols; for sst2 of the published development set), mean ± standard deviation
over the seeds. The best epoch was chosen on validation data; har2 and dsa19 train a fixed number of
epochs on all people but the test's. *Shipped* is the integer model, for a baseline its float model.
Names: the benchmark alone is the shipped recipe, `official` the published one, the others change
what they say; har2's sweeps and most of its baselines change `har2-earlier`, whose inputs are not
companded, as their commands say. Times are wall time on a machine that was doing other work beside.
"""


def _spread(group, value, pattern):
    text = format(group.mean(value), pattern)
    deviation = group.deviation(value)
    return text if deviation is None else f"{text} ± {format(deviation, pattern)}"


def cells(group):
    """The row of one group, as texts in the order of COLUMNS."""
    run = group.first
    parities = [r.metrics["parity"] for r in group.runs if r.metrics["parity"]]
    differs = sum(parity["c_mismatches"] for parity in parities)
    compared = sum(parity["sequences"] for parity in parities)
    return (
        group.name,
        run.model,
        str(run.hidden_size),
        str(run.q),
        "32 (float)" if run.weight_bits is None else str(run.weight_bits),
        str(len(group.runs)),
        _spread(group, lambda r: 100 * r.accuracy(), ".2f"),
        _spread(group, lambda r: r.shipped["cross_entropy"], ".2g"),
        _spread(group, lambda r: 100 * r.accuracy("float"), ".2f"),
        _spread(group, lambda r: r.metrics["float"]["cross_entropy"], ".2g"),
        f"{group.mean(lambda r: r.size_bytes):,.0f}",
        f"{differs} of {compared:,}" if parities else "",
        f"{group.mean(lambda r: r.metrics['train']['seconds']):.0f}",
    )


def _table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "| --- " * len(header) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def _published(benchmark):
    known = published.of(benchmark)
    if not known:
        return ""
    rows = [
        (e.model, f"{e.accuracy:.2f}", f"{e.size_bytes:,}" if e.size_bytes else "", e.source)
        for e in known
    ]
    header = ("published, not measured here", "accuracy (%)", "bytes", "source")
    return "\n" + _table(header, rows)


def _section(benchmark, groups, figures):
    parts = [f"\n## {benchmark}\n\n", _table(COLUMNS, [cells(group) for group in groups])]
    parts.append(_published(benchmark))
    parts += [f"\n![{name}]({name}.svg)\n" for name in figures]
    parts.append("\nTo make a run again:\n\n")
    parts += [f"- `{group.name}`: `{group.first.command}`\n" for group in groups]
    return "".join(parts)


def markdown(groups_of, figures_of):
    """The page; groups_of, figures_of : benchmark -> its groups, names of its SVG files."""
    sections = [_section(name, groups, figures_of[name]) for name, groups in groups_of.items()]
    return INTRODUCTION + "".join(sections)


def webpage(groups_of, figures_of, read_svg):
    """One HTML file, tables and figures inside; as ``markdown``, read_svg : name -> SVG text."""
    body = ["<h1>HadamRNN: results</h1>"]
    for benchmark, groups in groups_of.items():
        head = "".join(f"<th>{html.escape(c)}</th>" for c in COLUMNS)
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in cells(group)) + "</tr>"
            for group in groups
        )
        body.append(f"<h2>{html.escape(benchmark)}</h2><table><tr>{head}</tr>{rows}</table>")
        body += [read_svg(name) for name in figures_of[benchmark]]
    style = "body{font:14px sans-serif;margin:2em}td,th{padding:.2em .6em;border:1px solid #ccc}"
    style += "table{border-collapse:collapse;font-size:12px}svg{max-width:46em;display:block}"
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>HadamRNN: results</title>"
        f"<style>{style}</style>{''.join(body)}</html>\n"
    )

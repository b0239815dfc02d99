"""The page of all results: the user's own runs first, then the recorded ones."""

import html
from collections.abc import Callable, Mapping, Sequence

from hadamrnn.metrics import in_words
from hadamrnn.report import page
from hadamrnn.report.runs import Group
from hadamrnn.webpage import interactive, parts
from hadamrnn.webpage.interactive import Mark
from hadamrnn.webpage.parts import table
from hadamrnn.webpage.results import Scores

OWN = ("benchmark", "score", "always the same answer", "bytes", "C differs in")
EXPLORED = ("size", "operations")
"""Kinds of figures that the chart to be explored stands for."""


def index(
    own: Sequence[Scores],
    recorded: Sequence[Mark],
    groups_of: Mapping[str, Sequence[Group]],
    figures: Mapping[str, Sequence[str]],
    read_svg: Callable[[str], str],
) -> str:
    """The page, one HTML file that needs no other.

    Parameters
    ----------
    own : sequence of Scores
        Of the benchmarks that were run here; each has a page of its own beside this one.
    recorded : sequence of Mark
        The runs under results/paper.
    groups_of : mapping of str to sequence of Group
        The same runs by benchmark.
    figures : mapping of str to sequence of str
        By benchmark, names of figures.
    read_svg : callable
        Text of the figure of a name, from its ``<svg`` on.

    Returns
    -------
    str
        HTML.
    """
    marks = [*(scores.mark for scores in own if not scores.of_numbers), *recorded]
    body = ["<h1>HadamRNN: results</h1>", "<h2>Runs of this folder</h2>", _own(own)]
    if marks:
        body += ["<h2>Accuracy against bytes and operations</h2>", interactive.chart(marks)]
    if groups_of:
        body.append("<h1>Recorded runs</h1><p>Of results/paper: test set, mean over the seeds.</p>")
    for benchmark, groups in groups_of.items():
        body.append(_section(benchmark, groups, figures.get(benchmark, ()), read_svg))
    return parts.document("HadamRNN: results", body)


def _own(own: Sequence[Scores]) -> str:
    if not own:
        return "<p>None yet: <code>dvc repro</code> makes them.</p>"
    rows = []
    for scores in own:
        parity = scores.metrics["parity"]
        differs = f"{parity['c_mismatches']:,} of {parity['sequences']:,}" if parity else ""
        shares = (scores.scored[scores.measure], scores.metrics["majority"][scores.measure])
        name = parts.link(scores.name, f"{scores.name}.html")
        shown = (in_words(scores.measure, share) for share in shares)
        rows.append((name, *shown, f"{scores.bytes:,}", differs))
    return table(OWN, rows)


def _section(
    benchmark: str, groups: Sequence[Group], figures: Sequence[str], read_svg: Callable[[str], str]
) -> str:
    name = html.escape(benchmark)
    found = [f'<h2 id="{name}">{name}</h2>']
    found.append(table(page.COLUMNS, [page.cells(group, link=False) for group in groups]))
    details = table(page.DETAILS, [page.detail_cells(group) for group in groups])
    if known := page.published_rows(benchmark):
        details = table(page.PUBLISHED, known) + details
    found.append(f"<details><summary>Details, and published figures</summary>{details}</details>")
    shown = (figure for figure in figures if not set(figure.split("-")[1:]) & {*EXPLORED})
    drawn = "".join(f'<figure class="drawn">{read_svg(figure)}</figure>' for figure in shown)
    found.append(f"<details><summary>Figures</summary>{drawn}</details>")
    return "".join(found)

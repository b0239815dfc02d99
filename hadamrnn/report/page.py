"""The results page: tables of every benchmark, its figures, and a command for every row."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from hadamrnn.report import published
from hadamrnn.report.runs import Group, Run, percent

Rows = list[tuple[str, ...]]

COLUMNS = ("run", "model", "seeds", "accuracy (%)", "bytes", "training (s)")
DETAILS = (
    "run", "cross-entropy", "accuracy, float (%)", "cross-entropy, float", "C differs in",
)  # fmt: skip
PUBLISHED = ("published, not measured here", "accuracy (%)", "bytes", "source")

FIGURES = {
    "size": "test accuracy against model size",
    "operations": "test accuracy against operations per time step",
    "models": "accuracy and time to train of several models",
    "curves": "validation figures and flipped signs after every epoch",
    "confusion": "confusion matrix of the test set",
}
"""What the second part of a figure's name stands for."""

INTRODUCTION = """# Results

Made by `dvc repro report` from [results/paper](../../results/paper): a JSON file a run, with its
parameters, seed, commit, machine, history, confusion matrix and metrics, and beside it the packed
integer model. Accuracy is that of the test set (for copy of the ten recalled symbols; for sst2 of
the published development set), mean ± standard deviation over the seeds. The best epoch was chosen
on validation data; har2 and dsa19 train a fixed number of epochs on everybody but the people of the
test set. What is measured is the integer model, of a baseline its float model; bytes are those of
the packed file, tables of words included. *d* is the width of the state, *q* the number of Hadamard
blocks; bits are those of the weights.

Names: the benchmark alone is the shipped recipe, `official` the published one, the others change
what they say. har2's sweeps and most of its baselines change `har2-earlier`, whose inputs are not
companded. Times are wall time on a machine that was also running other jobs.

The commands under each table repeat its runs with the shipped params.yaml.
"""


def _spread(group: Group, value: Callable[[Run], float], pattern: str) -> str:
    text = format(group.mean(value), pattern)
    deviation = group.deviation(value)
    return text if deviation is None else f"{text} ± {format(deviation, pattern)}"


def model_words(run: Run) -> str:
    """What was trained, as the table says it.

    Parameters
    ----------
    run : Run
        Any run.

    Returns
    -------
    str
        As "hadamrnn, d 384, q 6, 4 bits"; no q where there are no blocks.
    """
    blocks = [] if run.q is None else [f"q {run.q}"]
    return ", ".join([run.model, f"d {run.hidden_size}", *blocks, run.weights])


def cells(group: Group, link: bool = True) -> tuple[str, ...]:
    """The row of one group in the first table.

    Parameters
    ----------
    group : Group
        Runs that differ in their seed.
    link : bool
        Whether the name leads to the file of the first run, in Markdown.

    Returns
    -------
    tuple of str
        In the order of COLUMNS.
    """
    run, name = group.first, group.name
    return (
        f"[{name}](../../results/paper/{run.name}.json)" if link else name,
        model_words(run),
        str(len(group.runs)),
        _spread(group, percent, ".2f"),
        f"{group.mean(lambda r: r.size_bytes):,.0f}",
        f"{group.mean(lambda r: r.metrics['train']['seconds']):,.0f}",
    )


def detail_cells(group: Group) -> tuple[str, ...]:
    """The row of one group in the second table.

    Parameters
    ----------
    group : Group
        Runs that differ in their seed.

    Returns
    -------
    tuple of str
        In the order of DETAILS. A baseline has neither a second model nor C code.
    """
    own = _spread(group, lambda r: r.shipped["cross_entropy"], ".2g")
    parities = [run.metrics["parity"] for run in group.runs if run.metrics["parity"]]
    if not parities:
        return (group.name, own, "", "", "")
    differs = sum(parity["c_mismatches"] for parity in parities)
    compared = sum(parity["sequences"] for parity in parities)
    return (
        group.name,
        own,
        _spread(group, lambda r: percent(r, "float"), ".2f"),
        _spread(group, lambda r: r.metrics["float"]["cross_entropy"], ".2g"),
        f"{differs} of {compared:,}",
    )


def published_rows(benchmark: str) -> Rows:
    """Rows of PUBLISHED of one benchmark.

    Parameters
    ----------
    benchmark : str
        The data set.

    Returns
    -------
    list of tuple of str
        Empty where nothing is known.
    """
    return [
        (e.model, f"{e.accuracy:.2f}", f"{e.size_bytes:,}" if e.size_bytes else "", e.source)
        for e in published.of(benchmark)
    ]


def _table(header: Sequence[str], rows: Rows) -> str:
    lines = ["| " + " | ".join(header) + " |", "| --- " * len(header) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def _folded(summary: str, content: str) -> str:
    return f"\n<details>\n<summary>{summary}</summary>\n\n{content}\n</details>\n"


def _commands(groups: Sequence[Group]) -> str:
    lines = []
    for group in groups:
        others = ", ".join(f"seed={run.seed}" for run in group.runs[1:])
        lines.append(f"# {group.name}" + (f"; others: {others}" if others else ""))
        lines.append(group.first.record["command"])
    return "```sh\n" + "\n".join(lines) + "\n```\n"


def _words(name: str, benchmark: str) -> str:
    kind = name.removeprefix(f"{benchmark}-").split("-")[0]
    return f"{benchmark}: {FIGURES.get(kind, kind)}"


def _section(benchmark: str, groups: Sequence[Group], figures: Iterable[str]) -> str:
    parts = [f"\n## {benchmark}\n\n", _table(COLUMNS, [cells(group) for group in groups])]
    if known := published_rows(benchmark):
        parts.append("\n" + _table(PUBLISHED, known))
    details = _table(DETAILS, [detail_cells(group) for group in groups])
    parts.append(_folded("Cross-entropy, the float model, and C against Python", details))
    parts.append(_folded("Commands that make these runs again", _commands(groups)))
    parts += [f"\n![{_words(name, benchmark)}]({name}.svg)\n" for name in figures]
    return "".join(parts)


def markdown(
    groups_of: Mapping[str, Sequence[Group]], names_of: Mapping[str, Sequence[str]]
) -> str:
    """The page as Markdown, for docs/results.

    Parameters
    ----------
    groups_of : mapping of str to sequence of Group
        By benchmark.
    names_of : mapping of str to sequence of str
        By benchmark, the names of its SVG files, without ending.

    Returns
    -------
    str
        A section a benchmark.
    """
    sections = [_section(name, groups, names_of[name]) for name, groups in groups_of.items()]
    return INTRODUCTION + "".join(sections)

"""Show DVC's experiments of the present commit side by side.

A line for each benchmark of each: what it set apart from the committed params.yaml, and what it
reached on the test set. It fits 120 columns; dvc exp show has every parameter and metric.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hadamrnn.cli import needs
from hadamrnn.errors import HadamrnnError
from hadamrnn.metrics import reached

HELP = "show DVC's experiments side by side: what each set, and what it reached"
COLUMNS = ("experiment", "benchmark", "set", "score", "loss", "bytes")
WIDTH = 120


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``hadamrnn experiments`` has none."""


def _git(*words: str) -> str | None:
    """What Git prints; None where it fails."""
    try:
        done = subprocess.run(["git", *words], capture_output=True, check=False, encoding="utf-8")
    except OSError as error:
        raise HadamrnnError(f"git: must be there to read experiments; got {error}") from None
    return None if done.returncode else done.stdout


def there() -> dict[str, str]:
    """Commits of the experiments that began at HEAD, by name, the oldest first."""
    head = (_git("rev-parse", "HEAD") or "").strip()
    place = f"refs/exps/{head[:2]}/{head[2:]}/"
    form = "%(objectname) %(refname)"
    listed = _git("for-each-ref", "--sort=committerdate", f"--format={form}", place) if head else ""
    pairs = (line.split(" ", 1) for line in (listed or "").splitlines())
    return {name.removeprefix(place): commit for commit, name in pairs}


def flat(values: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys of nested mappings, and their values.

    >>> [*flat({"a": {"b": 1}, "c": None})]
    [('a.b', 1), ('c', None)]
    """
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from flat(value, f"{place}{key}.")
        else:
            yield f"{place}{key}", value


def changed(document: Mapping[str, Any], base: Mapping[str, Any], benchmark: str) -> str:
    """What an experiment set for a benchmark, its own section's keys by their names.

    >>> changed({"q": 4, "benchmark": {"a": {"fade": 3}, "b": {"q": 2}}}, {"q": 1}, "a")
    'q=4 fade=3'
    """
    before, own, found = dict(flat(base)), f"benchmark.{benchmark}.", []
    for key, value in flat(document):
        elsewhere = key == "benchmarks" or (key.startswith("benchmark.") and own not in key)
        if not elsewhere and before.get(key, ...) != value:
            shown = "null" if value is None else value
            found.append(f"{key.removeprefix(own)}={shown}")
    return " ".join(found)


def rows(experiments: Mapping[str, str]) -> list[list[str]]:
    """Cells of every benchmark of every experiment.

    Parameters
    ----------
    experiments : mapping of str to str
        Commits by name.

    Returns
    -------
    list of list of str
        COLUMNS; of a baseline, scores of floats.
    """
    import yaml

    base = yaml.safe_load(_git("show", "HEAD:params.yaml") or "{}")
    found = []
    for name, revision in experiments.items():
        document = yaml.safe_load(_git("show", f"{revision}:params.yaml") or "{}")
        for benchmark in document.get("benchmarks", []):
            text = _git("show", f"{revision}:results/{benchmark}/metrics.json")
            if text is not None:
                metrics = json.loads(text)
                scores = metrics["integer"] or metrics["float"]
                size = metrics["size"]
                found.append(
                    [
                        name,
                        benchmark,
                        changed(document, base, benchmark),
                        reached(scores),
                        f"{scores.get('cross_entropy', scores.get('rmse')):.2g}",
                        f"{size.get('packed_file_bytes', size['total_bytes']):,}",
                    ]
                )
    return found


def run(options: argparse.Namespace) -> int:
    """Print the table."""
    with needs.more_than_numpy("experiments"):
        found = rows(there())
    if not found:
        raise HadamrnnError("experiments: must be run first, as by dvc exp run -S q=4; got none")
    show(found)
    return 0


def show(found: Sequence[Sequence[str]]) -> None:
    """Print the table.

    Parameters
    ----------
    found : sequence
        As ``rows`` gives.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, show_edge=False, collapse_padding=True)
    for column in COLUMNS[:2]:
        table.add_column(column, no_wrap=True)
    table.add_column(COLUMNS[2], overflow="fold")
    for column in COLUMNS[3:]:
        table.add_column(column, justify="right", no_wrap=True)
    for cells in found:
        table.add_row(*cells)
    Console(width=None if sys.stdout.isatty() else WIDTH).print(table)

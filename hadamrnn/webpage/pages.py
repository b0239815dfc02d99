"""The folder reports: a page for each benchmark, and one of all."""

import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from hadamrnn import files
from hadamrnn.report import runs
from hadamrnn.webpage import found
from hadamrnn.webpage.index import index
from hadamrnn.webpage.of_benchmark import page
from hadamrnn.webpage.results import Scores

FOLDER, FIGURES = Path("reports"), Path("docs/results")


def evaluated() -> list[str]:
    """Benchmarks that have results."""
    return found.evaluated()


def write(names: Iterable[str], parameters: str, counted: bool) -> Iterator[Path]:
    """Write the pages of benchmarks, then that of all.

    Parameters
    ----------
    names : iterable of str
        Benchmarks that were evaluated.
    parameters : str
        Text of params.yaml.
    counted : bool
        Whether to count what devices need even where emulators are installed.

    Yields
    ------
    Path
        What was written, as it is.

    Raises
    ------
    HadamrnnError
        Where a stage has not run, or left something damaged.
    """
    commit = _commit()
    for name in names:
        target = FOLDER / f"{name}.html"
        files.write_text(target, page(found.of(name, parameters, commit, counted)))
        yield target
    own = [
        Scores(name=name, metrics=files.read_json(found.RESULTS / name / "metrics.json"))
        for name in evaluated()
        if (FOLDER / f"{name}.html").exists()
    ]
    groups = runs.by_benchmark(runs.read_groups(found.RECORDED).values())
    figures = {name: sorted(path.stem for path in FIGURES.glob(f"{name}-*.svg")) for name in groups}
    target = FOLDER / "index.html"
    files.write_text(target, index(own, found.recorded(), groups, figures, _svg))
    yield target


def _svg(name: str) -> str:
    text = (FIGURES / f"{name}.svg").read_text(encoding="utf-8")
    return text[text.index("<svg") :]


def _commit() -> str:
    """Of the folder, with a word where files differ from it; empty without Git."""
    command = ["git", "describe", "--always", "--dirty=, changed since", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, check=False, encoding="utf-8")
    except OSError:
        return ""
    return done.stdout.strip()

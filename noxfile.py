"""Sessions for everything a user or contributor runs; ``nox -l`` explains each.

Every session builds its own environment from pyproject.toml under the pins of constraints.txt.
"""

from pathlib import Path

import nox

nox.options.sessions = ["lint", "tests"]
nox.options.reuse_existing_virtualenvs = True

HERE = Path(__file__).parent
# PIP_CONSTRAINT reaches isolated builds too; a bare option would not.
CONSTRAINED = {"PIP_CONSTRAINT": str(HERE / "constraints.txt")}


def install(session, *groups):
    """The package with everything the pipeline needs, and the named dependency groups."""
    groups_options = [option for name in groups for option in ("--group", name)]
    session.install("-q", "-U", "pip>=25.1", env=CONSTRAINED)
    session.install("-q", "-e", ".[pipeline]", *groups_options, env=CONSTRAINED)


@nox.session
def repro(session):
    """Run the pipeline of params.yaml (copy, pdigits: no download) and print its results."""
    install(session)
    session.run("dvc", "repro", *session.posargs)
    session.run("python", "-m", "stages.results")


@nox.session
def tests(session):
    """All tests and doctests; arguments go to pytest: nox -s tests -- -k krylov."""
    install(session, "tests", "bench")
    session.run("pytest", *session.posargs)


@nox.session
def lint(session):
    """ruff (style and format) and mypy (types)."""
    session.install("-q", "-U", "pip>=25.1", env=CONSTRAINED)
    session.install("-q", "--group", "lint", env=CONSTRAINED)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")


@nox.session
def bench(session):
    """Speed and memory against peers: results/benchmarks.json and a figure; --quick for a try."""
    install(session, "bench")
    session.run("python", "-m", "benchmarks", *session.posargs)

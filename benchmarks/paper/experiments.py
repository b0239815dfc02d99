"""The paper's runs as DVC experiments: queue those of paper.yaml, collect the finished ones.

    python -m benchmarks.paper queue [name ...]
    dvc queue start -j 2
    python -m benchmarks.paper collect

A collected run is results/paper/<run>.json, with all that the experiment measured, the command that
repeats it, its seed, commit, time and machine; beside it lies <run>.hrnn, the packed model, where
it is small. Collect on a clean checkout: the commit of a run is the one its experiment started
from, and its command is written for the params.yaml of the checkout. ``collect`` also renews the
commands of earlier runs, which a changed params.yaml makes wrong.
"""

import argparse
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from benchmarks.paper import commands, plan
from benchmarks.paper.record import record_of
from hadamrnn.errors import HadamrnnError
from hadamrnn.report import records
from hadamrnn.sweeps.runs import expand

FOLDER = Path("results/paper")
PREFIX = "paper-"
MOST_MODEL_BYTES = 16384
"""Models larger than this stay out of Git."""


def git(*arguments: str) -> str:
    """Output of a git command, without the line end."""
    done = subprocess.run(["git", *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def experiments() -> dict[str, str]:
    """{run name: commit} of the finished paper experiments in this clone."""
    lines = git("for-each-ref", "refs/exps", "--format=%(refname) %(objectname)").splitlines()
    pairs = (line.split() for line in lines)
    named = ((reference.split("/")[-1], commit) for reference, commit in pairs)
    return {name.removeprefix(PREFIX): c for name, c in named if name.startswith(PREFIX)}


def waiting() -> set[str]:
    """Names of the paper's runs in DVC's queue that have not finished."""
    done = subprocess.run(["dvc", "queue", "status"], check=True, capture_output=True, text=True)
    lines = [line.split() for line in done.stdout.splitlines()]
    named = [words[1] for words in lines if words and words[-1] in ("Queued", "Running")]
    return {name.removeprefix(PREFIX) for name in named if name.startswith(PREFIX)}


def queue(runs: Mapping[str, Mapping[str, Any]], document: Mapping[str, Any]) -> list[str]:
    """Queue every run that has no result yet and does not wait for one.

    Parameters
    ----------
    runs : mapping
        As ``expand`` gives.
    document : mapping
        The params.yaml of the checkout.

    Returns
    -------
    list of str
        Names of the queued ones.

    Raises
    ------
    HadamrnnError
        Where DVC refuses a run; it has said why.
    """
    done, queued = {*experiments(), *waiting()}, []
    for run, settings in runs.items():
        if run in done or (FOLDER / f"{run}.json").exists():
            continue
        options = [w for o in commands.options(settings, document) for w in ("-S", o)]
        target = f"evaluate@{settings['benchmarks'][0]}"  # and not the report of all runs
        words = ["dvc", "exp", "run", "--queue", "--name", PREFIX + run, *options, target]
        if subprocess.run(words).returncode:
            raise HadamrnnError(f"queue: DVC must take every run; it refused {run}, see above")
        queued.append(run)
    return queued


def nothing_queued(runs: Mapping[str, Any]) -> str:
    """Why there was nothing to queue, and how to make a run again.

    Parameters
    ----------
    runs : mapping
        By name, each with a result, a finished experiment, or a place in the queue.

    Returns
    -------
    str
        One sentence.
    """
    done, queued = experiments(), waiting()
    if queued & set(runs):
        return (
            f"nothing queued: {len(queued & set(runs))} of {len(runs)} runs are in the queue "
            "(`dvc queue start` makes them), the others have results"
        )
    run = next(iter(runs))
    kept = [run for run in runs if (FOLDER / f"{run}.json").exists()]
    ways = [f"rm {FOLDER / run}.*"] if run in kept else []
    ways += [f"dvc exp remove {PREFIX}{run}"] if run in done else []
    where = f"have their results in {FOLDER}"
    if len(kept) < len(runs):
        where = f"are finished, {len(runs) - len(kept)} of them to be collected"
    return (
        f"nothing queued: all {len(runs)} runs {where}; to make one again, remove it first "
        f"(`{' && '.join(ways)}`)"
    )


def collect(runs: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Write results/paper/<run>.json of every finished experiment that is not there yet.

    Parameters
    ----------
    runs : mapping
        As ``expand`` gives.

    Returns
    -------
    list of str
        Names of the collected ones.

    Raises
    ------
    HadamrnnError
        Where an experiment lacks a file, or holds a wrong one.
    """
    from dvc.api import DVCFileSystem  # takes a second to load

    collected = []
    for run, commit in experiments().items():
        if run not in runs or (FOLDER / f"{run}.json").exists():
            continue
        files = DVCFileSystem(rev=commit)  # of Git and of DVC's cache

        def read(path: str, files: Any = files) -> bytes | None:
            return files.read_bytes(path) if files.exists(path) else None

        finished = git("show", "-s", "--format=%cI", commit)
        record = record_of(runs[run], read, git("rev-parse", f"{commit}^"), finished)
        write(run, record)
        packed = read(f"exports/{record['benchmark']}/model.hrnn")
        if packed is not None and len(packed) <= MOST_MODEL_BYTES:
            (FOLDER / f"{run}.hrnn").write_bytes(packed)
        collected.append(run)
    return collected


def write(run: str, record: records.Record) -> None:
    """Write results/paper/<run>.json.

    Parameters
    ----------
    run : str
        Its name.
    record : dict
        By ``records.KEYS``.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{run}.json").write_text(records.dumps(record), encoding="utf-8")


def renew_commands(document: Mapping[str, Any]) -> None:
    """Write the command of every collected run for a params.yaml.

    Parameters
    ----------
    document : mapping
        The params.yaml of the checkout.
    """
    for path in sorted(FOLDER.glob("*.json")):
        record = records.read(path)
        renewed = plan.command(record, document)
        if record["command"] != renewed:
            write(path.stem, {**record, "command": renewed})


def main(arguments: list[str] | None = None) -> None:
    """The command line.

    Parameters
    ----------
    arguments : list of str, optional
        By default those of the program.
    """
    parser = argparse.ArgumentParser(prog="benchmarks.paper", description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["queue", "collect"])
    parser.add_argument("names", nargs="*", help="entries of paper.yaml, all when none is given")
    options = parser.parse_args(arguments)
    entries = yaml.safe_load(Path("paper.yaml").read_text(encoding="utf-8"))
    document = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    for name in options.names:
        if name not in entries:
            parser.error(f"name: must be one of {', '.join(entries)}; got {name!r}")
    runs = expand({name: entries[name] for name in options.names or entries})
    if options.action == "queue":
        queued = queue(runs, document)
        there = len(runs) - len(queued)
        print(f"queued {len(queued)}; {there} were there" if queued else nothing_queued(runs))
        return
    collected = collect(runs)
    renew_commands(document)
    print(f"collected {len(collected)}: {', '.join(collected) or 'nothing had finished'}")

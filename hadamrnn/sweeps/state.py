"""What a sweep knows of its runs: from the remote, from their records, locks and logs."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hadamrnn.sweeps import folders, repository, runs
from hadamrnn.sweeps.folders import Sweep
from hadamrnn.sweeps.runs import Run

TAIL = 8192
"""Bytes at the end of a log that are read for its progress."""
EPOCH = re.compile(r"epoch (\d+/\d+): .*?(?:valid|rows) .*?, (\w+ [\d.]+ %)(?:, (.+ left))?")
STAGE = re.compile(r"Running stage '([^']+)'")
DONE = ("finished", "collected")
ENDED = ("failed", "killed")


@dataclass(frozen=True, kw_only=True)
class State:
    """A run as it stands.

    Parameters
    ----------
    name : str
        Of the run.
    kind : str
        ``collected`` (into results/paper), ``finished``, ``running``, ``queued`` (in SLURM),
        ``failed``, ``killed`` or ``waiting``.
    where : str
        Machine or job.
    words : str
        How far it is, or why it failed.
    """

    name: str
    kind: str
    where: str = ""
    words: str = ""


def look(
    sweep: Sweep, chosen: Iterable[Run], active: Mapping[str, tuple[str, str]]
) -> dict[str, State]:
    """All runs as they stand.

    Parameters
    ----------
    sweep : Sweep
        What they have in common.
    chosen : iterable of Run
        The runs.
    active : mapping
        Of those that a machine or SLURM has: kind (``running``, ``queued``) and where.

    Returns
    -------
    dict of str to State
        By name.
    """
    there, found = repository.finished(sweep.home, sweep.remote, sweep.commit), {}
    for run in chosen:
        folder = sweep.folder / "runs" / run.name
        record = folders.read(folder / "record.json") or {}
        collected = sweep.home / runs.COLLECTED / f"{run.name.removeprefix(runs.PAPER)}.json"
        kind, where, words = "waiting", "", ""
        if run.name in there:
            kind = "finished"
            words = f"{record['seconds']:.0f} s" if "seconds" in record else ""
        elif run.name.startswith(runs.PAPER) and collected.exists():
            kind = "collected"
        elif run.name in active:
            kind, where = active[run.name]
            words = progress(folder / "log.txt") if kind == "running" else ""
        elif folders.is_locked(folder / "lock"):
            kind, words = "running", progress(folder / "log.txt")
        elif record.get("state") in ENDED:
            kind, words = record["state"], f"{record['why']} ({folder / 'log.txt'})"
        elif (folder / "log.txt").exists():
            kind, words = "killed", f"left no word ({folder / 'log.txt'})"
        found[run.name] = State(name=run.name, kind=kind, where=where, words=words)
    return found


def progress(log: Path) -> str:
    """How far a run is, by the last lines of its log.

    Parameters
    ----------
    log : Path
        Of the run.

    Returns
    -------
    str
        Epoch, score and time left while it trains, else the stage.
    """
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - TAIL))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    for line in reversed(lines):
        if found := EPOCH.search(line):
            return ", ".join(("epoch " + found[1], *filter(None, found.groups()[1:])))
        if found := STAGE.search(line):
            return found[1]
    return "begins"

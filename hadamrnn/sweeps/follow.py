"""Begin what is missing of a sweep, and look until nothing is at work any more."""

import contextlib
import dataclasses
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from hadamrnn.sweeps import folders, state
from hadamrnn.sweeps.folders import Sweep
from hadamrnn.sweeps.runs import Run
from hadamrnn.sweeps.state import State

KINDS = ("waiting", "queued", "running", "finished", "collected", "failed", "killed")
"""Of runs, in the order in which they are counted."""


class Place(Protocol):
    """Where runs are made: ``local.Local`` or ``slurm.Slurm``."""

    patience: int

    def active(self) -> dict[str, tuple[str, str]]: ...

    def begin(self, chosen: Sequence[Run], running: int) -> list[str]: ...

    def log(self, name: str) -> Path: ...

    def stop(self) -> str: ...


def follow(
    sweep: Sweep, chosen: Sequence[Run], place: Place, every: float
) -> Iterator[dict[str, State]]:
    """Begin each run that is not finished once, and tell how all of them stand.

    Parameters
    ----------
    sweep : Sweep
        What they have in common.
    chosen : sequence of Run
        The runs.
    place : Place
        Where they are made.
    every : float
        Seconds between two looks.

    Yields
    ------
    dict of str to State
        By name, at every look; the last one when nothing is at work and nothing is to be begun.
        While another process follows runs of the same commit, it begins them, and this one looks.
    """
    begun: set[str] = set()
    missed: Counter[str] = Counter()
    with contextlib.ExitStack() as held:
        alone = False
        while True:
            alone = alone or held.enter_context(folders.locked(sweep.folder / "lock")) is not None
            active = place.active()
            states = state.look(sweep, chosen, active)
            for name in begun:
                states[name] = _settled(states[name], missed, place)
            kinds = Counter(one.kind for one in states.values())
            todo = [
                run
                for run in chosen
                if run.name not in begun and states[run.name].kind in ("waiting", *state.ENDED)
            ]
            if alone and todo:
                fresh = place.begin(todo, kinds["running"])
                begun.update(fresh)
                for name in fresh:
                    states[name] = State(name=name, kind="queued")
            yield states
            if _over(states) and (alone or not todo):
                return
            time.sleep(every)


def _settled(found: State, missed: Counter[str], place: Place) -> State:
    """A run that was begun: it counts as killed when it is nowhere for some looks in a row."""
    if found.kind not in ("waiting", "killed"):
        missed[found.name] = 0
        return found
    missed[found.name] += 1
    if missed[found.name] < place.patience:
        return dataclasses.replace(found, kind="running", words="")
    words = found.words or f"ended before it began ({place.log(found.name)})"
    return dataclasses.replace(found, kind="killed", words=words)


def _over(states: Mapping[str, State]) -> bool:
    return all(one.kind in (*state.DONE, *state.ENDED) for one in states.values())


def counted(states: Mapping[str, State]) -> str:
    """How many runs are how far.

    Parameters
    ----------
    states : mapping of str to State
        By name.

    Returns
    -------
    str

    Examples
    --------
    >>> counted({"a": State(name="a", kind="finished"), "b": State(name="b", kind="running")})
    '1 running, 1 finished'
    """
    kinds = Counter(one.kind for one in states.values())
    return ", ".join(f"{kinds[kind]} {kind}" for kind in KINDS if kinds[kind])

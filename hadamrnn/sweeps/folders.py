"""Files of a sweep, under ``sweeps/<commit>/`` of the user's clone or another shared folder.

===========================  ======================================================================
runs/<name>/run.json         what the run is
runs/<name>/log.txt          all that its attempts printed
runs/<name>/record.json      how the last attempt ended; none while one works, or was killed
runs/<name>/errors.txt       what an attempt on this machine said outside of its log
runs/<name>/job.json         the job of SLURM, where one was submitted
runs/<name>/lock             held by the attempt at work, and by what it started
runs/<name>/checkpoints/     of its trainings, for the next attempt
runs/<name>/clone/           the clone that the attempt works in; gone when it has finished
slurm/<job>/                 what submitit keeps of a job
lock                         held by the command that begins runs
===========================  ======================================================================
"""

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hadamrnn import files
from hadamrnn.errors import HadamrnnError
from hadamrnn.sweeps.runs import Run

PATIENCE = 10.0
"""Seconds for which an attempt waits for a lock that may only be looked at."""


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """What all runs of a sweep have in common.

    Parameters
    ----------
    home : Path
        The user's clone.
    folder : Path
        Of its files, seen under the same path by all machines.
    commit : str
        That the runs begin at.
    remote : str
        Where their experiments are pushed.
    processes : int
        That train together in a run.
    cache : str
        Folder of DVC's cache.
    """

    home: Path
    folder: Path
    commit: str
    remote: str
    processes: int
    cache: str

    def of(self, run: Run) -> Path:
        """Folder of a run, with its run.json.

        Parameters
        ----------
        run : Run
            One of the sweep.

        Returns
        -------
        Path
        """
        folder = self.folder / "runs" / run.name
        content = {
            "name": run.name,
            "settings": list(run.settings),
            "benchmarks": list(run.benchmarks),
            "home": str(self.home),
            "commit": self.commit,
            "remote": self.remote,
            "processes": self.processes,
            "cache": self.cache,
        }
        if read(folder / "run.json") != content:
            files.write_json(folder / "run.json", content)
        return folder


def read(path: Path) -> dict[str, Any] | None:
    """A JSON object; None where there is none, or half of one.

    Parameters
    ----------
    path : Path
        Of the file.

    Returns
    -------
    dict or None
    """
    try:
        found = files.read_json(path)
    except HadamrnnError:
        return None
    return found if isinstance(found, dict) else None


@contextlib.contextmanager
def locked(path: Path, patience: float = 0.0) -> Iterator[int | None]:
    """Hold a lock that also holds for the processes that get its descriptor.

    Parameters
    ----------
    path : Path
        Its file, which stays.
    patience : float
        Seconds to wait for it.

    Yields
    ------
    int or None
        The descriptor; None where another process has the lock.
    """
    import fcntl

    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        end = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= end:
                    yield None
                    return
                time.sleep(0.1)
            else:
                yield descriptor
                return
    finally:
        os.close(descriptor)  # what it was handed to still holds the lock


def is_locked(path: Path) -> bool:
    """Whether any process holds a lock.

    Parameters
    ----------
    path : Path
        Its file.

    Returns
    -------
    bool
    """
    if not path.exists():
        return False
    with locked(path) as descriptor:
        return descriptor is None

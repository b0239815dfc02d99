"""Runs on this machine, some at a time, each a process that outlives a killed sweep.

They are not given to DVC's queue, which runs in temporary copies: with a killed one its checkpoints
are gone, and it begins anew. Here the next attempt has them.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from hadamrnn.sweeps.folders import Sweep
from hadamrnn.sweeps.runs import Run

GRACE = 10.0
"""Seconds that a stopped run has to end."""


class Local:
    """Starts runs on this machine.

    Parameters
    ----------
    sweep : Sweep
        What they have in common.
    workers : int
        How many run at a time.

    Attributes
    ----------
    patience : int
        How many looks in a row find a run nowhere before it counts as killed.
    """

    patience = 1

    def __init__(self, sweep: Sweep, workers: int) -> None:
        self.sweep = sweep
        self.workers = workers
        self.slots: dict[int, tuple[str, subprocess.Popen[bytes]]] = {}

    def active(self) -> dict[str, tuple[str, str]]:
        """Kind and place of the runs that this process started and that are at work."""
        ended = [slot for slot, (_, process) in self.slots.items() if process.poll() is not None]
        for slot in ended:
            del self.slots[slot]
        return {
            name: ("running", f"process {process.pid}") for name, process in self.slots.values()
        }

    def begin(self, chosen: Sequence[Run], running: int) -> list[str]:
        """Start as many runs as there is room for.

        Parameters
        ----------
        chosen : sequence of Run
            Those that are to be made, in this order.
        running : int
            Runs at work, whoever started them.

        Returns
        -------
        list of str
            Names of those that were started.
        """
        begun = []
        for run in chosen[: max(0, self.workers - running)]:
            slot = min({*range(self.workers)} - {*self.slots})
            folder = self.sweep.of(run)
            with self.log(run.name).open("wb") as errors:
                process = subprocess.Popen(
                    [sys.executable, "-m", "hadamrnn.sweeps.job", str(folder)],
                    env=_environment(slot, self.workers, self.sweep.processes),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    start_new_session=True,
                )
            self.slots[slot] = (run.name, process)
            begun.append(run.name)
        return begun

    def log(self, name: str) -> Path:
        """What a run said outside of its own log.

        Parameters
        ----------
        name : str
            Of the run.

        Returns
        -------
        Path
        """
        return self.sweep.folder / "runs" / name / "errors.txt"

    def stop(self) -> str:
        """End the runs that this process started.

        Returns
        -------
        str
            What becomes of them.
        """
        for number in (signal.SIGTERM, signal.SIGKILL):
            for _, process in self.slots.values():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
            for _, process in self.slots.values():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(GRACE)
        return "runs were stopped; the same command resumes them"


def _environment(slot: int, workers: int, processes: int) -> dict[str, str]:
    """Of a worker: its share of the cores, and of the GPUs where CUDA_VISIBLE_DEVICES lists some.

    >>> import unittest.mock as mock
    >>> with mock.patch.dict(os.environ, {"CUDA_VISIBLE_DEVICES": "4,5,6,7"}):
    ...     _environment(1, 2, 1)["CUDA_VISIBLE_DEVICES"]
    '6,7'
    """
    found = dict(os.environ)
    cores = os.cpu_count() or 1
    found.setdefault("OMP_NUM_THREADS", str(max(1, cores // (workers * processes))))
    package = str(Path(__file__).parents[2])  # also where it is not installed
    found["PYTHONPATH"] = os.pathsep.join([package, *filter(None, [found.get("PYTHONPATH")])])
    gpus = [name for name in found.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
    share = len(gpus) // workers
    if share:
        found["CUDA_VISIBLE_DEVICES"] = ",".join(gpus[slot * share : (slot + 1) * share])
    return found

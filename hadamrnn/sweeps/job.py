"""One attempt at a run, on whatever machine it is: python -m hadamrnn.sweeps.job FOLDER.

A new clone, the checkpoints of earlier attempts, ``dvc exp run``, and a push. An attempt may be
killed at any moment: the next one pushes an experiment that was finished, or resumes the training
run at its last finished epoch. So a run that finished is never done again.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from hadamrnn import files
from hadamrnn.errors import HadamrnnError
from hadamrnn.sweeps import folders, repository

AGAIN = 3
"""How often a push is tried: a remote may be out of reach for a moment."""
RAW = ("data/raw", "examples/data")
"""Where own recordings lie, which Git need not hold."""


@dataclass(frozen=True)
class Attempt:
    """What submitit calls on a node.

    Parameters
    ----------
    folder : Path
        Of the run.
    """

    folder: Path

    def __call__(self) -> None:
        make(self.folder)

    def checkpoint(self) -> Any:
        """What submitit puts back into SLURM's queue before a time limit or a preemption."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


def make(folder: Path) -> None:
    """Make a run, unless it is finished or another process makes it.

    Parameters
    ----------
    folder : Path
        Of the run, with its run.json.
    """
    run = folders.read(folder / "run.json")
    if run is None:
        raise HadamrnnError(f"{folder}: must hold the run.json that hadamrnn sweep writes")
    began = time.monotonic()
    with (
        folders.locked(folder / "lock", folders.PATIENCE) as lock,
        (folder / "log.txt").open("ab", buffering=0) as log,
    ):
        if lock is None:
            _say(log, "another process makes this run")
            return
        record = folder / "record.json"
        record.unlink(missing_ok=True)
        at = os.environ.get("SLURM_JOB_ID")
        job = f", SLURM job {at}" if at else ""
        _say(log, f"attempt on {socket.gethostname()}, process {os.getpid()}{job}")
        start = log.tell()
        try:
            _finish(run, folder, log, lock)
        except (HadamrnnError, OSError) as error:
            _say(log, str(error))
            state = "killed" if isinstance(error, _KilledError) else "failed"
            why = _cause(folder / "log.txt", start) or str(error)
            files.write_json(record, {"state": state, "why": why})
        else:
            seconds = round(time.monotonic() - began, 1)
            _say(log, f"finished after {seconds} s")
            files.write_json(record, {"state": "finished", "seconds": seconds})
            shutil.rmtree(folder / "clone", ignore_errors=True)
            shutil.rmtree(folder / "checkpoints", ignore_errors=True)


class _KilledError(HadamrnnError):
    """A signal ended the run."""


def _say(log: IO[bytes], words: str) -> None:
    log.write(f"[{time.strftime('%Y-%m-%d %H:%M:%S')}] {words}\n".encode())


def _cause(path: Path, start: int) -> str | None:
    """The sentence that a stage or DVC ended with."""
    with path.open("rb") as file:
        file.seek(start)
        lines = file.read().decode(errors="replace").splitlines()
    for mark in ("error: ", "ERROR: "):
        for line in lines:
            if line.startswith(mark):
                return line.removeprefix(mark)
    return None


def _finish(run: dict[str, Any], folder: Path, log: IO[bytes], lock: int) -> None:
    """Make what is still missing of a run."""
    clone, remote, commit, name = folder / "clone", run["remote"], run["commit"], run["name"]
    home = Path(run["home"])
    if name in repository.finished(home, remote, commit):
        _say(log, "this run is finished")
        return
    if not _made(clone, commit, name):
        _prepare(run, clone, folder / "checkpoints")
        words = [sys.executable, "-m", "dvc", "exp", "run", "--name", name]
        words += [word for setting in run["settings"] for word in ("-S", setting)]
        words += [f"evaluate@{benchmark}" for benchmark in run["benchmarks"]]
        code = _call(words, clone, _environment(run), log, lock)
        if code < 0:
            raise _KilledError(f"run: must come to its end; got killed by signal {-code}")
        if code or not _made(clone, commit, name):
            raise HadamrnnError(f"dvc exp run: must end with an experiment; got exit status {code}")
    for attempt in range(AGAIN):
        try:
            repository.push(clone, remote, commit, name)
            return
        except HadamrnnError as error:
            if attempt == AGAIN - 1:
                raise HadamrnnError(f"{error}; the same sweep pushes it later") from None
            _say(log, str(error))
            time.sleep(5 * attempt)


def _made(clone: Path, commit: str, name: str) -> bool:
    """Whether an earlier attempt came to the end of its experiment."""
    if not (clone / ".git").exists():
        return False
    ref = repository.place(commit) + name
    try:
        return bool(repository.git(clone, "for-each-ref", ref))
    except HadamrnnError:  # half a clone
        return False


def _prepare(run: dict[str, Any], clone: Path, checkpoints: Path) -> None:
    """A new clone with what Git does not hold.

    What a kill leaves in a clone (locks of DVC, half a lock file) goes with the older one. Its
    checkpoints do not lie in it, so that no moment of this is one at which they could be lost.
    """
    home = Path(run["home"])
    shutil.rmtree(clone, ignore_errors=True)
    repository.clone(home, run["commit"], clone)
    checkpoints.mkdir(exist_ok=True)
    (clone / "checkpoints").symlink_to(checkpoints)
    with (clone / ".git/info/exclude").open("a", encoding="utf-8") as file:
        file.write("/checkpoints\n")  # .gitignore names a folder, and this is a link
    if (home / ".dvc/config.local").exists():
        shutil.copy(home / ".dvc/config.local", clone / ".dvc/config.local")
    command = [sys.executable, "-m", "dvc", "cache", "dir", "--local", run["cache"]]
    done = subprocess.run(command, cwd=clone, capture_output=True, text=True, check=False)
    if done.returncode:
        raise HadamrnnError(f"dvc cache dir: must set {run['cache']}; got {done.stderr.strip()}")
    names = repository.git(home, "ls-files", "--others", "-z", "--", *RAW)
    for name in filter(None, names.split("\0")):
        target = clone / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(home / name, target)
        except OSError:  # on another file system
            shutil.copy2(home / name, target)


def _environment(run: dict[str, Any]) -> dict[str, str]:
    """Of the pipeline: this Python in front, finished work shared by all clones."""
    found = dict(os.environ)
    found["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), found.get("PATH", "")])
    found.setdefault("HADAMRNN_FINISHED", str(Path(run["home"], "finished")))
    cores = found.get("SLURM_CPUS_PER_TASK")
    if cores:
        found.setdefault("OMP_NUM_THREADS", str(max(1, int(cores) // run["processes"])))
    if run["processes"] > 1:
        found["HADAMRNN_PROCESSES"] = str(run["processes"])
    return found


def _call(
    words: list[str], folder: Path, environment: dict[str, str], log: IO[bytes], lock: int
) -> int:
    """Exit status of a command that ends with this process, as far as this can see to it."""
    process = subprocess.Popen(
        words,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        pass_fds=(lock,),  # while it lives, nobody else makes this run
    )
    with _ended(process):
        return process.wait()


@contextlib.contextmanager
def _ended(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """End a process when an exception, as one by submitit's signal, leaves the block."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


if __name__ == "__main__":
    make(Path(sys.argv[1]))

"""Finished work, found again by the hash of all that decides it.

DVC starts a stage anew where its lock file does not know the result: after a kill while that file
was written, after ``git restore .``, in the copies that queued experiments run in, and on the way
back from another experiment. Then the stage finds its outputs in the folder ``finished`` of the
project (HADAMRNN_FINISHED names another one, to be shared by clones) in place of making them
again. Deleting that folder costs nothing but time.
"""

import contextlib
import os
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from hadamrnn import files
from hadamrnn.errors import HadamrnnError
from stages import signature

CHECKSUMS = "checksums.json"


def _entry(stage: str, benchmark: str, key: str) -> Path:
    # DVC_ROOT is the project's folder, also where an experiment runs in a temporary copy.
    default = Path(os.environ.get("DVC_ROOT", "."), "finished")
    return Path(os.environ.get("HADAMRNN_FINISHED") or default, f"{stage}-{benchmark}-{key[:32]}")


def _checksums(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): files.checksum_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != CHECKSUMS
    }


def _copy_file(source: Path, target: Path) -> None:
    with files.replacing(target) as file, source.open("rb") as content:
        shutil.copyfileobj(content, file)


def _copy(source: Path, target: Path) -> None:
    """Put a copy of a file or folder in the place of ``target`` when it is whole."""
    if source.is_dir():
        with files.replacing_folder(target) as new:
            for path in sorted(source.rglob("*")):
                if path.is_file():
                    _copy_file(path, new / path.relative_to(source))
    else:
        _copy_file(source, target)


def there(stage: str, benchmark: str, key: str) -> bool:
    """Whether this work was finished, and is whole."""
    entry = _entry(stage, benchmark, key)
    try:
        return files.read_json(entry / CHECKSUMS, sealed=True) == _checksums(entry)
    except HadamrnnError:
        return False


def take(stage: str, benchmark: str, key: str) -> bool:
    """Bring the outputs of this work back; False where it was not finished, or is damaged."""
    entry = _entry(stage, benchmark, key)
    if not there(stage, benchmark, key):
        if entry.exists():
            print(f"{entry}: must be as it was written; it is made again", file=sys.stderr)
            shutil.rmtree(entry, ignore_errors=True)
        return False
    for out in signature.outputs(stage, benchmark):
        _copy(entry / out, out)
    print(f"{stage} {benchmark}: finished before, brought back from {entry}")
    return True


def keep(stage: str, benchmark: str, key: str) -> None:
    """Store the outputs of finished work; where there is no room, the work is done all the same."""
    entry = _entry(stage, benchmark, key)
    partial = entry.with_name(f"{entry.name}.partial{uuid.uuid4().int}")
    try:
        for out in signature.outputs(stage, benchmark):
            _copy(out, partial / out)
        files.write_json(partial / CHECKSUMS, _checksums(partial), sealed=True)
        os.replace(partial, entry)
    except (OSError, HadamrnnError) as error:  # no room, or stored at the same time by another
        if not entry.exists():
            print(f"not kept for another time: {error}", file=sys.stderr)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextlib.contextmanager
def _alone(stage: str, benchmark: str) -> Iterator[None]:
    """Wait for a process that does the same work: a killed pipeline may leave its stage running."""
    import filelock

    path = Path("checkpoints", f"{stage}-{benchmark}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(path)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            print(f"{stage} {benchmark}: waits for the process that holds {path}", flush=True)
            lock.acquire()
    except OSError as error:
        reason = error.strerror or error
        raise HadamrnnError(f"{path}: must be writable; got {reason}") from None
    try:
        yield
    finally:
        lock.release()


def or_made(stage: str, benchmark: str, work: Callable[[], Callable[[], None] | None]) -> None:
    """Bring the outputs of this work back if it was finished before, or do it and keep them.

    What the work returns is called when its outputs are kept: until then only what it removes there
    (the checkpoint of a training) outlives a kill, for DVC deletes the outputs of a killed stage.
    """
    key = signature.of(stage, benchmark)
    if os.environ.get("RANK", "0") != "0":  # one of several processes that train together
        if not there(stage, benchmark, key):
            work()
        return
    with _alone(stage, benchmark):
        if not take(stage, benchmark, key):
            afterwards = work()
            keep(stage, benchmark, key)
            if afterwards:
                afterwards()

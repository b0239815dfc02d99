"""What the stages made: whole and unchanged, nothing half-written, nobody at work unseen."""

import contextlib
import functools
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from hadamrnn import files
from hadamrnn.checkup.finding import AND_REPRO, MEND, Finding
from hadamrnn.errors import HadamrnnError

FOLDERS = ("data/prepared", "data/shared", "models", "exports", "results", "checkpoints")
LEFT = re.compile(re.escape(files.PARTIAL) + r"\d*$")


def look(root: Path) -> Iterator[Finding]:
    """Look at everything that the stages made in a clone; all of it is read."""
    finished = Path(os.environ.get("HADAMRNN_FINISHED") or root / "finished")
    yield from _half_written(root, finished)
    whole = 0
    for path, check in _parts(root, finished):
        try:
            check()
            whole += 1
        except HadamrnnError as error:
            words = str(error).replace(f"{root}{os.sep}", "")
            yield Finding("wrong", words, AND_REPRO, functools.partial(remove, path))
    yield Finding("ok", f"{whole} folders and files that the stages made")
    yield from _scores_of_others(root)
    yield from _at_work(root)


def remove(path: Path) -> None:
    """Remove a file or folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _half_written(root: Path, finished: Path) -> Iterator[Finding]:
    """What a killed process had not moved into place."""
    for folder in (*(root / name for name in FOLDERS), finished):
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            place = path.with_name(path.name.removesuffix(files.ASIDE))
            if path.name.endswith(files.ASIDE) and path.is_dir():
                words = f"{place}: must be in its place; got {path.name}, moved aside"
                yield Finding("wrong", words, MEND, functools.partial(_settle, place))
            elif LEFT.search(path.name):
                words = f"{path}: must be gone when nobody writes it; got what a kill left"
                yield Finding("wrong", words, MEND, functools.partial(remove, path))


def _settle(place: Path) -> None:
    """Bring the older version back if there is no newer one."""
    if not files.restore(place):
        remove(place.with_name(place.name + files.ASIDE))


def _parts(root: Path, finished: Path) -> Iterator[tuple[Path, Callable[[], None]]]:
    """What is removed if it is damaged, and how that is seen."""
    for folder in _folders(root / "data/prepared"):
        yield folder, functools.partial(_prepared, folder)
    for folder in _folders(root / "models"):
        yield folder, functools.partial(_model, folder)
    for folder in _folders(root / "exports"):
        yield folder, functools.partial(_sums, folder, f"run dvc repro export@{folder.name}")
    for folder in _folders(root / "results"):
        if (folder / "train.json").exists():
            yield folder / "train.json", functools.partial(_history, folder)
        if (folder / files.SUMS).exists():
            yield folder / files.SUMS, functools.partial(_scores, folder)
    for path in sorted((root / "checkpoints").glob("*.pt")):
        yield path, functools.partial(_checkpoint, path)
    for folder in _folders(finished):
        yield folder, functools.partial(_kept, folder)


def _folders(above: Path) -> list[Path]:
    """Folders that are in their place."""
    found = sorted(above.iterdir()) if above.is_dir() else []
    endings = (files.PARTIAL, files.ASIDE)
    return [p for p in found if p.is_dir() and not LEFT.search(p.name) and p.suffix not in endings]


def _prepared(folder: Path) -> None:
    remedy = f"run dvc repro prepare@{folder.name}"
    card = files.read_json(folder / "card.json", remedy, sealed=True)
    for name, expected in card.get("checksums", {}).items():
        files.check(folder / name, expected, remedy)


def _model(folder: Path) -> None:
    remedy = f"run dvc repro train@{folder.name}"
    config = files.read_json(folder / "config.json", remedy, sealed=True)
    for name, expected in config.get("checksums", {}).items():
        files.check(folder / name, expected, remedy)


def _sums(folder: Path, remedy: str) -> None:
    """All files of a folder, which its SHA256SUMS must list."""
    names = [path.name for path in folder.iterdir() if path.name != files.SUMS]
    files.check_sums(folder, names, remedy)


def _history(folder: Path) -> None:
    remedy = f"run dvc repro train@{folder.name}"
    train = files.read_json(folder / "train.json", remedy, sealed=True)
    for name, expected in train.get("checksums", {}).items():
        files.check(folder / name, expected, remedy)


def _scores(folder: Path) -> None:
    remedy = f"run dvc repro evaluate@{folder.name}"
    files.check_sums(folder, ("metrics.json", "confusion.csv"), remedy)


def _checkpoint(path: Path) -> None:
    files.read_sealed(path, "start anew")


def _kept(folder: Path) -> None:
    """A result kept for another time: as its list of checksums says."""
    listed = files.read_json(folder / "checksums.json", sealed=True)
    for name, expected in listed.items():
        files.check(folder / name, expected)


def _scores_of_others(root: Path) -> Iterator[Finding]:
    """Scores, whole as they are, of a model that does not lie there any more."""
    for folder in _folders(root / "results"):
        path = folder / files.SUMS
        if not path.exists():
            continue
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        outside = [line.split(maxsplit=1)[-1] for line in lines if "  ../../" in line]
        try:
            files.check_sums(folder, outside)
        except HadamrnnError:
            words = f"results/{folder.name}: must be scores of the present model; got another's"
            yield Finding("note", words, f"dvc repro evaluate@{folder.name}")


def _at_work(root: Path) -> Iterator[Finding]:
    """Stages under way: a killed pipeline may leave one at work."""
    holders = _holders_of_locks()
    for path in sorted((root / "checkpoints").glob("*.lock")):
        with contextlib.suppress(OSError):
            pid = holders.get(path.stat().st_ino)
            if pid is not None:
                words = f"checkpoints/{path.name}: is held by work under way in process {pid}"
                yield Finding("note", words, f"wait for it, or end it: kill {pid}")


def _holders_of_locks() -> dict[int, int]:
    """{inode: process} of all locked files, where the system tells."""
    found = {}
    with contextlib.suppress(OSError):
        for line in Path("/proc/locks").read_text(encoding="utf-8").splitlines():
            fields = line.split()
            if "->" not in fields:
                found[int(fields[5].split(":")[2])] = int(fields[4])
    return found

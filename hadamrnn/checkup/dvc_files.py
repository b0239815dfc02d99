"""What a killed DVC or Git leaves: a lock file that is cut, locks of processes that are gone."""

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hadamrnn.checkup.finding import AND_REPRO, MEND, Finding

LOCK, RWLOCK = "dvc.lock", ".dvc/tmp/rwlock"


def look(root: Path) -> Iterator[Finding]:
    """Look at dvc.lock and the locks of DVC and Git in a clone."""
    yield from _rwlock(root / RWLOCK)
    yield from _lock_file(root)
    yield from _index_lock(root)


def running(root: Path) -> list[str]:
    """DVC's commands that work in this clone now, as "process 123 (dvc repro)"."""
    try:
        content = json.loads((root / RWLOCK).read_text(encoding="utf-8"))
        holders = list(_holders(content))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return []
    return sorted({f"process {pid} ({command})" for pid, command in holders if _lives(pid)})


def _holders(content: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """Process and command of every entry of an rwlock."""
    entries = list(content.get("write", {}).values())
    entries += [entry for readers in content.get("read", {}).values() for entry in readers]
    for entry in entries:
        if entry:
            yield int(entry["pid"]), str(entry["cmd"])


def _lives(pid: int) -> bool:
    """Whether a process is DVC still: numbers are used again."""
    with contextlib.suppress(OSError):
        return b"dvc" in Path(f"/proc/{pid}/cmdline").read_bytes()
    if Path("/proc/self").exists():
        return False
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _rwlock(path: Path) -> Iterator[Finding]:
    """DVC's record of who reads and writes what: whole, and of processes that live."""
    if not path.exists():
        return
    name = RWLOCK
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        holders = list(_holders(content))
    except (ValueError, TypeError, KeyError, AttributeError):
        words = f"{name}: must be whole; got what a killed DVC left of it"
        yield Finding("wrong", words, MEND, lambda: path.unlink(missing_ok=True))
        return
    gone = sorted({pid for pid, _ in holders if not _lives(pid)})
    if gone and not any(_lives(pid) for pid, _ in holders):
        words = f"{name}: must name processes that live; got {', '.join(map(str, gone))}"
        yield Finding("wrong", words, MEND, lambda: path.unlink(missing_ok=True))
    else:
        yield Finding("ok", name)


def _lock_file(root: Path) -> Iterator[Finding]:
    """dvc.lock, which DVC writes in place: a kill leaves a part of it."""
    path = root / LOCK
    if not path.exists():
        return
    try:
        import yaml
    except ImportError:
        yield Finding("note", f"{LOCK}: not looked at without PyYAML", "pip install pyyaml")
        return
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        text = path.read_text(encoding="utf-8")
        fault = _fault(yaml.load(text, loader), text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        fault = " ".join(str(error).split())[:100]
    if fault is None:
        yield Finding("ok", LOCK)
        return
    words = f"{LOCK}: must be whole; got {fault}"
    yield Finding("wrong", words, AND_REPRO, lambda: _bring_back(root))


def _fault(content: Any, text: str) -> str | None:
    """What shows that a lock file was cut or mixed up; None for a whole one."""
    if not isinstance(content, dict) or not isinstance(content.get("stages"), dict):
        return "no stages"
    if not text.endswith("\n"):
        return "a last line that is cut"
    for name, stage in content["stages"].items():
        for part in ("deps", "outs"):
            entries = stage.get(part) if isinstance(stage, dict) else None
            if not isinstance(entries, list) or not entries:
                return f"no {part} of {name}"
            if not all(isinstance(e, dict) and {"path", "md5", "size"} <= set(e) for e in entries):
                return f"a part of the {part} of {name}"
    return None


def _bring_back(root: Path) -> None:
    """The committed dvc.lock if it is a whole one, else none: DVC then writes it anew."""
    import yaml

    path = root / LOCK
    done = _git(root, "show", f"HEAD:./{LOCK}")
    path.unlink(missing_ok=True)
    if done is not None:
        with contextlib.suppress(yaml.YAMLError):
            if _fault(yaml.safe_load(done), done) is None:
                path.write_text(done, encoding="utf-8", newline="\n")


def _git(root: Path, *arguments: str) -> str | None:
    """What Git prints; None where there is no Git, no repository or no such thing."""
    command = ["git", *arguments]
    try:
        return subprocess.run(
            command, cwd=root, capture_output=True, check=True, encoding="utf-8"
        ).stdout
    except (OSError, subprocess.CalledProcessError, UnicodeDecodeError):
        return None


def _index_lock(root: Path) -> Iterator[Finding]:
    """What a killed Git leaves, and refuses to work beside."""
    found = _git(root, "rev-parse", "--git-path", "index.lock")
    if found is None:
        yield Finding("note", f"{root}: no Git repository, which experiments need", "git init")
        return
    path = root / found.strip()
    if path.exists():
        words = f"{path}: must be there only while Git works; got one that a killed Git left"
        yield Finding("wrong", words, MEND, lambda: path.unlink(missing_ok=True))

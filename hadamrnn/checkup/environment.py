"""Python, packages, compiler, GPU and data mirror."""

import importlib.metadata
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path

from hadamrnn.checkup.finding import Finding
from hadamrnn.compiler import compile_c, find_compiler
from hadamrnn.errors import HadamrnnError

PYTHON = (3, 11)
SECONDS = 120
"""How long an import may take."""
IMPORTED = ("torch", "onnxruntime")
"""Packages whose compiled parts fail on some machines, though they are installed."""
MIRROR = "HADAMRNN_DATA_MIRROR"


def look(root: Path | None) -> Iterator[Finding]:
    """Look at the machine; inside a clone (``root``) what the pipeline needs is demanded."""
    yield _python()
    missing = "wrong" if root else "note"
    findings = list(_packages(root))
    if findings:
        command = "pip install -e '.[pipeline]'" if root else "pip install 'hadamrnn[pipeline]'"
        for words in findings:
            yield Finding("wrong" if root else "note", words, command)
    else:
        yield Finding("ok", "packages of the pipeline")
        yield from _imports()
    yield _compiler(missing == "wrong")
    yield from _mirror()


def _python() -> Finding:
    words = f"Python {platform.python_version()}"
    if sys.version_info < PYTHON:
        return Finding("wrong", f"{words}: must be 3.11 or newer", "make a new environment")
    return Finding("ok", words)


def _requirements(root: Path | None) -> Iterable[str]:
    """As "torch>=2.11", of everything the pipeline needs."""
    if root is not None and (root / "pyproject.toml").exists():
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        named = [project["dependencies"], *project["optional-dependencies"].values()]
        return [text for group in named for text in group]
    try:
        return importlib.metadata.requires("hadamrnn") or []
    except importlib.metadata.PackageNotFoundError:
        return []


def _numbers(version: str) -> tuple[int, ...]:
    """The release of a version, as comparable numbers.

    >>> _numbers("2.11.0+cpu") > _numbers("2.9")
    True
    """
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else ()


def _packages(root: Path | None) -> Iterator[str]:
    """A sentence for every package that is missing or too old."""
    for requirement in _requirements(root):
        found = re.match(r"([\w.-]+)>=([\d.]+)", requirement)
        if not found:
            continue
        name, lowest = found.groups()
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield f"{name}: must be installed, {lowest} or newer; got none"
            continue
        if _numbers(version) < _numbers(lowest):
            yield f"{name}: must be {lowest} or newer; got {version}"


def _run(source: str) -> subprocess.CompletedProcess[str]:
    """Run a program in this interpreter; a dead or endless one is a failed one."""
    command = [sys.executable, "-W", "ignore", "-c", source]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"no end within {SECONDS} seconds")


def _imports() -> Iterator[Finding]:
    for name in IMPORTED:
        done = _run(f"import {name}")
        if done.returncode:
            last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            words = f"{name}: must be importable; got {last}"
            yield Finding("wrong", words, f"pip install --force-reinstall {name}")
        elif name == "torch":
            yield _gpu()


def _gpu() -> Finding:
    """What torch sees, against what the driver sees."""
    source = (
        "import json, torch; cuda = torch.cuda; "
        "print(json.dumps([cuda.get_device_name(i) for i in range(cuda.device_count())]))"
    )
    done = _run(source)
    names = json.loads(done.stdout) if done.returncode == 0 else []
    if names:
        return Finding("ok", f"GPU: {', '.join(names)}")
    if shutil.which("nvidia-smi"):
        words = "GPU: torch must see what nvidia-smi sees; got none, so that the CPU is used"
        return Finding("note", words, "install a build of torch for this driver")
    return Finding("ok", "GPU: none; device auto is the CPU")


def _compiler(needed: bool) -> Finding:
    """Whether a program of one line compiles."""
    try:
        command = find_compiler()
        with tempfile.TemporaryDirectory(prefix="hadamrnn-") as folder:
            source = Path(folder, "one.c")
            source.write_text("int main(void) { return 0; }\n", encoding="utf-8")
            compile_c(["-std=c99", source, "-o", Path(folder, "one")], command)
    except HadamrnnError as error:
        way = "install gcc or clang, or name a compiler that works in CC"
        return Finding("wrong" if needed else "note", str(error), way)
    return Finding("ok", f"C compiler: {' '.join(command)}")


def _mirror() -> Iterator[Finding]:
    """The folder or address of raw data, where one is set."""
    mirror = os.environ.get(MIRROR, "")
    if not mirror:
        return
    if mirror.startswith(("http://", "https://")):
        try:
            urllib.request.urlopen(mirror, timeout=5).close()
        except urllib.error.HTTPError:
            pass  # a server that answers: it need not list its files
        except (OSError, ValueError) as error:
            words = f"{MIRROR}: must answer; got {getattr(error, 'reason', error)} from {mirror}"
            yield Finding("wrong", words, f"unset {MIRROR}, or set it to a folder or address")
            return
    else:
        name = mirror.removeprefix("file://")
        here = Path.cwd()
        places = [base / Path(name).expanduser() for base in (here, *here.parents)]
        if not any(place.is_dir() and os.access(place, os.R_OK) for place in places):
            words = f"{MIRROR}: must be a folder that can be read, or an address; got {mirror!r}"
            yield Finding("wrong", words, f"unset {MIRROR}, or set it to a folder or address")
            return
    yield Finding("ok", f"data mirror: {mirror}")

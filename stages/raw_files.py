"""Checksums of files: of the code, of what stages read, and of what a benchmark is made from."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hadamrnn.files import patterns

ROOT = Path(__file__).parents[1]
"""Where the code lies; parameters and data lie in the folder that a stage runs in."""

CODE = ("hadamrnn", "stages")


def lines(path: Path, name: str) -> Iterable[str]:
    """A line for every file of a file or folder. Line ends that Git converted do not count."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    for file in files:
        if file.is_file() and "__pycache__" not in file.parts:
            content = file.read_bytes()
            if name.split("/")[0] in CODE:
                content = content.replace(b"\r\n", b"\n")
            inside = Path(name, file.relative_to(path)).as_posix() if path.is_dir() else name
            yield f"{hashlib.sha256(content).hexdigest()}  {inside}"


def checksums(benchmark: str, data: Mapping[str, Any]) -> str:
    """Of what a benchmark is made from: the user's own files, or else its module.

    Parameters
    ----------
    benchmark : str
        Its name.
    data : mapping
        Its section ``data`` in params.yaml, a right one.

    Returns
    -------
    str
        A line each.

    Raises
    ------
    HadamrnnError
        Where there are no such files.
    """
    if "type" in data:
        paths = patterns.matching(data["path"], data["type"])
        named = {path.as_posix(): path for path in paths}
    else:
        module = f"hadamrnn/datasets/{benchmark}.py"
        named = {module: ROOT / module}
    return "".join(f"{line}\n" for name, path in named.items() for line in lines(path, name))

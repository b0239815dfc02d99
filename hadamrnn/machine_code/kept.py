"""Files of machine code that are kept: in the user's cache folder, else beside the package.

The name of a file holds a hash of its content: one that is not what its name says is not used. It
appears there whole, by renaming, so any number of processes may do this at once.
"""

import functools
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from hadamrnn.machine_code.code import Code, digits


def user_cache(system: str = sys.platform) -> Path:
    """Folder of what the project keeps for this user, as platformdirs names it.

    Parameters
    ----------
    system : str
        As ``sys.platform``.

    Returns
    -------
    Path
        Which need not exist, and is not absolute where the user has no home.
    """
    if system == "win32":
        local = os.environ.get("LOCALAPPDATA") or os.path.expanduser("~/AppData/Local")
        return Path(local, "hadamrnn", "hadamrnn", "Cache")
    if system == "darwin":
        return Path(os.path.expanduser("~/Library/Caches/hadamrnn"))
    cache = os.environ.get("XDG_CACHE_HOME", "").strip()
    return Path(cache or os.path.expanduser("~/.cache"), "hadamrnn")


def _folders(code: Code) -> list[Path]:
    return [user_cache(), code.home]


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return folder.is_absolute()


@functools.cache
def _writable_folder(code: Code) -> Path | None:
    """The first folder that can be written, None (with a warning) if there is none."""
    for folder in _folders(code):
        if _writable(folder):
            return folder
    warnings.warn(
        f"hadamrnn: compiled code of {code.what} must be kept in a folder that can be written, or "
        f"every process compiles it anew; got {', '.join(map(str, _folders(code)))}",
        stacklevel=2,
    )
    return None


def files(code: Code, pattern: str) -> Iterator[Path]:
    """Whole files of that name."""
    for folder in _folders(code):
        for path in sorted(folder.glob(pattern)):
            try:
                content = path.read_bytes()
            except OSError:
                continue
            if path.stem.endswith(digits(content)):
                yield path


def keep(code: Code, name: str, content: bytes) -> Path | None:
    """A file of the cache with that content; None, with a warning, where that cannot be."""
    folder = _writable_folder(code)
    if folder is None:
        return None
    path = folder / f"{name}-{digits(content)}.so"
    partial = folder / f"{path.name}.{os.getpid()}.partial"
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        warnings.warn(
            f"hadamrnn: compiled code of {code.what} must fit into {folder}; got {error}; it is "
            "compiled anew in the next process",
            stacklevel=2,
        )
        return None
    return path

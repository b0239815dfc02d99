"""Folders that take the place of older ones when they are whole, or not at all."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from hadamrnn.errors import HadamrnnError
from hadamrnn.files.writing import PARTIAL, reason, sync_folder

ASIDE = ".old"
"""Ending of the older folder's name for the moment between two moves."""


@contextlib.contextmanager
def replacing_folder(path: str | Path) -> Iterator[Path]:
    """A new, empty folder that takes the place of ``path`` when the block ends without an error.

    Moving two folders takes two steps. A process that is killed between them leaves the older
    version beside its place, from where the next call, or ``restore``, brings it back.

    Parameters
    ----------
    path : str or Path
        The folder above it is made when missing. A file there is replaced, too.

    Yields
    ------
    Path
        The new folder, beside its place. What names it in a HadamrnnError names ``path`` instead.

    Raises
    ------
    HadamrnnError
        A folder cannot be made or moved. What ``path`` held is unchanged, and nothing is left
        beside it.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "arrays"
    >>> for name in ("old", "new"):
    ...     with replacing_folder(path) as folder:
    ...         _ = (folder / name).write_text("whole")
    >>> [found.name for found in path.parent.glob("**/*")]
    ['arrays', 'new']
    """
    path = Path(path)
    partial = path.with_name(path.name + PARTIAL)
    try:
        restore(path)
        _remove(partial)
        partial.mkdir(parents=True)
        yield partial
        _swap(partial, path)
    except HadamrnnError as error:
        raise HadamrnnError(str(error).replace(partial.name, path.name)) from None
    except OSError as error:
        raise HadamrnnError(
            f"{path}: must be writable, and is as it was before; got {reason(error)}"
        ) from None
    finally:
        with contextlib.suppress(OSError):
            _remove(partial)


def restore(path: str | Path) -> bool:
    """Bring back what a process that was killed had moved aside; whether there was anything."""
    path = Path(path)
    aside = path.with_name(path.name + ASIDE)
    if path.exists() or not aside.exists():
        return False
    os.replace(aside, path)
    return True


def _swap(new: Path, path: Path) -> None:
    """Put ``new`` in the place of ``path``, and remove what was there."""
    aside = path.with_name(path.name + ASIDE)
    _remove(aside)
    if path.exists():
        os.replace(path, aside)
    try:
        os.replace(new, path)
    except OSError:
        restore(path)
        raise
    sync_folder(path.parent)
    if aside.exists():
        os.replace(aside, new)  # a folder that is half removed is never taken for the older one
        _remove(new)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

"""Files that take the place of older ones in one step, or not at all."""

import contextlib
import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from hadamrnn.errors import HadamrnnError

PARTIAL = ".partial"
"""Ending of the name under which a file or folder is written."""


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[BinaryIO]:
    """Open a new file that takes the place of ``path`` when the block ends without an error.

    Parameters
    ----------
    path : str or Path
        Its folder is made when missing.

    Yields
    ------
    BinaryIO
        The new file, open for writing. Its mode is the one that the umask gives.

    Raises
    ------
    HadamrnnError
        The file cannot be written: no space, no permission. What ``path`` held is unchanged, and
        nothing is left beside it.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with replacing(folder / "new" / "file") as file:
    ...     _ = file.write(b"whole")
    >>> [path.name for path in folder.glob("**/*")]
    ['new', 'file']
    """
    path = Path(path)
    partial = path.with_name(path.name + PARTIAL)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
        sync_folder(path.parent)
    except OSError as error:
        raise HadamrnnError(
            f"{path}: must be writable, and is as it was before; got {reason(error)}"
        ) from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Bring a move within ``folder`` to the disk, where folders can be opened."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def reason(error: OSError) -> str:
    """Why a file could not be read or written, in the system's words."""
    return error.strerror or str(error)


def write_bytes(path: str | Path, data: bytes) -> None:
    """Replace ``path`` by ``data`` in one step; see ``replacing``."""
    with replacing(path) as file:
        file.write(data)


def write_text(path: str | Path, text: str) -> None:
    """Replace ``path`` by ``text`` in UTF-8, line ends as they are; see ``replacing``."""
    write_bytes(path, text.encode())


def write_csv(path: str | Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Replace ``path`` by a table with a header line.

    Parameters
    ----------
    path : str or Path
        Its folder is made when missing.
    columns : sequence of str
        Names, in their order.
    rows : iterable of mappings
        Values by name; other names are an error.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())

"""Files of ours: written whole or not at all, and checked against a checksum when they are read.

A file is written beside its place, brought to the disk, and moved there in one step, so that
a reader, a killed process or a full disk leaves the older version or the new one. Two processes
never write one path at a time: locks and DVC see to that.

What is read back carries a SHA-256: JSON as its key "checksum", other files in front of their
content (``write_sealed``), in the JSON beside them, or in the folder's SHA256SUMS, which
``sha256sum -c`` reads too. The standard library alone.
"""

import contextlib
import csv
import hashlib
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from hadamrnn.errors import HadamrnnError

SUMS = "SHA256SUMS"
"""File of a folder with a line "<checksum>  <name>" for each of the others."""

CHECKSUM = "checksum"
"""Key of a sealed JSON file: the checksum of its other keys."""


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
    partial = path.with_name(f"{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise HadamrnnError(
            f"{path}: must be writable, and is as it was before; got {_reason(error)}"
        ) from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Bring a move within ``folder`` to the disk, where folders can be opened."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def write_bytes(path: str | Path, data: bytes) -> None:
    """Replace ``path`` by ``data`` in one step; see ``replacing``."""
    with replacing(path) as file:
        file.write(data)


def write_text(path: str | Path, text: str) -> None:
    """Replace ``path`` by ``text`` in UTF-8, line ends as they are; see ``replacing``."""
    write_bytes(path, text.encode())


def checksum(data: bytes) -> str:
    """SHA-256 of ``data`` in hexadecimal.

    >>> checksum(b"")[:16]
    'e3b0c44298fc1c14'
    """
    return hashlib.sha256(data).hexdigest()


def checksum_of(path: str | Path) -> str:
    """SHA-256 of a file in hexadecimal, read piece by piece.

    Raises HadamrnnError when it cannot be read.
    """
    with _opened(path, "") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _opened(path: str | Path, remedy: str) -> Iterator[io.BufferedReader]:
    """``path``, open for reading; failures become sentences, also those of reading."""
    try:
        with Path(path).open("rb") as file:
            yield file
    except FileNotFoundError:
        raise HadamrnnError(_sentence(path, "must exist", "no such file", remedy)) from None
    except OSError as error:
        raise HadamrnnError(_sentence(path, "must be readable", _reason(error), remedy)) from None


def _sentence(path: str | Path, rule: str, got: str, remedy: str) -> str:
    return f"{path}: {rule}; got {got}" + (remedy and f"; {remedy}")


def damaged(path: str | Path, got: str, remedy: str = "") -> HadamrnnError:
    """The error of a file whose content is not what was written.

    Parameters
    ----------
    path : str or Path
        The file.
    got : str
        What was found.
    remedy : str
        What makes the file anew, such as "run dvc repro train@copy"; empty: not known here.

    Returns
    -------
    HadamrnnError
        To be raised.
    """
    remedy = remedy and f"delete it and {remedy}"
    return HadamrnnError(_sentence(path, "must be whole and unchanged", got, remedy))


def check(path: str | Path, expected: str | None, remedy: str = "") -> None:
    """Compare a file with its stored checksum, read piece by piece.

    Parameters
    ----------
    path : str or Path
        The file.
    expected : str or None
        Its SHA-256 in hexadecimal; None (no checksum is stored) never fits.
    remedy : str
        As ``damaged``.

    Raises
    ------
    HadamrnnError
        The file is missing, cannot be read, or differs.
    """
    with _opened(path, remedy) as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    _compare(path, found, expected, remedy)


def _compare(path: str | Path, found: str, expected: str | None, remedy: str) -> None:
    if expected is None:
        raise damaged(path, "no stored checksum", remedy)
    if found != expected:
        words = f"a file with the checksum {found[:8]}, not {str(expected)[:8]}"
        raise damaged(path, words, remedy)


def read_bytes(path: str | Path, remedy: str = "") -> bytes:
    """The content of a file, unchecked.

    Raises HadamrnnError, with ``remedy``, when it is missing or cannot be read.
    """
    with _opened(path, remedy) as file:
        return file.read()


def read_checked(path: str | Path, expected: str | None, remedy: str = "") -> bytes:
    """The content of a file whose checksum is ``expected``; as ``check`` otherwise."""
    data = read_bytes(path, remedy)
    _compare(path, checksum(data), expected, remedy)
    return data


# ------------------------------------------------------------------------- checksum in front


def write_sealed(path: str | Path, data: bytes) -> None:
    """Replace ``path`` by a line with the checksum of ``data``, and ``data``."""
    with replacing(path) as file:
        file.write(f"sha256 {checksum(data)}\n".encode())
        file.write(data)


def read_sealed(path: str | Path, remedy: str = "") -> bytes:
    """What ``write_sealed`` wrote.

    Raises HadamrnnError, with ``remedy``, when the file is missing or has changed since.
    """
    line, _, data = read_bytes(path, remedy).partition(b"\n")
    if not line.startswith(b"sha256 "):
        raise damaged(path, "no stored checksum", remedy)
    _compare(path, checksum(data), line[7:].decode("ascii", "replace"), remedy)
    return data


# ------------------------------------------------------------------------------------- JSON


def _checksum_of_json(content: Any) -> str:
    """Of the meaning, not the layout: line ends and indentation may change."""
    return checksum(json.dumps(content, sort_keys=True, separators=(",", ":")).encode())


def write_json(path: str | Path, content: dict[str, Any], *, sealed: bool = False) -> None:
    """Replace ``path`` by indented, sorted JSON with a final newline.

    Parameters
    ----------
    path : str or Path
        Its folder is made when missing.
    content : dict
        What JSON can hold, keyed by strings.
    sealed : bool
        Add the key "checksum", which ``read_json(..., sealed=True)`` checks.
    """
    if sealed:
        plain = json.loads(json.dumps(content))
        content = {**plain, CHECKSUM: _checksum_of_json(plain)}
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    write_text(path, text)


def read_json(path: str | Path, remedy: str = "", *, sealed: bool = False) -> dict[str, Any]:
    """The mapping in a JSON file, a checked one without its key "checksum".

    Parameters
    ----------
    path : str or Path
        The file.
    remedy : str
        As ``damaged``.
    sealed : bool
        Whether it must carry a checksum. One that is there is checked in any case.

    Returns
    -------
    dict
        Its content.

    Raises
    ------
    HadamrnnError
        The file is missing, cannot be read, or is not what was written.
    """
    try:
        content = json.loads(read_bytes(path, remedy))
    except (ValueError, RecursionError) as error:
        words = " ".join(str(error).split())
        raise damaged(path, f"what is no JSON ({words})", remedy) from None
    if not isinstance(content, dict):
        raise damaged(path, f"JSON that is no mapping but a {type(content).__name__}", remedy)
    if sealed or CHECKSUM in content:
        expected = content.pop(CHECKSUM, None)
        _compare(path, _checksum_of_json(content), expected, remedy)
    return content


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


# ------------------------------------------------------------------------------- SHA256SUMS


def write_sums(folder: str | Path, names: Iterable[str]) -> None:
    """Write the folder's SHA256SUMS, of the files ``names``."""
    folder = Path(folder)
    lines = (f"{checksum_of(folder / name)}  {name}\n" for name in sorted(names))
    write_text(folder / SUMS, "".join(lines))


def check_sums(folder: str | Path, names: Iterable[str], remedy: str = "") -> None:
    """Compare files of a folder with its SHA256SUMS.

    Parameters
    ----------
    folder : str or Path
        The folder.
    names : iterable of str
        Files in it that must be listed; others are not looked at.
    remedy : str
        As ``damaged``.

    Raises
    ------
    HadamrnnError
        SHA256SUMS or one of the files is missing, cannot be read, or differs.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_text(folder / "a", "whole")
    >>> write_sums(folder, ["a"])
    >>> check_sums(folder, ["a"])
    """
    folder = Path(folder)
    text = read_bytes(folder / SUMS, remedy).decode("utf-8", "replace")
    pairs = (line.split(maxsplit=1) for line in text.splitlines())
    sums = {pair[1]: pair[0] for pair in pairs if len(pair) == 2}
    for name in names:
        check(folder / name, sums.get(name), remedy)

"""Checksums, and files that are compared with them when they are read."""

import contextlib
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

from hadamrnn.errors import HadamrnnError
from hadamrnn.files.writing import reason, replacing


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
        raise HadamrnnError(_sentence(path, "must be readable", reason(error), remedy)) from None


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
    compare(path, found, expected, remedy)


def compare(path: str | Path, found: str, expected: str | None, remedy: str = "") -> None:
    """Raise ``damaged`` unless the checksum ``found`` of a file is the ``expected`` one."""
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
    compare(path, checksum(data), expected, remedy)
    return data


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
    compare(path, checksum(data), line[7:].decode("ascii", "replace"), remedy)
    return data

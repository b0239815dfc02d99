"""Reading compressed files within bounds: what grows beyond its known size is refused on the way.

A few megabytes of zeros, compressed, become gigabytes; and what an archive says of its members'
sizes need not be true. So everything is decompressed in pieces, and counted.
"""

import gzip
import io
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import numpy as np

PIECE = 1 << 20
_PIECES = {zipfile.ZIP_STORED: PIECE, zipfile.ZIP_DEFLATED: PIECE, zipfile.ZIP_LZMA: 1 << 12}
"""Bytes asked for at a time. Of LZMA, zipfile reads as many and expands all of them at once, to 30
MB at most; bzip2 could make 100 MB of them."""


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _read(file: _Readable, most: int, size: int = PIECE) -> bytes:
    """All bytes of a decompressing file; ValueError as soon as there are more than ``most``."""
    content = bytearray()
    while piece := file.read(size):
        content += piece
        if len(content) > most:
            raise ValueError(f"grows beyond the {most} bytes that it may have")
    return bytes(content)


def read_gzip(path: Path, most: int) -> bytes:
    """The content of a gzip file.

    Parameters
    ----------
    path : Path
        Of the compressed file.
    most : int
        Bytes that it may have when decompressed.

    Returns
    -------
    bytes

    Raises
    ------
    ValueError
        For a larger content, after reading little more than ``most`` bytes of it.
    """
    with gzip.open(path) as file:
        return _read(file, most)


def read_member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """The content of one file in a zip archive.

    Parameters
    ----------
    archive : ZipFile
        An open one.
    name : str
        Path of the member.
    most : int
        Bytes that it may have when decompressed.

    Returns
    -------
    bytes

    Raises
    ------
    KeyError
        Where the archive has no such member.
    ValueError
        For a larger content, or one that is neither stored nor compressed by deflate or LZMA.
    """
    method = archive.getinfo(name).compress_type
    if method not in _PIECES:
        raise ValueError(f"{name} must be stored, or compressed by deflate or LZMA")
    with archive.open(name) as file:
        try:
            return _read(file, most, _PIECES[method])
        except ValueError as error:
            raise ValueError(f"{name} {error}") from None


def read_npz(path: Path, names: Iterable[str], most: int) -> dict[str, np.ndarray]:
    """Numeric arrays of an .npz file.

    Parameters
    ----------
    path : Path
        Of the archive.
    names : iterable of str
        Which arrays.
    most : int
        Bytes that each may have.

    Returns
    -------
    dict of str to numpy.ndarray
        Arrays that cannot be written to.

    Raises
    ------
    KeyError
        Where an array is missing.
    ValueError
        For a larger array, one of objects, or one whose header does not fit its bytes.
    """
    with zipfile.ZipFile(path) as archive:
        return {name: _array(read_member(archive, f"{name}.npy", most)) for name in names}


def _array(content: bytes) -> np.ndarray:
    """The array in an .npy file of version 1.0; nothing is allocated on its header's word."""
    file = io.BytesIO(content[: 1 << 17])  # its header has at most 2^16 bytes
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise ValueError(f"must be a .npy member of version 1.0, got {version}")
    shape, columns_first, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.hasobject:
        raise ValueError("must hold numbers, got objects")
    flat = np.frombuffer(content, dtype, offset=file.tell())
    return flat.reshape(shape, order="F" if columns_first else "C")


def open_zip(path: Path, member: str, most: int) -> zipfile.ZipFile:
    """The zip archive that has ``member``: the file itself, or an archive inside it.

    Parameters
    ----------
    path : Path
        Of the outer archive.
    member : str
        Path inside the archive.
    most : int
        Bytes that an archive inside may have.

    Returns
    -------
    ZipFile
        To be closed by the caller.

    Raises
    ------
    KeyError
        Where neither has it.
    ValueError
        For an inner archive that is larger.
    """
    archive = zipfile.ZipFile(path)
    names = archive.namelist()
    if member in names:
        return archive
    with archive:
        for name in names:
            # "__MACOSX/" holds stubs of the same names
            if name.endswith(".zip") and not name.startswith("__MACOSX/"):
                inner = zipfile.ZipFile(io.BytesIO(read_member(archive, name, most)))
                if member in inner.namelist():
                    return inner
    raise KeyError(f"no member {member}")

"""SHA256SUMS: the checksums of a folder's files, as ``sha256sum`` writes and checks them."""

from collections.abc import Iterable
from pathlib import Path

from hadamrnn.files.checks import check, checksum_of, read_bytes
from hadamrnn.files.writing import write_text

SUMS = "SHA256SUMS"
"""File of a folder with a line "<checksum>  <name>" for each of the others."""


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

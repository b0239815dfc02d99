"""JSON files, with a checksum of their content as a key of its own."""

import json
from pathlib import Path
from typing import Any

from hadamrnn.files.checks import checksum, compare, damaged, read_bytes
from hadamrnn.files.writing import write_text

CHECKSUM = "checksum"
"""Key of a sealed JSON file: the checksum of its other keys."""


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
    data = read_bytes(path, remedy)
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        words = " ".join(str(error).split())
        raise damaged(path, f"what is no JSON ({words})", remedy) from None
    if not isinstance(content, dict):
        raise damaged(path, f"JSON that is no mapping but a {type(content).__name__}", remedy)
    if sealed or CHECKSUM in content:
        expected = content.pop(CHECKSUM, None)
        compare(path, _checksum_of_json(content), expected, remedy)
    return content

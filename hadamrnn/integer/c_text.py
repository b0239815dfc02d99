"""Names and text of generated C: identifiers that clash with nothing, comments, strings, tables."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from hadamrnn.errors import HadamrnnError

RESERVED = re.compile(r"(hr|hadamrnn)(_.*)?")
"""What hadamrnn.h and the include guards begin with."""
STANDARD_HEADERS = frozenset((
    "arduino", "assert", "complex", "ctype", "errno", "fenv", "float", "inttypes", "iso646",
    "limits", "locale", "main", "math", "setjmp", "signal", "stdalign", "stdarg", "stdatomic",
    "stdbool", "stddef", "stdint", "stdio", "stdlib", "stdnoreturn", "string", "strings",
    "tgmath", "threads", "time", "uchar", "unistd", "wchar", "wctype",
))  # fmt: skip
"""A model's header in the folder of a program must not hide one of these."""
NUMBERS_A_LINE = 20


def c_name(name: str) -> str:
    """A C identifier in lower case, made of a model's name.

    Names that the C library or hadamrnn.h use for themselves get the prefix ``m_``.

    Raises
    ------
    HadamrnnError
        If the name holds no letter or digit.

    Examples
    --------
    >>> [c_name(name) for name in ("har2", "HAR-2 (mean)", "2x", "hr", "signal")]
    ['har2', 'har_2_mean', 'm_2x', 'm_hr', 'm_signal']
    """
    text = re.sub(r"[^0-9a-z]+", "_", name.lower()).strip("_")
    if not text:
        raise HadamrnnError(f"name: must hold a letter or digit to name C tables; got {name!r}")
    taken = RESERVED.fullmatch(text) or text in STANDARD_HEADERS
    return f"m_{text}" if taken or not text[0].isalpha() else text


@dataclass(frozen=True)
class Names:
    """What a model is called in C.

    Attributes
    ----------
    prefix : str
        Of functions' arguments and of the header's file name, such as ``har2``.
    checksum : int
        CRC-32 of the packed file. Tables carry it in their names, so that the symbols of a
        firmware say which model it holds.
    """

    prefix: str
    checksum: int

    @property
    def upper(self) -> str:
        """Prefix of macros, such as ``HAR2``."""
        return self.prefix.upper()

    @property
    def model(self) -> str:
        """The hr_model."""
        return f"{self.prefix}_model"

    def table(self, section: str) -> str:
        """The table of a section of the packed file.

        >>> Names("har2", 0x1A2B3C4D).table("bias")
        'har2_1a2b3c4d_bias'
        """
        return f"{self.prefix}_{self.checksum:08x}_{section}"


def quoted(text: str) -> str:
    """``text`` as a C string literal; every byte outside plain ASCII becomes an octal escape."""

    def escape(byte: int) -> str:
        char = chr(byte)
        return char if 32 <= byte < 127 and char not in '"\\?' else f"\\{byte:03o}"

    return '"' + "".join(escape(byte) for byte in text.encode()) + '"'


def plain(text: str) -> str:
    """``text`` in printable ASCII without what could end or disturb a C comment."""
    for mark in ("*/", "/*", "??"):
        text = text.replace(mark, " ".join(mark))
    return "".join(c if 32 <= ord(c) < 127 else "?" for c in text)


def comment(lines: Iterable[str]) -> str:
    """Lines of a block comment."""
    return "\n".join(f" * {plain(line)}".rstrip() for line in lines)


def table(name: str, data: bytes, words: bool = False) -> str:
    """The definition of a table of bytes, that begins with a whole word if ``words``."""
    rows = [data[i : i + NUMBERS_A_LINE] for i in range(0, len(data), NUMBERS_A_LINE)]
    body = ",\n".join("    " + ",".join(map(str, row)) for row in rows)
    attributes = "HR_TABLE HR_ALIGNED" if words else "HR_TABLE"
    return f"static const uint8_t {name}[{len(data)}] {attributes} = {{\n{body}\n}};"

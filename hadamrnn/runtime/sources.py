"""The C sources, and the single file ``hadamrnn.c`` that is made of them.

In the repository every form of the inner loops has a header of its own. What users copy, and what
the tests on this computer and on emulated boards compile, is ``one_file()``.
"""

import re
from pathlib import Path

FOLDER = Path(__file__).parent
PUBLIC = ("hadamrnn.h", "hadamrnn_stream.h")
"""Headers that users include; ``one_file`` holds all others."""
INCLUDE = re.compile(r'^#include "(hadamrnn_\w+\.h)"\n', re.MULTILINE)
BANNER = """\
/* hadamrnn.c: all files of hadamrnn/runtime in one, written by "hadamrnn firmware": do not edit.
 * Compile it beside hadamrnn.h. The compiler's own macros choose the form of the inner loops: AVR
 * assembly, words of two 16-bit values, or vectors.
 *
 * SPDX-License-Identifier: MIT
 * Copyright (c) 2026 The HadamRNN project contributors */

"""


def headers() -> list[Path]:
    """Every header of the runtime, the public ``hadamrnn.h`` first."""
    return sorted(FOLDER.glob("hadamrnn*.h"))


def text(name: str) -> str:
    """The text of one file, with line feeds even where Git checked out others."""
    return (FOLDER / name).read_text(encoding="utf-8")


def included(name: str) -> list[str]:
    """Names of the runtime's own headers that a C file includes, in order."""
    return INCLUDE.findall(text(name))


def in_order(start: str = "hadamrnn.c") -> list[str]:
    """File names that ``start`` includes, directly or not, each before whoever includes it.

    >>> in_order()[0], in_order()[-1]
    ('hadamrnn_basics.h', 'hadamrnn.c')
    """
    order: list[str] = []

    def visit(name: str) -> None:
        for other in included(name):
            visit(other)
        if name not in order:
            order.append(name)

    visit(start)
    return order


def one_file() -> str:
    """The text of ``hadamrnn.c`` as users copy it; beside it they need ``hadamrnn.h`` alone.

    >>> one_file().count('#include "')
    1
    """
    parts = []
    for name in in_order():
        body = INCLUDE.sub("", text(name)).replace('#include "hadamrnn.h"\n', "")
        parts.append(f"/* ---- {name} ---- */\n{body}")
    whole = re.sub(r"\n{3,}", "\n\n", "\n".join(parts))
    return f'{BANNER}#include "hadamrnn.h"\n\n{whole}'


def write_one_file(folder: Path) -> Path:
    """Write ``hadamrnn.c`` and ``hadamrnn.h`` to a folder; returns the path of the first."""
    path = folder / "hadamrnn.c"
    path.write_text(one_file(), encoding="utf-8", newline="\n")
    (folder / "hadamrnn.h").write_text(text("hadamrnn.h"), encoding="utf-8", newline="\n")
    return path

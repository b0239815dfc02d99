"""The C sources, and the single file ``hadamrnn.c`` that is made of them.

In the repository every form of the inner loops has a header of its own. What users copy, and what
the tests on this computer and on emulated boards compile, is ``one_file()``.
"""

import re
from pathlib import Path

FOLDER = Path(__file__).parent
INCLUDE = re.compile(r'#include "(hadamrnn_\w+\.h)"\n')
BANNER = """\
/* hadamrnn.c: all files of hadamrnn/runtime in one, written by "hadamrnn firmware": do not edit.
 * Compile it beside hadamrnn.h. The compiler's own macros choose the form of the inner loops: AVR
 * assembly, words of two 16-bit values, or vectors. SPDX-License-Identifier: MIT */

"""


def headers() -> list[Path]:
    """Every header of the runtime, the public ``hadamrnn.h`` first."""
    return sorted(FOLDER.glob("hadamrnn*.h"))


def included(path: Path) -> list[str]:
    """Names of the runtime's own headers that a C file includes, in order."""
    return INCLUDE.findall(path.read_text(encoding="utf-8"))


def in_order(start: str = "hadamrnn.c") -> list[str]:
    """File names that ``start`` includes, directly or not, each before whoever includes it.

    >>> in_order()[0], in_order()[-1]
    ('hadamrnn_basics.h', 'hadamrnn.c')
    """
    order: list[str] = []

    def visit(name: str) -> None:
        for other in included(FOLDER / name):
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
        text = INCLUDE.sub("", (FOLDER / name).read_text(encoding="utf-8"))
        text = text.replace('#include "hadamrnn.h"\n', "")
        parts.append(f"/* ---- {name} ---- */\n{text}")
    body = re.sub(r"\n{3,}", "\n\n", "\n".join(parts))
    return f'{BANNER}#include "hadamrnn.h"\n\n{body}'


def write_one_file(folder: Path) -> Path:
    """Write ``hadamrnn.c`` and ``hadamrnn.h`` to a folder; returns the path of the first."""
    path = folder / "hadamrnn.c"
    path.write_text(one_file(), encoding="utf-8", newline="\n")
    header = (FOLDER / "hadamrnn.h").read_text(encoding="utf-8")
    (folder / "hadamrnn.h").write_text(header, encoding="utf-8", newline="\n")
    return path

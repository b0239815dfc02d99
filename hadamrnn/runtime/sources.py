"""The C sources, and the single file ``hadamrnn.c`` that is made of them.

In the repository every form of the inner loops has a header of its own. What users copy, and what
the tests on this computer and on emulated boards compile, is ``one_file()``.
"""

import re
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).parent
PUBLIC = ("hadamrnn.h", "hadamrnn_stream.h")
"""Headers that users include; ``one_file`` holds all others."""
INCLUDE = re.compile(r'^#include "(hadamrnn_\w+\.h)"\n', re.MULTILINE)
LAYOUT = re.compile(r"^#define HR_LAYOUT \d+$", re.MULTILINE)
MEMBER = re.compile(r"^    (const uint8_t \*|u?int\d+_t(?= ))[ ]?(\w+);", re.MULTILINE)
"""Type and name, of hr_model."""
ONE_MODEL = """\
/* This runtime is for one model alone: constants stand in place of its members, and compilers leave
 * out what it does not need. "hadamrnn firmware --any-model" writes one for all. */
#ifdef __GNUC__
#pragma GCC diagnostic ignored "-Wunused-parameter" /* of functions that constants leave no model */
#endif
#ifdef __AVR__ /* built with -flto, which finds the constants by itself, and of sums too */
#define HR_ONLY(member, constant) model->member
#else
#define HR_ONLY(member, constant) (constant)
#endif
"""
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


def interface(layout: int | None = None) -> str:
    """The text of ``hadamrnn.h``.

    Parameters
    ----------
    layout : int, optional
        In place of HR_LAYOUT, for the runtime of one model: its checksum, so that no header of
        another model compiles with it.
    """
    plain = text("hadamrnn.h")
    return plain if layout is None else LAYOUT.sub(f"#define HR_LAYOUT 0x{layout:08x}u", plain)


def one_file(only: Mapping[str, str] | None = None) -> str:
    """The text of ``hadamrnn.c`` as users copy it; beside it they need ``hadamrnn.h`` alone.

    Parameters
    ----------
    only : mapping of str to str, optional
        Members of the one ``hr_model`` that will run, as C. They stand in place of the members, so
        that every compiler leaves out what this model does not need.

    Examples
    --------
    >>> one_file().count('#include "')
    1
    >>> one_file({"fade": "4"}).count("model->fade")
    0
    """
    parts = []
    for name in in_order():
        body = INCLUDE.sub("", text(name)).replace('#include "hadamrnn.h"\n', "")
        parts.append(f"/* ---- {name} ---- */\n{body}")
    whole = re.sub(r"\n{3,}", "\n\n", "\n".join(parts))
    return f'{BANNER}#include "hadamrnn.h"\n\n{_replaced(whole, only) if only else whole}'


def _replaced(whole: str, only: Mapping[str, str]) -> str:
    """``whole`` with constants in place of members of its model."""
    members = text("hadamrnn.h").partition("typedef struct {")[2].partition("} hr_model;")[0]
    types = dict(reversed(pair) for pair in MEMBER.findall(members))
    lines = [ONE_MODEL]
    for name, value in only.items():
        whole = re.sub(rf"(?:\(model\)|\bmodel)->{name}\b", f"HR_ONLY_{name}", whole)
        lines.append(f"#define HR_ONLY_{name} HR_ONLY({name}, ({types[name]})({value}))\n")
    return "".join(lines) + f"\n{whole}"


def write_one_file(
    folder: Path, only: Mapping[str, str] | None = None, layout: int | None = None
) -> Path:
    """Write ``hadamrnn.c`` and ``hadamrnn.h`` to a folder; returns the path of the first."""
    path = folder / "hadamrnn.c"
    path.write_text(one_file(only), encoding="utf-8", newline="\n")
    (folder / "hadamrnn.h").write_text(interface(layout), encoding="utf-8", newline="\n")
    return path

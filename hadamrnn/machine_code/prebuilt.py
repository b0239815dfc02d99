"""Machine code that came with the package, for the kinds of processors that its system runs on.

``nox -s wheel`` puts it into a wheel; a checkout has none. The name of a file holds a hash of its
sources and options: after a change of these it is not used.
"""

import ctypes
import functools
import platform
from collections.abc import Iterable
from pathlib import Path

from hadamrnn.compiler import compile_c, find_compiler
from hadamrnn.machine_code.code import Code, digits

HERE = Path(__file__).parent
FOLDER = HERE / "prebuilt"
LEVEL = Code(
    name="level",
    what="the question what the processor can do",
    sources=(HERE / "level.c",),
    compiled=(HERE / "level.c",),
    options=("-std=gnu11", "-O2", "-shared", "-fPIC"),
    home=HERE / "__pycache__",
)
AVX2 = ("-mavx2", "-mfma")
LEVELS = {
    "x86_64": (
        (),
        (*AVX2, "-mtune=haswell"),
        (*AVX2, *(f"-mavx512{part}" for part in ("f", "bw", "dq", "vl")), "-mtune=skylake-avx512"),
    )
}
"""Options for the levels of a kind of processor, the first for all of them. Others have one level:
all of aarch64 have NEON."""


def _levels() -> tuple[tuple[str, ...], ...]:
    machine = platform.machine()
    return LEVELS.get({"AMD64": "x86_64"}.get(machine, machine), ((),))


def _file(code: Code, level: int) -> str:
    return f"{code.name}-{digits(code.content())}-{level}.so"


@functools.cache
def _reached() -> int:
    """The highest level of this processor; -1 where nothing came with the package."""
    try:
        return int(ctypes.CDLL(str(FOLDER / _file(LEVEL, 0))).level())
    except OSError:
        return -1


def library(code: Code) -> ctypes.CDLL | None:
    """The library of that code for the best level that this processor has.

    Parameters
    ----------
    code : Code
        What it is made of.

    Returns
    -------
    ctypes.CDLL or None
        None where none came with the package, or none that loads.
    """
    for level in range(_reached(), -1, -1):
        try:
            return ctypes.CDLL(str(FOLDER / _file(code, level)))
        except OSError:
            continue
    return None


def build(codes: Iterable[Code], folder: Path = FOLDER) -> list[Path]:
    """Compile code for every level.

    Parameters
    ----------
    codes : iterable of Code
        What to compile.
    folder : Path
        To write into; made where it is missing.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    HadamrnnError
        There is no compiler, or it cannot compile this.
    """
    compiler, made = find_compiler(), []
    folder.mkdir(parents=True, exist_ok=True)
    for code in (LEVEL, *codes):
        for level, options in enumerate(_levels() if code is not LEVEL else ((),)):
            path = folder / _file(code, level)
            words: list[str | Path] = [
                *code.options,
                *options,
                *code.compiled,
                "-o",
                path,
                *code.libraries,
            ]
            compile_c(words, compiler, what=code.what)
            made.append(path)
    return made

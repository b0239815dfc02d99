"""What a library is made of, and hashes of all that decides what it does."""

import functools
import hashlib
import os
import platform
from dataclasses import dataclass
from pathlib import Path

from hadamrnn.compiler import run_tool

NATIVE = (("-march=native",), ("-mcpu=native",), ()) if os.name != "nt" else ((),)
"""For this processor, as compilers of different processors call it; the first that works. Compilers
of Windows put wide vectors where the stack is not aligned for them."""


@dataclass(frozen=True)
class Code:
    """C code that becomes one shared library.

    Parameters
    ----------
    name : str
        That kept files begin with.
    what : str
        As sentences call it: "the CPU kernels".
    sources : tuple of Path
        Every file that decides what it does, headers included.
    compiled : tuple of Path
        Those that the compiler is given.
    options : tuple of str
        Of the compiler, beside those of NATIVE.
    libraries : tuple of str
        Options that follow the files.
    home : Path
        The folder beside the package for kept files, where the user's cannot be written.
    """

    name: str
    what: str
    sources: tuple[Path, ...]
    compiled: tuple[Path, ...]
    options: tuple[str, ...]
    home: Path
    libraries: tuple[str, ...] = ()

    def content(self) -> bytes:
        """Options and sources; line ends that Git converted do not count."""
        parts = [repr(self.options).encode()]
        for path in sorted(self.sources):
            parts += [path.name.encode(), path.read_bytes().replace(b"\r\n", b"\n")]
        return b"".join(parts)


@functools.cache
def _processor() -> str:
    """What the compiler looks at when it compiles for this processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = [platform.processor()]
    names = ("model", "flags", "Features", "CPU part")
    return "\n".join([platform.machine(), *sorted({x for x in lines if x.startswith(names)})])


def digits(content: bytes, count: int = 16) -> str:
    """Hexadecimal digits of a SHA-256."""
    return hashlib.sha256(content).hexdigest()[:count]


@functools.cache
def native_hash(code: Code) -> str:
    """Of code for this processor."""
    return digits(repr((NATIVE, _processor())).encode() + code.content())


@functools.cache
def compiler_hash(command: tuple[str, ...]) -> str:
    """Of a compiler, its version and options."""
    said = run_tool([*command, "--version"]).stdout
    return digits(repr((command, said)).encode(), 8)

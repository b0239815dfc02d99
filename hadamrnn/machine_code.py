"""Machine code of C sources: compiled once for a processor and a compiler, kept, never stale.

The name of a kept file holds hashes of all that decides what it does (sources, options, processor,
compiler) and of its own content:

- it lies in the user's cache folder, else beside the package; where neither can be written, every
  process compiles anew;
- a file whose content is not what its name says is not loaded, and made again;
- it appears there whole, by renaming, so any number of processes may do this at once;
- where there is no compiler, the code that any compiler has left for these sources is used.
"""

import ctypes
import functools
import hashlib
import os
import platform
import shlex
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hadamrnn.compiler import compile_c, find_compiler, run_tool
from hadamrnn.errors import HadamrnnError

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


def user_cache(system: str = sys.platform) -> Path:
    """Folder of what the project keeps for this user, as platformdirs names it.

    Parameters
    ----------
    system : str
        As ``sys.platform``.

    Returns
    -------
    Path
        Which need not exist, and is not absolute where the user has no home.
    """
    if system == "win32":
        local = os.environ.get("LOCALAPPDATA") or os.path.expanduser("~/AppData/Local")
        return Path(local, "hadamrnn", "hadamrnn", "Cache")
    if system == "darwin":
        return Path(os.path.expanduser("~/Library/Caches/hadamrnn"))
    cache = os.environ.get("XDG_CACHE_HOME", "").strip()
    return Path(cache or os.path.expanduser("~/.cache"), "hadamrnn")


@functools.cache
def _processor() -> str:
    """What the compiler looks at when it compiles for this processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = [platform.processor()]
    names = ("model", "flags", "Features", "CPU part")
    return "\n".join([platform.machine(), *sorted({x for x in lines if x.startswith(names)})])


@functools.cache
def _sources_hash(code: Code) -> str:
    """16 hexadecimal digits; line ends that Git converted do not count."""
    found = hashlib.sha256(repr((code.options, NATIVE, _processor())).encode())
    for path in sorted(code.sources):
        found.update(path.name.encode() + path.read_bytes().replace(b"\r\n", b"\n"))
    return found.hexdigest()[:16]


@functools.cache
def _compiler_hash(command: tuple[str, ...]) -> str:
    said = run_tool([*command, "--version"]).stdout
    return hashlib.sha256(repr((command, said)).encode()).hexdigest()[:8]


def _folders(code: Code) -> list[Path]:
    return [user_cache(), code.home]


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return folder.is_absolute()


@functools.cache
def _writable_folder(code: Code) -> Path | None:
    """The first folder that can be written, None (with a warning) if there is none."""
    for folder in _folders(code):
        if _writable(folder):
            return folder
    warnings.warn(
        f"hadamrnn: compiled code of {code.what} must be kept in a folder that can be written, or "
        f"every process compiles it anew; got {', '.join(map(str, _folders(code)))}",
        stacklevel=2,
    )
    return None


def _kept(code: Code, pattern: str) -> Iterator[Path]:
    """Whole files of that name."""
    for folder in _folders(code):
        for path in sorted(folder.glob(pattern)):
            try:
                content = path.read_bytes()
            except OSError:
                continue
            if path.stem.endswith(_content_hash(content)):
                yield path


def _content_hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _keep(code: Code, name: str, content: bytes) -> Path | None:
    """A file of the cache with that content; None, with a warning, where that cannot be."""
    folder = _writable_folder(code)
    if folder is None:
        return None
    path = folder / f"{name}-{_content_hash(content)}.so"
    partial = folder / f"{path.name}.{os.getpid()}.partial"
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        warnings.warn(
            f"hadamrnn: compiled code of {code.what} must fit into {folder}; got {error}; it is "
            "compiled anew in the next process",
            stacklevel=2,
        )
        return None
    return path


def _compile(code: Code, compiler: list[str], target: Path) -> None:
    for native in NATIVE:
        arguments = [*code.options, *native, *code.compiled, "-o", target, *code.libraries]
        try:
            return compile_c(arguments, compiler, what=code.what)
        except HadamrnnError as error:
            failed = error
    raise failed


def load(code: Code) -> ctypes.CDLL:
    """The library of that code, compiled if it is not kept yet.

    Parameters
    ----------
    code : Code
        What it is made of.

    Returns
    -------
    ctypes.CDLL
        With the code's functions; ctypes releases Python's lock while one runs.

    Raises
    ------
    HadamrnnError
        There is none, and none can be compiled.
    """
    start = f"{code.name}-{_sources_hash(code)}"
    try:
        compiler = find_compiler()
    except HadamrnnError:
        compiler = []
    name = f"{start}-{_compiler_hash(tuple(compiler)) if compiler else '*'}"
    for path in _kept(code, f"{name}-*.so"):
        try:
            return ctypes.CDLL(str(path))
        except OSError:
            continue
    compiler = compiler or find_compiler()  # whose sentence says what is missing
    with tempfile.TemporaryDirectory(prefix="hadamrnn-", ignore_cleanup_errors=True) as folder:
        built = Path(folder, f"{code.name}.so")
        _compile(code, compiler, built)
        try:
            return ctypes.CDLL(str(_keep(code, name, built.read_bytes()) or built))
        except OSError as error:
            command = shlex.join(compiler)
            raise HadamrnnError(f"{command}: must make code that loads; got {error}") from error

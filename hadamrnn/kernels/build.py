"""The kernels' machine code: compiled once for a processor and a compiler, kept, never stale.

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
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from platformdirs import user_cache_path

from hadamrnn.compiler import compile_c, find_compiler, run_tool
from hadamrnn.errors import HadamrnnError

HERE = Path(__file__).parent
SOURCES = HERE / "csrc"

OPTIONS = ("-std=gnu11", "-O2", "-ffp-contract=fast", "-fno-math-errno", "-shared", "-fPIC")
"""Products and sums are fused where the processor can; nothing else may change a result, so that
NaN is seen and one machine always gives the same bits."""

NATIVE = (("-march=native",), ("-mcpu=native",), ()) if os.name != "nt" else ((),)
"""For this processor, as compilers of different processors call it; the first that works. Compilers
of Windows put wide vectors where the stack is not aligned for them."""


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
def _sources_hash() -> str:
    """16 hexadecimal digits; line ends that Git converted do not count."""
    found = hashlib.sha256(repr((OPTIONS, NATIVE, _processor())).encode())
    for path in sorted(SOURCES.iterdir()):
        found.update(path.name.encode() + path.read_bytes().replace(b"\r\n", b"\n"))
    return found.hexdigest()[:16]


@functools.cache
def _compiler_hash(command: tuple[str, ...]) -> str:
    said = run_tool([*command, "--version"]).stdout
    return hashlib.sha256(repr((command, said)).encode()).hexdigest()[:8]


def _folders() -> list[Path]:
    return [user_cache_path("hadamrnn"), HERE / "__pycache__"]


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return folder.is_absolute()


@functools.cache
def _writable_folder() -> Path | None:
    """The first folder that can be written, None (with a warning) if there is none."""
    for folder in _folders():
        if _writable(folder):
            return folder
    warnings.warn(
        "hadamrnn: compiled kernels must be kept in a folder that can be written, or every process "
        f"compiles them anew; got {', '.join(map(str, _folders()))}",
        stacklevel=2,
    )
    return None


def _kept(pattern: str) -> Iterator[Path]:
    """Whole files of that name."""
    for folder in _folders():
        for path in sorted(folder.glob(pattern)):
            try:
                content = path.read_bytes()
            except OSError:
                continue
            if path.stem.endswith(_content_hash(content)):
                yield path


def _content_hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _keep(name: str, content: bytes) -> Path | None:
    """A file of the cache with that content; None, with a warning, where that cannot be."""
    folder = _writable_folder()
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
            f"hadamrnn: compiled kernels must fit into {folder}; got {error}; they are compiled "
            "anew in the next process",
            stacklevel=2,
        )
        return None
    return path


def _compile(compiler: Sequence[str], precision: int, target: Path) -> None:
    source = SOURCES / "kernels.c"
    for native in NATIVE:
        arguments = [*OPTIONS, *native, f"-DPRECISION={precision}", source, "-o", target, "-lm"]
        try:
            return compile_c(arguments, compiler, what="the CPU kernels")
        except HadamrnnError as error:
            failed = error
    raise failed


def load(precision: int) -> ctypes.CDLL:
    """The kernels for one kind of numbers.

    Parameters
    ----------
    precision : int
        Bits of a number, 32 or 64.

    Returns
    -------
    ctypes.CDLL
        With the functions of ``csrc``.

    Raises
    ------
    HadamrnnError
        There are none, and none can be compiled.
    """
    start = f"kernels-{_sources_hash()}"
    try:
        compiler = find_compiler()
    except HadamrnnError:
        compiler = []
    name = f"{start}-{_compiler_hash(tuple(compiler)) if compiler else '*'}-{precision}"
    for path in _kept(f"{name}-*.so"):
        try:
            return ctypes.CDLL(str(path))
        except OSError:
            continue
    compiler = compiler or find_compiler()  # whose sentence says what is missing
    with tempfile.TemporaryDirectory(prefix="hadamrnn-", ignore_cleanup_errors=True) as folder:
        built = Path(folder, "kernels.so")
        _compile(compiler, precision, built)
        try:
            return ctypes.CDLL(str(_keep(name, built.read_bytes()) or built))
        except OSError as error:
            command = shlex.join(compiler)
            raise HadamrnnError(f"{command}: must make code that loads; got {error}") from error

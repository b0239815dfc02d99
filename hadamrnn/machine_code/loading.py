"""Libraries of C code: loaded from where they are, or compiled."""

import ctypes
import shlex
import tempfile
from pathlib import Path

from hadamrnn.compiler import compile_c, find_compiler
from hadamrnn.errors import HadamrnnError
from hadamrnn.machine_code import kept, prebuilt
from hadamrnn.machine_code.code import NATIVE, Code, compiler_hash, native_hash


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
    found = prebuilt.library(code)
    if found is not None:
        return found
    start = f"{code.name}-{native_hash(code)}"
    try:
        compiler = find_compiler()
    except HadamrnnError:
        compiler = []
    name = f"{start}-{compiler_hash(tuple(compiler)) if compiler else '*'}"
    for path in kept.files(code, f"{name}-*.so"):
        try:
            return ctypes.CDLL(str(path))
        except OSError:
            continue
    compiler = compiler or find_compiler()  # whose sentence says what is missing
    with tempfile.TemporaryDirectory(prefix="hadamrnn-", ignore_cleanup_errors=True) as folder:
        built = Path(folder, f"{code.name}.so")
        _compile(code, compiler, built)
        try:
            return ctypes.CDLL(str(kept.keep(code, name, built.read_bytes()) or built))
        except OSError as error:
            command = shlex.join(compiler)
            raise HadamrnnError(f"{command}: must make code that loads; got {error}") from error

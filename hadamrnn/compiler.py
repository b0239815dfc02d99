"""The C compiler of this computer: which one, its options, and its errors as one sentence."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from hadamrnn.errors import HadamrnnError

STRICT = (
    *("-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Wshadow", "-Wundef", "-Wcast-align"),
    "-Werror",
)
SANITIZERS = (*STRICT, "-g", "-O1", "-fsanitize=undefined,address", "-fno-sanitize-recover=all")
OPTIMIZED = ("-O2",)
WIDEST = ("-O3", "-march=native")
"""For the widest vectors of this computer's processor."""


def find_compiler() -> list[str]:
    """The C compiler's command: $CC, else the first of cc, gcc and clang that exists.

    Returns
    -------
    list of str
        The program and the options that $CC gives it, as in ``["gcc", "-m32"]``.

    Raises
    ------
    HadamrnnError
        If there is none, or $CC cannot be read.
    """
    text = os.environ.get("CC", "")
    try:
        chosen = shlex.split(text)
    except ValueError as error:
        raise HadamrnnError(
            f"CC: must be a command, its quotes closed; got {text!r} ({error})"
        ) from error
    for command in [chosen] if chosen else [["cc"], ["gcc"], ["clang"]]:
        if shutil.which(command[0]):
            return command
    raise HadamrnnError(
        f"CC: compiling on this computer needs a C compiler (cc, gcc or clang, or the one named by "
        f"the environment variable CC); got {' '.join(chosen) or 'none'}"
    )


def compiler_version() -> str | None:
    """First line of what the C compiler says about itself.

    Returns
    -------
    str or None
        None without a compiler.
    """
    try:
        lines = run_tool([*find_compiler(), "--version"]).stdout.splitlines()
    except HadamrnnError:
        return None
    return lines[0] if lines else None


def run_tool(
    command: Sequence[str | Path], cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a compiler or one of its tools, with what it prints as text in any locale.

    Parameters
    ----------
    command : sequence of str or Path
        The program and its arguments.
    cwd : Path, optional
        The folder to run it in.

    Returns
    -------
    subprocess.CompletedProcess
        Bytes that are not UTF-8 are replaced in its ``stdout`` and ``stderr``.

    Raises
    ------
    HadamrnnError
        If the program cannot be started.
    """
    try:
        return subprocess.run(
            list(map(str, command)),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
        )
    except OSError as error:
        raise HadamrnnError(f"{command[0]}: must be a program that runs; got {error}") from error


def compile_c(
    arguments: Iterable[str | Path],
    compiler: Sequence[str] | None = None,
    cwd: Path | None = None,
    what: str = "the C runtime",
) -> None:
    """Run the C compiler.

    Parameters
    ----------
    arguments : iterable of str or Path
        Its options and files.
    compiler : sequence of str, optional
        Its command, if not ``find_compiler()``.
    cwd : Path, optional
        The folder to run it in.
    what : str
        What is compiled, for the error.

    Raises
    ------
    HadamrnnError
        With the compiler's first error line if it fails.
    """
    command = [*(compiler or find_compiler()), *map(str, arguments)]
    result = run_tool(command, cwd)
    if result.returncode:
        lines = result.stderr.splitlines()
        first = next((line for line in lines if "error" in line), "no message")
        raise HadamrnnError(f"{command[0]}: must compile {what}; got {first}")

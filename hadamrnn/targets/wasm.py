"""The C runtime as WebAssembly: one module without imports, for browsers and Node.

clang and lld are enough: no runtime library, no generated glue. ``runtime/targets/browser`` has the
functions that the module exports, and ``hadamrnn.js``, a class that calls them.
"""

import hashlib
import shutil
import tempfile
from pathlib import Path

from hadamrnn.compiler import compile_c, run_tool
from hadamrnn.errors import HadamrnnError
from hadamrnn.runtime import sources

FOLDER = sources.FOLDER / "targets" / "browser"
SCRIPT = FOLDER / "hadamrnn.js"
TOOLS = ("clang", "wasm-ld")
OPTIONS = (
    *("--target=wasm32", "-std=c99", "-O2", "-ffreestanding", "-nostdlib", "-mbulk-memory"),
    *("-fvisibility=hidden", "-Wl,--no-entry", "-Wl,--strip-debug", "-Wl,-z,stack-size=16384"),
)


def missing() -> list[str]:
    """The names of the programs that ``build`` needs and this computer lacks."""
    return [tool for tool in TOOLS if not shutil.which(tool)]


def compiler_version() -> str:
    """The first line of what ``clang --version`` says.

    Raises
    ------
    HadamrnnError
        If there is no clang.
    """
    return run_tool([TOOLS[0], "--version"]).stdout.splitlines()[0].strip()


def _parts() -> dict[str, str]:
    """What is compiled: file name and text."""
    own = [path for path in sorted(FOLDER.iterdir()) if path.suffix in (".c", ".h")]
    texts = {path.name: path.read_text(encoding="utf-8") for path in own}
    return texts | {"hadamrnn_load.c": sources.text("hadamrnn_load.c")}


def fingerprint() -> str:
    """SHA-256 of all that the module is made of, the compiler excepted.

    >>> len(fingerprint())
    64
    """
    parts = {"hadamrnn.h": sources.text("hadamrnn.h"), "hadamrnn.c": sources.one_file()}
    parts |= _parts() | {"options": " ".join(OPTIONS)}
    return hashlib.sha256(repr(sorted(parts.items())).encode()).hexdigest()


def build() -> bytes:
    """The module: ``browser.c``, ``hadamrnn.c`` and ``hadamrnn_load.c``, about 20 kB.

    Returns
    -------
    bytes
        WebAssembly that imports nothing and exports its memory.

    Raises
    ------
    HadamrnnError
        If clang or lld are not installed, or do not compile it.
    """
    if missing():
        raise HadamrnnError(
            f"WebAssembly: needs clang and lld (nox -s toolchains); missing: {', '.join(missing())}"
        )
    with tempfile.TemporaryDirectory(prefix="hadamrnn-") as name:
        folder = Path(name)
        sources.write_one_file(folder)
        for file, text in _parts().items():
            (folder / file).write_text(text, encoding="utf-8", newline="\n")
        files = ["browser.c", "hadamrnn.c", "hadamrnn_load.c"]
        compile_c([*OPTIONS, "-I.", *files, "-o", "module.wasm"], [TOOLS[0]], cwd=folder)
        return (folder / "module.wasm").read_bytes()

"""Where compiled kernels are kept: in a folder whose name is the hash of all kernel sources.

numba's own cache notices a change in the file of the compiled function only, not in the files of
the functions it calls, so that an upgrade would go on with old machine code. It has one
configuration for a process, which is the user's. Here the cache is changed for single functions:

- the folder is ``kernels-<hash>`` in the user's NUMBA_CACHE_DIR if there is one, else in the user's
  cache folder, else beside the package; where none can be written, every process compiles anew;
- machine code is read back by its checksum, and made again where that does not fit;
- an error of the disk costs the cache, not the kernel.
"""

import functools
import hashlib
import pickle
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core import sigutils
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    IndexDataCacheFile,
    NullCache,
    UserProvidedCacheLocator,
)
from platformdirs import user_cache_path

HERE = Path(__file__).parent


@functools.cache
def source_hash(file: str) -> str:
    """Hash of all sources in this folder, and of ``file``, whose functions use them.

    Parameters
    ----------
    file : str
        Path of the source file of a kernel; it may lie in this folder or elsewhere.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    sources = sorted(HERE.glob("*.py"))
    if Path(file).resolve().parent != HERE.resolve():
        sources.append(Path(file))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return folder.is_absolute()


@functools.cache
def base_folder() -> Path | None:
    """The first folder that can be written, None (with a warning) if there is none."""
    candidates = [user_cache_path("hadamrnn"), HERE / "__pycache__"]
    if numba.config.CACHE_DIR:
        candidates.insert(0, Path(numba.config.CACHE_DIR).absolute())
    for folder in candidates:
        if _writable(folder):
            return folder
    warnings.warn(
        "hadamrnn: compiled kernels must be kept in a folder that can be written, or every process "
        f"compiles them anew; got {', '.join(map(str, candidates))}; set NUMBA_CACHE_DIR to one",
        stacklevel=2,
    )
    return None


class _Locator(UserProvidedCacheLocator):
    """A folder of our own for a function, whatever the user's configuration says of others."""

    def __init__(self, py_func: Callable[..., Any], py_file: str, base: Path) -> None:
        self._py_file = py_file
        self._lineno = py_func.__code__.co_firstlineno
        self._cache_path = str(base / f"kernels-{source_hash(py_file)}")


class _Impl(CompileResultCacheImpl):
    def __init__(self, py_func: Callable[..., Any]) -> None:
        base = base_folder()
        if base is None:
            raise OSError("no folder for compiled kernels")
        file = Path(py_func.__code__.co_filename)
        self._lineno = py_func.__code__.co_firstlineno
        self._locator = _Locator(py_func, str(file), base)
        self._filename_base = self.get_filename_base(f"{file.stem}.{py_func.__qualname__}", "")


class _File(IndexDataCacheFile):
    """Machine code behind its checksum."""

    def _save_data(self, name: str, data: Any) -> None:
        content = self._dump(data)
        with self._open_for_write(self._data_path(name)) as file:
            file.write(hashlib.sha256(content).digest() + content)

    def _load_data(self, name: str) -> Any:
        content = Path(self._data_path(name)).read_bytes()
        if hashlib.sha256(content[32:]).digest() != content[:32]:
            raise ValueError("damaged")
        return pickle.loads(content[32:])


class _Cache(FunctionCache):
    _impl_class = _Impl

    def __init__(self, py_func: Callable[..., Any]) -> None:
        super().__init__(py_func)
        stamp = self._impl.locator.get_source_stamp()
        self._cache_file = _File(self._cache_path, self._impl.filename_base, stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The kept kernel for ``sig``, None if there is none that can be used."""
        try:
            found = super().load_overload(sig, target_context)
        except Exception:  # pickles that are damaged or of other versions fail in any way
            self._start_anew()
            return None
        # Two processes that write the index at once may name one file for two signatures.
        arguments, _ = sigutils.normalize_signature(sig)
        return found if found is None or found.signature.args == tuple(arguments) else None

    def _start_anew(self) -> None:
        try:
            self.flush()
        except OSError:
            self.disable()

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a kernel; what the disk refuses is not kept."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            self.disable()
            warnings.warn(
                f"hadamrnn: compiled kernels must fit into {self._cache_path}; got {error}; they "
                "are compiled anew in the next process",
                stacklevel=2,
            )


def attach(dispatcher: Any) -> None:
    """Let numba's ``dispatcher`` keep what it compiles in the folder described above."""
    try:
        dispatcher._cache = _Cache(dispatcher.py_func)
    except OSError:
        dispatcher._cache = NullCache()

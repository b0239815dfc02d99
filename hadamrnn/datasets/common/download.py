"""Raw files of the benchmarks: found, checked, decoded.

Where a file is looked for, in this order:

1. ``HADAMRNN_DATA_MIRROR``, when it is a folder or a file:// address;
2. the cache folder: ``HADAMRNN_CACHE``, or the user's own (platformdirs' for this package);
3. ``HADAMRNN_DATA_MIRROR``, when it is an http:// or https:// address;
4. the upstream addresses.

Whatever the place, the *decoded content* must have the known checksum (but for the one file of
which none is known, see ``RawFile.unverified``), so that repacked archives are as good as
upstream's. A checked file is kept in the cache. A relative mirror folder counts
from the current folder and, failing that, from each folder above it: DVC runs experiments in
folders below the repository (``.dvc/tmp/exps/...``), where ``../data`` would otherwise mean
another place.
"""

import hashlib
import lzma
import os
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit
from urllib.request import url2pathname

import filelock
import numpy as np
import platformdirs

from hadamrnn.errors import HadamrnnError

if TYPE_CHECKING:
    from hadamrnn.datasets.common.transfer import Progress

MIRROR = "HADAMRNN_DATA_MIRROR"
CACHE = "HADAMRNN_CACHE"
Content = Mapping[str, np.ndarray]
"""A raw file decoded: arrays by name."""
_DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    RuntimeError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
)


@dataclass(frozen=True)
class RawFile:
    """One raw file, in any of the forms in which it is known.

    Parameters
    ----------
    name : str
        Its path in the cache folder, and its name in messages.
    mirror_paths : tuple of str
        Paths below the mirror where it may lie, best first.
    urls : tuple of str
        Upstream addresses, best first.
    decode : callable
        From a path to its arrays by name. It is called before the content is known to be good,
        unless ``content_sha256`` is empty, so it must read within bounds (``archives``) and not
        unpickle or execute anything in that case.
    content_sha256 : str
        What ``content_sha256(decode(path))`` must be; "" to check the file alone.
    file_sha256 : tuple of str
        Known checksums of the file itself, demanded before decoding when ``content_sha256`` is
        empty.
    unverified : bool
        No checksum is known of the file; ``decode`` checks what it can and raises.
    """

    name: str
    mirror_paths: tuple[str, ...]
    urls: tuple[str, ...]
    decode: Callable[[Path], Content]
    content_sha256: str = ""
    file_sha256: tuple[str, ...] = ()
    unverified: bool = False


def content_sha256(arrays: Content) -> str:
    """Checksum of named arrays, whatever container they came in.

    Parameters
    ----------
    arrays : dict of str to numpy.ndarray
        Of any numeric type.

    Returns
    -------
    str
        64 hexadecimal digits that depend on names, types, shapes and little-endian values.

    Examples
    --------
    >>> content_sha256({"x": np.arange(3, dtype=np.uint8)})[:16]
    'b4c7ad3922223fbc'
    """
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.asarray(arrays[name])
        array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.data)
    return digest.hexdigest()


def fetch(raw: RawFile, progress: "Progress | None" = None) -> Content:
    """The decoded, checked content of a raw file.

    Parameters
    ----------
    raw : RawFile
        What to bring.
    progress : callable, optional
        As for ``transfer.transfer``.

    Returns
    -------
    dict of str to numpy.ndarray

    Raises
    ------
    HadamrnnError
        When the file cannot be had, is damaged, or has unknown content.
    """
    mirror = os.environ.get(MIRROR, "")
    cached = cache_folder() / raw.name
    folder = _mirror_folder(mirror)
    if folder is not None:
        for path in filter(Path.is_file, (folder / name for name in raw.mirror_paths)):
            content = _read(raw, path)
            _keep(path, cached)
            return content
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        # two experiments of a DVC queue may want the same file at the same moment
        with filelock.FileLock(f"{cached}.lock"):
            return _from_cache(raw, cached) or _from_network(raw, cached, mirror, progress)
    except OSError as error:
        raise HadamrnnError(f"{cached}: must be writable (see {CACHE}); got {error}") from error


def cache_folder() -> Path:
    """Folder of raw files: ``HADAMRNN_CACHE``, or the user's cache folder of this package."""
    folder = os.environ.get(CACHE) or platformdirs.user_cache_dir("hadamrnn")
    return Path(folder).expanduser().resolve()


def _mirror_folder(mirror: str) -> Path | None:
    """The mirror as a Path when it is a folder; None when unset, remote, or not there."""
    if not mirror or mirror.startswith(("http://", "https://")):
        return None
    if mirror.startswith("file://"):
        mirror = url2pathname(urlsplit(mirror).path)
    here = Path.cwd()
    places = (base / Path(mirror).expanduser() for base in (here, *here.parents))
    return next((place.resolve() for place in places if place.is_dir()), None)


def _read(raw: RawFile, path: Path) -> Content:
    """Decoded content of the file at ``path``, checked against what is known."""
    if not raw.content_sha256 and not raw.unverified:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest not in raw.file_sha256:
            known = " or ".join(raw.file_sha256)
            raise HadamrnnError(f"{path}: must have sha256 {known}; got {digest}")
    try:
        content = raw.decode(path)
    except _DAMAGE as error:
        raise HadamrnnError(
            f"{path}: must be a whole copy of {raw.name}; got a truncated or damaged file "
            f"({type(error).__name__}: {error}); replace it, or see {MIRROR}"
        ) from error
    digest = content_sha256(content) if raw.content_sha256 else ""
    if digest != raw.content_sha256:
        raise HadamrnnError(
            f"{path}: must hold the known content of {raw.name} (sha256 {raw.content_sha256}); "
            f"got content with sha256 {digest}; replace it, or see {MIRROR}"
        )
    return content


def _keep(path: Path, cached: Path) -> None:
    """Copy a checked file into the cache; a cache that cannot be written is no reason to stop."""
    if cached.is_file() and cached.stat().st_size == path.stat().st_size:
        return
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        partial = cached.with_name(f"{cached.name}.{os.getpid()}.copy")
        shutil.copyfile(path, partial)
        os.replace(partial, cached)
    except OSError:
        pass


def _from_cache(raw: RawFile, cached: Path) -> Content | None:
    """Content of the cached file, or None; a cached file gone bad is removed, to be had again."""
    if not cached.is_file():
        return None
    try:
        return _read(raw, cached)
    except HadamrnnError:
        cached.unlink()
        return None


def _from_network(raw: RawFile, cached: Path, mirror: str, progress: "Progress | None") -> Content:
    """Transfer from a remote mirror or from upstream into the cache, check, decode."""
    # Loads requests, which settings are checked without.
    from hadamrnn.datasets.common.transfer import AbsentError, TransferError, transfer

    remote = mirror.startswith(("http://", "https://"))
    if mirror and not remote and _mirror_folder(mirror) is None:
        raise HadamrnnError(
            f"{MIRROR}: must be a folder that exists, or a file://, http:// or https:// address; "
            f"got {mirror!r}"
        )
    addresses = [f"{mirror.rstrip('/')}/{quote(p)}" for p in raw.mirror_paths] if remote else []
    failures: dict[str, str] = {}
    silent: set[str] = set()
    for url in (*addresses, *raw.urls):
        host = urlsplit(url).netloc
        if host in silent:
            continue
        try:
            transfer(url, cached, progress)
        except TransferError as error:
            failures[url] = error.reason
            if not isinstance(error, AbsentError):
                silent.add(host)  # the other addresses of a dead host only cost time
            continue
        try:
            return _read(raw, cached)
        except HadamrnnError as error:
            cached.unlink()
            raise HadamrnnError(f"{url}: {error}") from error
    tried = ", ".join(f"{reason} from {url}" for url, reason in failures.items())
    raise HadamrnnError(
        f"{raw.name}: must come from {MIRROR} (now {mirror or 'not set'}) or from upstream; got "
        f"{tried or 'no address'}; set {MIRROR} to a folder or URL with {raw.mirror_paths[0]}"
    )

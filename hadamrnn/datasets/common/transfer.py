"""One HTTP transfer into a file: resumed after a break, retried, never silently short.

The archives here reach 170 MB, and an answer may stop short of what it announced. Bytes received so
far lie in ``<target>.<address hash>.part`` and are continued with a Range request, by the next
attempt or by the next run.
"""

import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import requests
import urllib3

from hadamrnn.errors import HadamrnnError

ATTEMPTS = 3
PAUSE_SECONDS = 0.25  # before the second attempt; doubled before the third
TIMEOUT_SECONDS = (5, 30)  # to connect, and between two pieces of a body
ABSENT_STATUSES = (403, 404, 410)  # S3 answers 403 for an object that is not there
Progress = Callable[[int, int | None], object]
"""Called with the bytes received so far and the bytes in all, None where that is not known."""


class TransferError(HadamrnnError):
    """An address that cannot be read; ``reason`` says why without naming it."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url}: must be readable in full; got {reason}")
        self.reason = reason


class AbsentError(TransferError):
    """The server answers, and says that it does not have this file."""


class _BrokenError(Exception):
    """A failure that another attempt may cure."""


def transfer(url: str, target: str | Path, progress: Progress | None = None) -> None:
    """Write the bytes at an address to a file.

    Parameters
    ----------
    url : str
        http or https address. Proxies are those of the environment (HTTPS_PROXY and the like).
    target : str or Path
        Replaced in one step once complete; its folder must exist.
    progress : callable, optional
        By default a bar, where standard error is a terminal.

    Raises
    ------
    AbsentError
        When the server says that it does not have the file.
    TransferError
        After three attempts, or at once when no connection can be made at all.
    """
    target = Path(target)
    part = target.with_name(f"{target.name}.{hashlib.sha256(url.encode()).hexdigest()[:8]}.part")
    with _reporting(target.name, progress) as report:
        for attempt in range(ATTEMPTS):
            try:
                _receive(url, part, report)
            except _BrokenError as error:
                reason = error
                if attempt < ATTEMPTS - 1:
                    time.sleep(PAUSE_SECONDS * 2**attempt)
            else:
                os.replace(part, target)
                return
    raise TransferError(url, f"{reason} in each of {ATTEMPTS} attempts{_through_proxy(url)}")


def _receive(url: str, part: Path, report: Progress) -> None:
    """Append the missing bytes of ``url`` to ``part``; returns only when the file is whole."""
    done = part.stat().st_size if part.exists() else 0
    # "identity", and undecoded reads below: a .gz must arrive as the .gz whose sum is known
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={done}-"} if done else {})
    try:
        response = requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_SECONDS)
    except requests.RequestException as error:
        cause = error.args[0] if error.args else error
        # MaxRetryError: no connection was made at all, so waiting would only delay the message
        if isinstance(cause, urllib3.exceptions.MaxRetryError):
            reason = _connection_failure(cause)
            raise TransferError(url, f"{reason}{_through_proxy(url)}") from error
        if isinstance(error, requests.ConnectionError | requests.Timeout):
            raise _BrokenError(f"no answer ({cause})") from error
        raise TransferError(url, f"{error}{_through_proxy(url)}") from error
    with response:
        status = response.status_code
        if status == 416:  # our part is longer than the file: not a piece of it
            part.unlink(missing_ok=True)
            raise _BrokenError("HTTP status 416")
        if status >= 500 or status == 429:
            raise _BrokenError(f"HTTP status {status}")
        if status in ABSENT_STATUSES:
            raise AbsentError(url, f"HTTP status {status}{_through_proxy(url)}")
        if status not in (200, 206):
            raise TransferError(url, f"HTTP status {status}{_through_proxy(url)}")
        if status == 200 or not _continues(response, done):
            done = 0 if status == 200 else _start_over(part)
        length = response.headers.get("Content-Length", "")
        total = done + int(length) if length.isdigit() else None
        try:
            with part.open("ab" if done else "wb") as file:
                for piece in response.raw.stream(1 << 16, decode_content=False):
                    file.write(piece)
                    done += len(piece)
                    report(done, total)
        except urllib3.exceptions.HTTPError as error:
            raise _BrokenError(_short(part.stat().st_size, total)) from error
        if total is not None and done != total:
            raise _BrokenError(_short(done, total))


def _continues(response: requests.Response, done: int) -> bool:
    """Whether a 206 answer really starts at byte ``done``."""
    return response.headers.get("Content-Range", "").startswith(f"bytes {done}-")


def _start_over(part: Path) -> NoReturn:
    part.unlink(missing_ok=True)
    raise _BrokenError("an answer for other bytes than those asked for")


def _short(done: int, total: int | None) -> str:
    return f"a transfer that stopped after {done} of {total or 'an unknown number of'} bytes"


def _connection_failure(error: urllib3.exceptions.MaxRetryError) -> str:
    """What went wrong, such as "connection refused", from urllib3's nested exception."""
    reason: BaseException | None = error.reason
    if isinstance(reason, urllib3.exceptions.ProxyError):
        reason = reason.original_error
    if isinstance(reason, urllib3.exceptions.NameResolutionError):
        return "a host name that cannot be resolved"
    text = str(reason)
    return "connection refused" if "refused" in text else text.rsplit(": ", 1)[-1]


def _through_proxy(url: str) -> str:
    """Words that name the proxy in front of an address, without its password; "" where none is.

    A proxy's failures look like the server's own, so that every message has to name it.
    """
    proxy = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url))
    if not proxy:
        return ""
    parts = urlsplit(proxy)
    return f" through the proxy {parts.scheme}://{parts.netloc.rpartition('@')[2]}"


@contextmanager
def _reporting(name: str, progress: Progress | None) -> Iterator[Progress]:
    """``progress`` itself, or a bar on standard error where that is a terminal."""
    if progress is not None or not sys.stderr.isatty():
        yield progress or (lambda done, total: None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn(name), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)

"""One HTTP transfer into a file: resumed after a break, retried, never silently short.

pooch, which keeps the cache folder for us, starts a broken transfer over from its first byte and
accepts a body shorter than announced; the archives here reach 170 MB, hence this small client.
Bytes received so far lie in ``<target>.<address hash>.part`` and are continued with a Range
request, by the next attempt or by the next run.
"""

import hashlib
import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import requests
import urllib3

from hadamrnn.errors import HadamrnnError

ATTEMPTS = 3
PAUSE_SECONDS = 0.25  # before the second attempt; doubled before the third
TIMEOUT_SECONDS = (5, 30)  # to connect, and between two pieces of a body
ABSENT_STATUSES = (403, 404, 410)  # S3 answers 403 for an object that is not there


class TransferError(HadamrnnError):
    """An address that cannot be read. ``reason`` : str, without the address."""

    def __init__(self, url, reason):
        super().__init__(f"{url}: must be readable in full; got {reason}")
        self.reason = reason


class AbsentError(TransferError):
    """The server answers, and says that it does not have this file."""


class _BrokenError(Exception):
    """A failure that another attempt may cure."""


def transfer(url, target, progress=None):
    """Write the bytes at ``url`` to the file ``target``; its folder must exist.

    url : http or https address; target : Path, replaced in one step once complete.
    progress : callable (bytes done, bytes in all or None), or None for a bar on a terminal.
    Raises AbsentError or TransferError. A refused or unresolvable address is not tried again.
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
    raise TransferError(url, f"{reason} in each of {ATTEMPTS} attempts")


def _receive(url, part, report):
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
            raise TransferError(url, _connection_failure(cause)) from error
        if isinstance(error, requests.ConnectionError | requests.Timeout):
            raise _BrokenError(f"no answer ({cause})") from error
        raise TransferError(url, str(error)) from error
    with response:
        status = response.status_code
        if status == 416:  # our part is longer than the file: not a piece of it
            part.unlink(missing_ok=True)
            raise _BrokenError("HTTP status 416")
        if status >= 500 or status == 429:
            raise _BrokenError(f"HTTP status {status}")
        if status in ABSENT_STATUSES:
            raise AbsentError(url, f"HTTP status {status}")
        if status not in (200, 206):
            raise TransferError(url, f"HTTP status {status}")
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


def _continues(response, done):
    """Whether a 206 answer really starts at byte ``done``."""
    return response.headers.get("Content-Range", "").startswith(f"bytes {done}-")


def _start_over(part):
    part.unlink(missing_ok=True)
    raise _BrokenError("an answer for other bytes than those asked for")


def _short(done, total):
    return f"a transfer that stopped after {done} of {total or 'an unknown number of'} bytes"


def _connection_failure(error):
    """What went wrong, such as "connection refused", from urllib3's nested exception."""
    reason = error.reason
    if isinstance(reason, urllib3.exceptions.NameResolutionError):
        return "a host name that cannot be resolved"
    text = str(reason)
    return "connection refused" if "refused" in text else text.rsplit(": ", 1)[-1]


@contextmanager
def _reporting(name, progress):
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

"""A disk that is full and a folder that is not ours, for as long as a block runs."""

import contextlib
import os

import pytest

resource = pytest.importorskip("resource", reason="limits of processes are POSIX's")


@contextlib.contextmanager
def files_of_at_most(size):
    """No file grows beyond ``size`` bytes, as on a disk that is nearly full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextlib.contextmanager
def read_only(folder):
    """``folder`` takes no new files, also where the tests run as root."""
    mode, user = folder.stat().st_mode, os.geteuid()
    folder.chmod(0o555)
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        if user == 0:
            os.seteuid(user)
        folder.chmod(mode)

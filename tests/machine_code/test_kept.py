"""Where machine code is kept; ``tests/kernels/test_build.py`` has what becomes of it."""

from pathlib import Path

import pytest
from platformdirs.macos import MacOS
from platformdirs.unix import Unix

from hadamrnn import machine_code


@pytest.mark.parametrize("cache", [None, "", " ", "/somewhere/else"])
def test_the_folder_is_the_one_that_platformdirs_names(cache, monkeypatch):
    """Of which the deployment path does without, and where raw data lie too."""
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert machine_code.user_cache("darwin") == MacOS("hadamrnn").user_cache_path
    if cache is not None:
        monkeypatch.setenv("XDG_CACHE_HOME", cache)
    assert machine_code.user_cache("linux") == Unix("hadamrnn").user_cache_path


def test_the_folder_on_windows_is_the_users_local_one(monkeypatch):
    monkeypatch.setenv("LOCALAPPDATA", "/users/me/local")
    wanted = Path("/users/me/local/hadamrnn/hadamrnn/Cache")
    assert machine_code.user_cache("win32") == wanted

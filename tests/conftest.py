"""Hypothesis draws the same examples in every run and has no time limit on a busy machine.

The longest tests begin first, so that no process waits for another at the end.
"""

import pytest
from hypothesis import settings

from tests import compiling

# sitecustomize.py, of which distributions have one of their own, loaded before the tests.
collect_ignore = ["kill/hook"]
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")


@pytest.fixture(scope="session", autouse=True)
def _compiled_once(request, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        compiling.keep(compiling.shared_folder(request, tmp_path_factory) / "compiled", patch)
        yield


def pytest_collection_modifyitems(items):
    items.sort(key=_minutes, reverse=True)


def _minutes(item):
    """About how long a test takes, by its marks."""
    long, slow = item.get_closest_marker("long"), item.get_closest_marker("slow")
    return long.kwargs.get("minutes", 0.5) if long else 0.1 * bool(slow)

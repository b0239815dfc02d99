"""Hypothesis draws the same examples in every run and has no time limit on a busy machine."""

import pytest
from hypothesis import settings

from tests import compiling

settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")


@pytest.fixture(scope="session", autouse=True)
def _compiled_once(request, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if hasattr(request.config, "workerinput") else folder
    with pytest.MonkeyPatch.context() as patch:
        compiling.keep(shared / "compiled", patch)
        yield

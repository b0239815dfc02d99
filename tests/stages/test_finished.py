"""Two processes never do the same work of a clone at one time."""

import threading

import filelock
import pytest

from hadamrnn.errors import HadamrnnError
from stages import finished, signature
from tests.limits import read_only


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(signature, "of", lambda stage, benchmark: "0" * 64)
    monkeypatch.setattr(signature, "outputs", lambda stage, benchmark: [])
    return tmp_path


def test_a_stage_waits_for_one_that_a_killed_pipeline_left(folder, capsys):
    done, lock = [], filelock.FileLock(folder / "checkpoints/export-x.lock", thread_local=False)
    (folder / "checkpoints").mkdir()
    lock.acquire()
    waiting = threading.Thread(
        target=finished.or_made, args=("export", "x", lambda: done.append("mine"))
    )
    waiting.start()
    finished.or_made("export", "y", lambda: done.append("another benchmark's"))
    waiting.join(0.3)
    assert waiting.is_alive() and done == ["another benchmark's"]
    lock.release()
    waiting.join(30)
    assert done == ["another benchmark's", "mine"]
    words = "export x: waits for the process that holds checkpoints/export-x.lock\n"
    assert words in capsys.readouterr().out


def test_a_folder_without_room_for_the_lock_is_told(folder):
    folder.parent.chmod(0o755)
    words = "^checkpoints/export-x.lock: must be writable; got Permission denied$"
    with pytest.raises(HadamrnnError, match=words), read_only(folder):
        finished.or_made("export", "x", lambda: None)

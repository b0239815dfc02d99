"""Runs on this machine: a killed sweep, a killed run and a failed one."""

import os
import signal

import pytest

from tests.pipeline.clones import MARKS
from tests.sweeps.clone import Clone, until

pytestmark = MARKS


@pytest.mark.long
def test_killed_runs_and_a_killed_sweep_are_resumed(tmp_path):
    """The second command takes on the run that outlived the first, and resumes the killed one."""
    clone = Clone(tmp_path / "home")
    words = ("-S", "q=1,2", "--workers", "2")
    first = clone.start(*words)
    # Not both in epoch 2: on a busy machine one may end before the other is there.
    until(lambda: "epoch 2/3" in clone.log("-q1") and "attempt on" in clone.log("-q2"), first)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    os.killpg(clone.process("-q1"), signal.SIGKILL)
    code, output = clone.call(*words)
    assert code == 0, output
    assert "2 finished" in output and output.count(" % ") == 2
    clone.check_nothing_ran_twice()
    assert len(clone.experiments()) == 2
    before = clone.logs()
    code, output = clone.call(*words)
    assert code == 0 and "2 finished" in output and clone.logs() == before


def test_a_failed_run_ends_the_sweep_with_a_sentence(tmp_path):
    clone = Clone(tmp_path / "home")
    code, output = clone.call("-S", "device=cuda")
    *_, last = output.splitlines()
    assert code == 1
    assert last.startswith("hadamrnn: sweep: every run must finish; got 1 of 1 that did not, the")
    assert "device: " in last and last.endswith("/log.txt)")
    code, output = clone.call("-S", "device=cuda", "--status")
    assert code == 0 and "1 failed" in output

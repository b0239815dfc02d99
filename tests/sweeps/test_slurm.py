"""Runs as jobs of a real SLURM, whose daemons the test starts (nox -s slurm).

They take about a minute, so that the plain suite leaves them out.
"""

import os
import re
import signal
import subprocess

import pytest

from tests.pipeline.clones import MARKS, run
from tests.sweeps import cluster
from tests.sweeps.clone import Clone, until

WORDS = ("-S", "q=1,2,4", "--on", "slurm", "--remote", "../results.git", "--workers", "2")
WORDS += ("--processes", "2")
pytestmark = [
    *MARKS,
    pytest.mark.skipif(not os.environ.get("HADAMRNN_SLURM"), reason="nox -s slurm runs it"),
    pytest.mark.skipif(bool(cluster.missing()), reason=cluster.missing() or "-"),
]


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    with cluster.slurm(tmp_path_factory.mktemp("slurm")) as environment:
        yield environment


@pytest.fixture
def clone(slurm, tmp_path):
    run(tmp_path, "git", "init", "-q", "--bare", "results.git")
    return Clone(tmp_path / "home", **slurm)


def job(clone, word):
    """Id of the job that makes a run, for scontrol and scancel."""
    return re.findall(r"SLURM job (\d+)", clone.log(word))[-1]


def command(clone, *words):
    subprocess.run(words, env=clone.environment, check=True, capture_output=True)


def test_a_requeue_a_killed_job_and_a_killed_head(clone):
    """After each of them the same command completes, and no finished run is made again."""
    head = clone.start(*WORDS)
    until(lambda: all("epoch 2/3" in clone.log(word) for word in ("-q1", "-q2")), head)
    command(clone, "scontrol", "requeue", job(clone, "-q1"))
    command(clone, "scancel", "--signal=KILL", "--full", job(clone, "-q2"))
    os.kill(head.pid, signal.SIGKILL)
    head.communicate()
    code, output = clone.call(*WORDS)
    assert code == 0, output
    assert "3 finished" in output and output.count(" % ") == 3
    clone.check_nothing_ran_twice()
    assert clone.log("-q1").count("attempt on") == 2
    assert all("2 processes train together" in text for text in clone.logs().values())
    assert len(clone.experiments(clone.folder.parent / "results.git")) == 3
    before = clone.logs()
    code, output = clone.call(*WORDS)
    assert code == 0 and "3 finished" in output and clone.logs() == before

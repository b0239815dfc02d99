"""``hadamrnn sweep`` in a real clone: pdigits in seconds, and what its runs left."""

import os
import re
import subprocess
import sys
import time

from tests.pipeline.clones import ROOT, commit_clone

SETTINGS = {
    "benchmarks": ["pdigits"],
    "device": "cpu",
    "train": {"hidden_size": 16},
    "benchmark": {"pdigits": {"epochs": 3}},
}
COMMAND = (sys.executable, "-m", "hadamrnn.cli", "sweep", "--every", "0.5")
WAIT = 400
"""Seconds: no measure of anything, but of a machine that hangs."""


def until(holds, process=None):
    end = time.monotonic() + WAIT
    while not holds():
        assert time.monotonic() < end, "this takes too long"
        assert process is None or process.poll() is None, process.stdout.read()
        time.sleep(0.05)


class Clone:
    """A clone, and the commands in it.

    Parameters
    ----------
    folder : Path
        That is not there yet.
    """

    def __init__(self, folder, **environment):
        self.folder = folder
        folder.mkdir()
        commit_clone(folder, SETTINGS)
        own = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
        self.environment = {**os.environ, **own, **environment}
        self.environment.pop("HADAMRNN_FINISHED", None)

    def start(self, *words):
        return subprocess.Popen(
            [*COMMAND, *words],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def call(self, *words):
        """Exit status and what was printed."""
        process = self.start(*words)
        output, _ = process.communicate(timeout=WAIT)
        return process.returncode, output

    def logs(self):
        """{name of a run: all that its attempts printed}."""
        paths = self.folder.glob("sweeps/*/runs/*/log.txt")
        return {path.parent.name: path.read_text() for path in sorted(paths)}

    def log(self, word):
        """Of the run whose name has a word in it."""
        return next((text for name, text in self.logs().items() if word in name), "")

    def process(self, word):
        """Of the last attempt at a run."""
        return int(re.findall(r"attempt on .*?, process (\d+)", self.log(word))[-1])

    def experiments(self, remote="."):
        command = ["git", "-C", str(remote), "for-each-ref", "--format=%(refname:lstrip=4)"]
        done = subprocess.run(
            [*command, "refs/exps"], cwd=self.folder, capture_output=True, text=True
        )
        return sorted(name for name in done.stdout.split() if not name.startswith("EXEC"))

    def check_nothing_ran_twice(self):
        """Each run trained each epoch once, and came to its end once."""
        for name, text in self.logs().items():
            assert text.count("Ran experiment(s)") == 1, (name, text)
            assert text.count("epoch 1/3:") == 1, (name, text)

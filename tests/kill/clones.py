"""A clone before each stage of a tiny pipeline, and what the uninterrupted run makes."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.pipeline.clones import commit_clone

HOOK = Path(__file__).parent / "hook"
BENCHMARK = "pdigits"
STAGES = ("validate", "prepare", "train", "export", "evaluate")
SETTINGS = {
    "benchmarks": [BENCHMARK],
    "device": "cpu",
    "train": {"hidden_size": 16},
    "benchmark": {BENCHMARK: {"epochs": 2}},
}
TIMES = {"seconds", "seconds_per_epoch", "latency_us", "checksum", "checksums"}
"""What differs between any two runs: times, and checksums over them."""
DVC = ("dvc", "repro")
BYTECODE = (sys.executable, "-m", "compileall", "-q", "hadamrnn", "stages")
TORCHRUN = (
    *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"),
    *("-m", "stages.train", BENCHMARK),
)


def environment(clone: Path, **more: str) -> dict[str, str]:
    """In which a clone's commands run: its own code, the hook, its own kept results."""
    path = os.pathsep.join((str(HOOK), str(clone)))
    own = {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    return {**os.environ, **own, "KILL_FOLDER": str(clone), **more}


def call(clone: Path, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the clone to its end."""
    return subprocess.run(
        command,
        cwd=clone,
        env=environment(clone, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def _plain(name: str, data: bytes) -> bytes:
    """Content without times."""
    if name.startswith("results/"):
        if name.endswith(".json"):
            return json.dumps(_without_times(json.loads(data)), sort_keys=True).encode()
        if name.endswith(".csv") and b"seconds" in data.splitlines()[0]:
            rows = [line.split(",") for line in data.decode().splitlines()]
            at = rows[0].index("seconds")
            return repr([row[:at] + row[at + 1 :] for row in rows]).encode()
        if name.endswith("SHA256SUMS"):  # of metrics.json, too, which holds times
            return repr([line.split()[1:] for line in data.decode().splitlines()]).encode()
    return data


def _without_times(content: object) -> object:
    if isinstance(content, dict):
        return {key: _without_times(v) for key, v in content.items() if key not in TIMES}
    return content


def outputs(clone: Path) -> dict[str, str]:
    """{path: checksum} of everything that the stages made, times left out."""
    found = {}
    folders = ["data/shared", f"data/prepared/{BENCHMARK}"]
    folders += [f"{name}/{BENCHMARK}" for name in ("models", "exports", "results")]
    for folder in folders:
        for path in sorted((clone / folder).rglob("*")):
            if path.is_file():
                name = path.relative_to(clone).as_posix()
                found[name] = hashlib.sha256(_plain(name, path.read_bytes())).hexdigest()
    return found


class Reference:
    """The uninterrupted run, stage by stage.

    Parameters
    ----------
    work : Path
        An empty folder.
    pipeline : tuple of str
        The command that is struck.

    Attributes
    ----------
    before : dict
        {stage: the clone before it ran}; "torchrun" is the clone before train.
    wanted : dict
        Outputs at the end, by command.
    writings : dict
        {role: how many times it changes a file}.
    seconds : dict
        {role: how long it took}.
    finished : Path
        Kept results of the run.
    """

    def __init__(self, work: Path, pipeline: tuple[str, ...] = DVC) -> None:
        self.work, self.pipeline, self.before, self.wanted = work, pipeline, {}, {}
        clone = work / "clone"
        commit_clone(clone, SETTINGS)
        # For all trials: the report of recorded runs, and bytecode.
        for command in (("dvc", "repro", "report"), BYTECODE):
            done = call(clone, *command)
            assert done.returncode == 0, done.stdout
        log = work / "writings"
        self.seconds: dict[str, float] = {}
        start = time.monotonic()
        for stage in STAGES:
            self.before[stage] = self._snapshot(clone, f"before-{stage}")
            begun = time.monotonic()
            name = stage if stage == "validate" else f"{stage}@{BENCHMARK}"
            done = call(clone, "dvc", "repro", name, KILL_LOG=str(log))
            assert done.returncode == 0, done.stdout
            self.seconds[stage] = time.monotonic() - begun
        self.seconds["dvc"] = time.monotonic() - start
        self.wanted[pipeline] = outputs(clone)
        self.finished = clone / "finished"
        roles = [line.split()[0] for line in log.read_text().splitlines()]
        self.writings = {role: roles.count(role) for role in (*STAGES, "dvc")}
        self.before["dvc"] = self.before["validate"]
        self.before["torchrun"] = self.before["train"]
        together = self._snapshot(self.before["train"], "torchrun")
        begun = time.monotonic()
        done = call(together, *TORCHRUN)
        assert done.returncode == 0, done.stdout
        self.seconds["torchrun"] = time.monotonic() - begun
        self.wanted[TORCHRUN] = outputs(together)

    def _snapshot(self, clone: Path, name: str) -> Path:
        return Path(shutil.copytree(clone, self.work / name, symlinks=True))

    def clone(self, where: Path, role: str, kept: bool) -> None:
        """A clone before ``role``; with ``kept`` results of the stages after it lie there."""
        shutil.rmtree(where, ignore_errors=True)
        shutil.copytree(self.before[role], where, symlinks=True)
        later = STAGES[STAGES.index(role) + 1 :] if role in STAGES else STAGES
        if kept:
            for entry in self.finished.iterdir():
                if entry.name.split("-")[0] in later:
                    shutil.copytree(entry, where / "finished" / entry.name, dirs_exist_ok=True)

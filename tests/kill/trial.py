"""One kill: a pipeline is started, struck at a moment, started again, and compared."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.kill.clones import TORCHRUN, Reference, call, environment, outputs

SIGNALS = ("SIGKILL", "SIGTERM", "SIGINT")
ROLES = ("dvc", "train", "dvc", "prepare", "export", "dvc", "evaluate", "validate", "torchrun")
PATIENCE = 240
LEFT = re.compile(r"\.(partial\d*|old)$")


@dataclass
class Plan:
    """The moment of a kill.

    Attributes
    ----------
    role : str
        The process that is watched: dvc, a stage, or torchrun (the first worker of a training).
    event : int
        Which of its writings; 0: its start, and then ``delay`` is drawn from its whole time.
    delay : float
        Seconds after the event.
    signal, to : str
        What is sent, and to whom: group, dvc (or torchrun), stage.
    kept : bool
        Whether the results of later stages are there already, which saves time.
    """

    role: str
    event: int
    delay: float
    signal: str
    to: str
    kept: bool


def drawn(reference: Reference, draw: random.Random, number: int) -> Plan:
    """The plan of a trial: every role, signal and target in turn, the moment at random."""
    role = ROLES[number % len(ROLES)]
    watched = "train" if role == "torchrun" else role
    aimed = draw.random() < 0.7
    event = 1 + draw.randrange(reference.writings[watched]) if aimed else 0
    delay = draw.choice((0.0, draw.uniform(0, 0.05))) if aimed else 0.0
    if not aimed:
        delay = draw.uniform(0, reference.seconds[role])
    targets = ("group", "dvc") if role == "dvc" else ("group", "dvc", "stage")
    return Plan(role, event, delay, draw.choice(SIGNALS), draw.choice(targets), number % 10 > 0)


def _alive(session: int) -> list[int]:
    """Processes of a session that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def _ended(process: subprocess.Popen[bytes]) -> bool:
    """Wait for a process and all of its session; False where they do not end."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None and not _alive(process.pid):
            return True
        time.sleep(0.05)
    return False


def _leftovers(clone: Path) -> list[str]:
    folders = ("data", "models", "exports", "results", "checkpoints", "finished")
    found = (path for name in folders for path in (clone / name).rglob("*"))
    return [path.relative_to(clone).as_posix() for path in found if LEFT.search(path.name)]


def attempt(reference: Reference, plan: Plan, clone: Path) -> dict[str, object]:
    """Strike once and make whole; what happened, with "sent" False if it ended before.

    Returns
    -------
    dict
        The plan; "at", the writing; "code" of the struck command; "by", what then completed: "same
        command", or "check --mend"; "words", what was refused; "differing" and "left" files.
    """
    reference.clone(clone, "train" if plan.role == "torchrun" else plan.role, plan.kept)
    command = TORCHRUN if plan.role == "torchrun" else reference.pipeline
    mark = clone.with_name(f"{clone.name}.mark")
    for path in (mark, Path(f"{mark}.sent")):
        path.unlink(missing_ok=True)
    watched = "train" if plan.role == "torchrun" else plan.role
    moment = {**asdict(plan), "role": watched, "mark": str(mark)}
    process = subprocess.Popen(
        command,
        cwd=clone,
        env=environment(clone, KILL_PLAN=json.dumps(moment)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        code = process.wait(PATIENCE)
        record: dict[str, object] = {
            **asdict(plan),
            "at": mark.read_text() if mark.exists() else "",
            "sent": Path(f"{mark}.sent").exists(),
            "code": code,
        }
        record |= _made_whole(reference, command, clone, process)
    finally:
        for pid in _alive(process.pid):
            os.kill(pid, signal.SIGKILL)
    return record


def _made_whole(
    reference: Reference, command: tuple[str, ...], clone: Path, process: subprocess.Popen[bytes]
) -> dict[str, object]:
    """The same command at once, and if it is refused, after the check has mended."""
    by, refused = "same command", ""
    done = call(clone, *command)
    ended = _ended(process)
    if done.returncode:
        refused = done.stdout[-1500:]
        check = call(clone, sys.executable, "-m", "hadamrnn.cli", "check", "--files", "--mend")
        done = call(clone, *command)
        by = "check --mend" if done.returncode == 0 else "nothing"
        if by == "nothing":
            refused += check.stdout[-1500:] + done.stdout[-1500:]
    found, wanted = outputs(clone), reference.wanted[command]
    differing = sorted(k for k in {*found, *wanted} if found.get(k) != wanted.get(k))
    good = ended and by != "nothing" and not differing
    left = _leftovers(clone)
    return {"by": by, "words": refused, "differing": differing, "left": left, "good": good}

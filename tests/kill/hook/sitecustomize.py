"""Put on PYTHONPATH by the kill harness: sends one signal when a process is about to write.

KILL_LOG names a file to which every writing is added ("role path"), KILL_PLAN the moment: JSON with
"role" (dvc, or the stage's name), "event" (its how-manieth writing; 0: its start), "delay" in
seconds after it, "signal", "to" (group, dvc, stage), and "mark", a file that is made so that
one process fires once.
"""

import json
import os
import signal
import sys
import threading
import time

HERE = os.environ.get("KILL_FOLDER", "")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
EVENTS = ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir")


def role():
    """dvc, or the name of the stage that this process runs; empty for others."""
    words = sys.orig_argv
    if any(os.path.basename(word) == "dvc" for word in words[:3]):
        return "dvc"
    stages = [word for word in words if word.startswith("stages.")]
    launcher = "torch.distributed.run" in words or any(w.endswith("torchrun") for w in words)
    return stages[0].removeprefix("stages.") if stages and not launcher else ""


def writes(event, arguments):
    """Whether an audited event is about to change a file of the clone."""
    if event not in EVENTS or not isinstance(arguments[0], str | bytes):
        return False
    path = os.path.abspath(os.fsdecode(arguments[0]))
    if not path.startswith(HERE) or "__pycache__" in path:
        return False
    return event != "open" or bool((arguments[2] or 0) & WRITING)


def install():
    """Watch this process."""
    me, log, count = role(), os.environ.get("KILL_LOG"), 0
    plan = json.loads(os.environ.get("KILL_PLAN", "null"))
    aimed = bool(plan) and plan["role"] == me

    def fire(what):
        nonlocal aimed
        aimed = False
        try:
            mark = os.open(plan["mark"], os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except FileExistsError:
            return
        os.write(mark, what.encode())
        os.close(mark)
        if plan["delay"]:
            threading.Thread(target=strike, daemon=True).start()
        else:
            strike()

    def strike():
        time.sleep(plan["delay"])
        number = getattr(signal, plan["signal"])
        open(plan["mark"] + ".sent", "x").close()
        if plan["to"] == "group":
            os.killpg(os.getpgid(0), number)
        else:
            os.kill(os.getsid(0) if plan["to"] == "dvc" else os.getpid(), number)

    def hook(event, arguments):
        nonlocal count
        if not writes(event, arguments):
            return
        count += 1
        path = os.path.relpath(os.fsdecode(arguments[0]), HERE)
        if log:
            line = f"{me} {event} {path}\n".encode()
            file = os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
            os.write(file, line)
            os.close(file)
        if aimed and count == plan["event"]:
            fire(f"{event} {path}")

    if me:
        if aimed and plan["event"] == 0:
            fire("start")
        if aimed or log:
            sys.addaudithook(hook)


if HERE:
    install()

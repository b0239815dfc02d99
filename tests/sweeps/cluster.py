"""A real SLURM on this machine: munge, a controller, and two nodes on the loopback address."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol", "scancel")
NODES = ("n1", "n2")
# A requeued job waits until its credential has expired (cred_expire, else two minutes).
CONFIGURATION = """\
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={munge}/munge.socket,cred_expire=20
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
KillWait=2
MinJobAge=10
SchedulerParameters=sched_interval=1,batch_sched_delay=0
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=2
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=2
PartitionName=tests Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
"""


def missing():
    """Why there can be no SLURM here; empty where there can."""
    absent = [name for name in PROGRAMS if not shutil.which(name)]
    if absent:
        return f"needs {', '.join(absent)} (nox -s slurm installs them on Debian)"
    return "" if os.geteuid() == 0 else "needs root, which starts the daemons"


def _ports(count):
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _until(holds, words, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, words
        time.sleep(0.2)


@contextlib.contextmanager
def slurm(folder):
    """Start the daemons; their environment variables, for all commands of SLURM."""
    host = socket.gethostname().split(".")[0]
    munge, daemons = folder / "munge", []
    for name in ("state", "spool-n1", "spool-n2", "munge"):
        (folder / name).mkdir(parents=True)
    text = CONFIGURATION.format(host=host, folder=folder, munge=munge, ports=_ports(3))
    (folder / "slurm.conf").write_text(text)
    (folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
    environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf")}
    (munge / "key").write_bytes(os.urandom(1024))
    (munge / "key").chmod(0o400)
    munge.chmod(0o755)
    own = [f"--{k}={munge}/{v}" for k, v in (("key-file", "key"), ("socket", "munge.socket"))]
    own += [f"--{k}-file={munge}/munge.{k}" for k in ("log", "pid", "seed")]

    def start(*words):
        with (folder / f"{Path(words[0]).name}.out").open("ab") as out:
            given = {"stdout": out, "stderr": subprocess.STDOUT, "env": environment}
            daemons.append(subprocess.Popen(words, **given))

    try:
        start("munged", "--foreground", "--force", *own)
        _until((munge / "munge.socket").exists, "munged does not answer")
        start("slurmctld", "-D")
        for node in NODES:
            start("slurmd", "-D", "-N", node)

        def idle():
            command = ["sinfo", "--noheader", "--Node", "--format=%T"]
            done = subprocess.run(command, capture_output=True, text=True, env=environment)
            return done.stdout.split() == ["idle"] * len(NODES)

        _until(idle, f"the nodes of SLURM do not become idle: see {folder}")
        yield environment
    finally:
        subprocess.run(
            ["scancel", "--signal=KILL", "--full", "--user=root"],
            env=environment,
            capture_output=True,
        )
        _emptied(folder)
        for daemon in reversed(daemons):
            daemon.terminate()
        for daemon in daemons:
            with contextlib.suppress(subprocess.TimeoutExpired):
                daemon.wait(3)
            daemon.kill()
            daemon.wait()


def _emptied(folder, seconds=20):
    """Wait for the last jobs: the process of a step hangs where no daemon hears of its end."""
    end = time.monotonic() + seconds
    while any(path.is_socket() for path in folder.glob("spool-*/*_*.*")):
        if time.monotonic() > end:
            return
        time.sleep(0.2)

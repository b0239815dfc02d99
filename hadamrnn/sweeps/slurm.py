"""Runs as jobs of SLURM: one job array, by submitit, which also puts jobs back at a limit.

submitit writes the batch script and calls ``job.Attempt`` on the node; what becomes of a job is
read from squeue, as accounting (sacct) is not everywhere.
"""

import getpass
import os
import shlex
import subprocess
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from hadamrnn import files
from hadamrnn.errors import HadamrnnError
from hadamrnn.sweeps import folders
from hadamrnn.sweeps.folders import Sweep
from hadamrnn.sweeps.job import Attempt
from hadamrnn.sweeps.runs import Run

ARRAY = 1000
"""Jobs of one array: SLURM's default for the most (MaxArraySize) is one more."""
REQUEUES = 10
"""How often submitit puts a job back that came to its time limit."""
WAITING = ("PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT", "RESV_DEL_HOLD")


class Slurm:
    """Submits runs to SLURM.

    Parameters
    ----------
    sweep : Sweep
        What they have in common; its folder is seen by all nodes.
    workers : int, optional
        How many run at a time; as many as SLURM lets where None.
    minutes : int
        Time limit of a job.
    options : mapping of str to str
        Further long options of sbatch.
    setup : sequence of str
        Shell commands before a job, as ``module load``.

    Attributes
    ----------
    patience : int
        As of ``Local``: shared file systems may show an end late.
    """

    patience = 2

    def __init__(
        self,
        sweep: Sweep,
        workers: int | None,
        minutes: int,
        options: Mapping[str, str],
        setup: Sequence[str],
    ) -> None:
        self.sweep = sweep
        self.workers = workers
        self.minutes = minutes
        self.options = {key.lstrip("-").replace("-", "_"): v for key, v in options.items()}
        self.setup = list(setup)
        self.last: dict[str, tuple[str, str]] = {}

    def active(self) -> dict[str, tuple[str, str]]:
        """Kind and place of the runs that SLURM has; as last seen while it does not answer."""
        command = ["squeue", "--noheader", "--array", "--user", getpass.getuser()]
        command += ["--format", "%i|%T|%N|%r"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            raise HadamrnnError(f"--on slurm: needs the commands of SLURM; got {error}") from None
        if done.returncode:
            return self.last
        jobs = {}
        for line in done.stdout.splitlines():
            job, kind, node, reason = line.split("|", 3)
            waits = kind in WAITING
            jobs[job] = (
                "queued" if waits else "running",
                f"job {job}, {reason if waits else node}",
            )
        self.last = {}
        for path in (self.sweep.folder / "runs").glob("*/job.json"):
            record = folders.read(path) or {}
            if record.get("id") in jobs:
                self.last[path.parent.name] = jobs[record["id"]]
        return self.last

    def begin(self, chosen: Sequence[Run], running: int) -> list[str]:
        """Submit all runs that are to be made.

        Parameters
        ----------
        chosen : sequence of Run
            The runs.
        running : int
            Of no use here: SLURM counts for itself.

        Returns
        -------
        list of str
            Their names.
        """
        for start in range(0, len(chosen), ARRAY):
            self._submit(chosen[start : start + ARRAY])
        return [run.name for run in chosen]

    def _submit(self, chosen: Sequence[Run]) -> None:
        try:
            import submitit
        except ImportError as error:
            raise HadamrnnError(
                f"--on slurm: needs submitit, run pip install 'hadamrnn[slurm]'; got {error}"
            ) from None
        attempts = [Attempt(self.sweep.of(run)) for run in chosen]
        cores = self.options.get("cpus_per_task", str(self.sweep.processes))
        try:
            executor = submitit.SlurmExecutor(
                self.sweep.folder / "slurm" / "%j", max_num_timeout=REQUEUES
            )
            executor.update_parameters(
                job_name=f"sweep-{self.sweep.commit[:7]}",
                time=self.minutes,
                array_parallelism=self.workers or len(chosen),
                setup=[*self.setup, f"export PYTHONPATH={_package()}"],
                srun_args=[f"--cpus-per-task={cores}"],  # which sbatch no longer hands on
                additional_parameters={"cpus_per_task": cores, **self.options},
                stderr_to_stdout=True,
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about the absence of sacct
                with executor.batch():
                    jobs = [executor.submit(attempt) for attempt in attempts]
        except (RuntimeError, submitit.core.utils.FailedJobError) as error:
            told = (str(error).strip() or repr(error)).splitlines()[-1]
            raise HadamrnnError(f"--on slurm: SLURM must take the jobs; got {told}") from None
        for attempt, job in zip(attempts, jobs, strict=True):
            log = str(job.paths.stdout)
            files.write_json(attempt.folder / "job.json", {"id": job.job_id, "log": log})

    def log(self, name: str) -> Path:
        """What a run's job said outside of the run's own log.

        Parameters
        ----------
        name : str
            Of the run.

        Returns
        -------
        Path
        """
        job = folders.read(self.sweep.folder / "runs" / name / "job.json") or {}
        return Path(job.get("log", self.sweep.folder / "slurm"))

    def stop(self) -> str:
        """Leave the jobs where they are.

        Returns
        -------
        str
            What becomes of them.
        """
        return "jobs go on without this command, which shows them again; scancel ends them"


def _package() -> str:
    """PYTHONPATH of a job, quoted: this package first, also where it is not installed."""
    own = str(Path(__file__).parents[2])
    return shlex.quote(os.pathsep.join([own, *filter(None, [os.environ.get("PYTHONPATH")])]))

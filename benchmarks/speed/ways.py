"""Training steps in every way in which a machine's threads can work for a contender.

A thousand small products are fastest with one thread or with threads that spin between them; our
own kernels share the cores better with threads that sleep. How torch's threads wait is decided when
torch is loaded, so every policy has a process of its own, which answers one question a line.

    python -m benchmarks.speed.ways  {"shape": {...}, "contender": "lstm", "threads": 1} -> seconds
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict

from benchmarks.speed.training_step import Shape
from hadamrnn.errors import HadamrnnError

POLICY = "OMP_WAIT_POLICY"
WAYS = {
    "one thread": ("PASSIVE", 1),
    "all threads, sleeping": ("PASSIVE", None),
    "all threads, spinning": (None, None),
}
"""Name: the policy, torch's own where None; and the number of threads, that of cores where None."""


class Worker:
    """A process that makes training steps while its threads wait as ``policy`` says."""

    def __init__(self, policy):
        environment = {key: value for key, value in os.environ.items() if key != POLICY}
        if policy is not None:
            environment[POLICY] = policy
        else:  # libgomp's own count, said so that our kernels leave it as it is
            environment.setdefault("GOMP_SPINCOUNT", "300000")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.speed.ways"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def step(self, shape: Shape, contender: str, threads: int | None) -> float:
        """Seconds of one step on ``threads`` threads, all cores where None."""
        question = {"shape": asdict(shape), "contender": contender, "threads": threads}
        with contextlib.suppress(BrokenPipeError):  # then there is no answer either
            self.process.stdin.write(json.dumps(question) + "\n")
            self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise HadamrnnError(
                f"{contender}: its process must answer with seconds; it ended with status "
                f"{self.process.wait()}"
            )
        return json.loads(answer)

    def close(self) -> None:
        self.process.communicate()


@contextlib.contextmanager
def steppers() -> Iterator[dict[str, Callable]]:
    """{name of WAYS: function (shape, contender) -> seconds of one step}, while in use."""
    policies = {policy for policy, _ in WAYS.values()}
    with contextlib.ExitStack() as stack:
        workers = {policy: Worker(policy) for policy in policies}
        for worker in workers.values():
            stack.callback(worker.close)

        def stepper(policy: str | None, threads: int | None) -> Callable:
            return lambda shape, contender: workers[policy].step(shape, contender, threads)

        yield {name: stepper(*way) for name, way in WAYS.items()}


def _answer_questions():
    """One step for each line of standard input; models are kept as long as the shape stays."""
    import torch

    from benchmarks.speed.training_step import Shape, batch_of, build, training_step

    every, current, steps = torch.get_num_threads(), None, {}
    for line in sys.stdin:
        question = json.loads(line)
        shape, contender = Shape(**question["shape"]), question["contender"]
        if shape != current:
            current, steps = shape, {}
        if contender not in steps:
            steps[contender] = training_step(build(contender, shape), *batch_of(shape, contender))
        wanted = question["threads"] or every
        if torch.get_num_threads() != wanted:
            torch.set_num_threads(wanted)
        print(json.dumps(steps[contender]()), flush=True)


if __name__ == "__main__":
    _answer_questions()

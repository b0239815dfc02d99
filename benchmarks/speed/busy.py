"""A user's training step beside busy processes: default settings against sleeping threads.

    python -m benchmarks.speed.busy [--rounds 7] [--seconds 4] [--quiet]

One endless process a processor runs beside (none with --quiet). In every round a process with
torch's defaults and one with OMP_WAIT_POLICY=PASSIVE make steps for some seconds each, in turns;
the ratio of a round is that of their median steps. On such a machine only ratios mean something.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from hadamrnn import HadamRNN

POLICY = "OMP_WAIT_POLICY"
BUSY = "while True: pass"
WARM_UP = 5
"""Steps that are not timed."""


def pmnist() -> tuple[nn.Module, Callable[[], Tensor], Tensor]:
    """(model, logits, labels) of 100 sequences of 784 pixels, a fifth of them not zero."""
    rnn, head = HadamRNN(1, 512), nn.Linear(512, 10)
    x = torch.rand(100, 784, 1)
    x = x * (torch.rand_like(x) < 0.2)
    logits = lambda: head(rnn.last_state(x).relu())  # noqa: E731
    return nn.ModuleList((rnn, head)), logits, torch.randint(10, (100,))


def har2() -> tuple[nn.Module, Callable[[], Tensor], Tensor]:
    """(model, logits, labels) of 64 windows of 128 steps and 9 channels."""
    rnn, head = HadamRNN(9, 128), nn.Linear(128, 6)
    x = torch.randn(64, 128, 9)
    return nn.ModuleList((rnn, head)), lambda: head(rnn.mean_state(x)), torch.randint(6, (64,))


TASKS = {"pmnist": pmnist, "har2": har2}


def median_step(task: str, seconds: float) -> float:
    """Median seconds of a step in this process: forward, loss, backward, Adam."""
    torch.manual_seed(0)
    model, logits, labels = TASKS[task]()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    times: list[float] = []
    end = float("inf")
    while time.perf_counter() < end or len(times) <= WARM_UP:
        start = time.perf_counter()
        loss = nn.functional.cross_entropy(logits(), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        times.append(time.perf_counter() - start)
        if len(times) == WARM_UP:
            end = time.perf_counter() + seconds
    return statistics.median(times[WARM_UP:])


def in_process(task: str, seconds: float, policy: str | None) -> float:
    """``median_step`` in a new process whose waiting threads do as ``policy`` says."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OMP_")}
    if policy is not None:
        environment[POLICY] = policy
    command = [sys.executable, "-m", "benchmarks.speed.busy", "--task", task]
    command += ["--seconds", str(seconds)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return float(json.loads(done.stdout))


def main() -> None:
    """The command: a line a round, and the median ratio of each task."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--quiet", action="store_true", help="nothing else runs")
    parser.add_argument("--task", choices=TASKS, help="one median step in this process, as JSON")
    options = parser.parse_args()
    if options.task:
        print(median_step(options.task, options.seconds))
        return
    count = 0 if options.quiet else os.cpu_count() or 1
    others = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(count)]
    try:
        for task in TASKS:
            ratios = []
            for _ in range(options.rounds):
                default, passive = (
                    in_process(task, options.seconds, policy) for policy in (None, "PASSIVE")
                )
                ratios.append(default / passive)
                print(f"{task}: default {1e3 * default:.2f} ms, passive {1e3 * passive:.2f} ms")
            print(
                f"{task}: median ratio {statistics.median(ratios):.2f} of {options.rounds} rounds"
            )
    finally:
        for other in others:
            other.kill()


if __name__ == "__main__":
    main()

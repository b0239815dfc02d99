"""Threads share the work of a kernel: every tile once, errors told, the same numbers."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch

from hadamrnn.kernels import products, threads
from hadamrnn.kernels.threads import idle_teams, in_threads
from hadamrnn.recurrence import krylov
from tests.recurrence.cases import (
    Case,
    relative_errors,
    run,
    values_and_gradients,
)


def test_results_do_not_depend_on_the_number_of_threads(monkeypatch):
    for module in (krylov, products):
        monkeypatch.setattr(module, "LITTLE", 0)
    cases = [(Case(64, 1, 60, 70, 3), "krylov"), (Case(32, 4, 80, 70, 3, mode="mean"), "scan")]
    alone = [values_and_gradients(*case) for case in cases]
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        together = [values_and_gradients(*case) for case in cases]
    finally:
        torch.set_num_threads(before)
    for own, others in zip(alone, together, strict=True):
        assert max(relative_errors(others, own).values()) < 1e-14


@pytest.mark.parametrize(("steps", "shared"), [(60, False), (1000, True)])
def test_little_work_wakes_no_thread(steps, shared, monkeypatch):
    """The powers of two vectors of 512 numbers, and a product with 5 rows of so many numbers."""
    woken = []
    pool = threads._pool

    def waking():
        woken.append(True)
        return pool()

    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    monkeypatch.setattr(threads, "_pool", waking)
    case = Case(512, 1, steps, 5, 1)
    arguments = {n: a if a is None else a.detach() for n, a in case.arguments().items()}
    arguments["inputs"][:, ::2] = 0  # so many that the product passes over them
    run(case, arguments, "krylov")
    assert bool(woken) == shared


@pytest.mark.parametrize("tiles", [0, 1, 2, 3, 7])
def test_threads_share_every_tile_once(tiles, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    seen = np.zeros(tiles)
    in_threads(
        lambda first, stop, array: np.add(array[first:stop], 1, array[first:stop]), tiles, seen
    )
    assert seen.tolist() == [1] * tiles


def test_an_error_in_a_thread_reaches_the_caller(monkeypatch):
    def last_one_fails(first, stop):
        if stop == 3:
            raise ValueError("of the last tile")

    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    with pytest.raises(ValueError, match="of the last tile"):
        in_threads(last_one_fails, 3)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_threads_work_in_a_forked_process():
    program = """
import os, signal, torch
from hadamrnn.kernels.threads import idle_teams, in_threads
torch.set_num_threads(2)
in_threads(lambda first, stop: None, 2)
child = os.fork()
if child == 0:
    signal.alarm(20)
    in_threads(lambda first, stop: None, 2)
    os._exit(0)
raise SystemExit(os.waitpid(child, 0)[1])
"""
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", program]).returncode == 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_two_threads_at_once(dtype):
    cases = [Case(64, 1, 60, 40, 3), Case(32, 4, 80, 40, 3, mode="mean")]
    backends, rounds = ("krylov", "scan"), 15
    alone = [values_and_gradients(*each, dtype=dtype) for each in zip(cases, backends, strict=True)]
    wrong, start = [], threading.Barrier(2)

    def work(index):
        start.wait()
        for _ in range(rounds):
            results = values_and_gradients(cases[index], backends[index], dtype=dtype)
            wrong.extend(n for n in results if not torch.equal(results[n], alone[index][n]))

    threads = [threading.Thread(target=work, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    assert wrong == []


@pytest.mark.parametrize("processors", [1, 2, 3, 4, 8, 12, 64, 128])
@pytest.mark.parametrize("share", [1, 2])
def test_idle_teams_outnumber_the_processors(processors, share):
    """torch uses as many threads as there are processors, or half of that many, one a core."""
    threads = max(1, processors // share)
    teams = idle_teams(threads, processors)
    managed = 1 + (threads - 1) * (1 + teams)
    if threads > 3 or share == 1 < threads:
        assert managed > processors
        assert managed - (threads - 1) <= processors


@pytest.mark.parametrize("variable", [None, "OMP_WAIT_POLICY", "GOMP_SPINCOUNT"])
def test_waiting_is_left_to_who_sets_a_variable(variable):
    program = """
import os, threading, torch
from hadamrnn.kernels import threads
torch.set_num_threads(2)
threads._processors = lambda: 2
for _ in range(2):
    threads.in_threads(lambda first, stop: None, 1)
print(sum(thread.name == "hadamrnn-idle" for thread in threading.enumerate()))
"""
    environment = {name: os.environ[name] for name in os.environ if "OMP" not in name}
    if variable:
        environment[variable] = "100" if variable == "GOMP_SPINCOUNT" else "ACTIVE"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.stdout == ("0\n" if variable else "1\n"), done.stderr

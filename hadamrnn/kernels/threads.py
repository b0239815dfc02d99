"""A kernel's range of tiles shared among threads: as many as torch uses.

Every tile writes its own places, so the result does not depend on the number of threads.

torch's threads of OpenMP wait for their next work by spinning, for milliseconds, on the processors
that these threads need; and where other programs run, who spins is no longer served at once when
there is work. libgomp spins 3,000 times shorter if it manages more threads than the machine has
processors (GOMP_SPINCOUNT in its manual). So the first kernel starts idle teams of OpenMP threads
until it does. No number of threads changes, and who sets OMP_WAIT_POLICY or GOMP_SPINCOUNT decides
alone.
"""

import functools
import itertools
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch

GRAIN = 32768
"""Numbers of a tensor for each of torch's threads (at::internal::GRAIN_SIZE)."""

MOST_TEAMS = 3
"""Idle teams at most: where torch uses few of many processors, its threads are in nobody's way."""

_pools: dict[int, ThreadPoolExecutor] = {}  # by process: threads do not survive a fork


def _pool() -> ThreadPoolExecutor:
    if os.getpid() not in _pools:
        _pools.clear()
        _pools[os.getpid()] = ThreadPoolExecutor(os.cpu_count(), "hadamrnn")
    return _pools[os.getpid()]


def idle_teams(threads: int, processors: int) -> int:
    """Teams of ``threads`` that make more threads than ``processors``, with torch's own.

    libgomp counts the threads of a team without its master, and one for the program.

    Examples
    --------
    >>> [idle_teams(threads, 16) for threads in (1, 2, 8, 16)]
    [0, 0, 2, 1]
    """
    if threads < 2:
        return 0
    teams = -(-processors // (threads - 1)) - 1
    return teams if teams <= MOST_TEAMS else 0


def _processors() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@functools.cache
def _let_waiting_threads_sleep(threads: int) -> None:
    """Start the idle teams that ``threads`` of torch need; they last as long as the program."""
    if "OMP_WAIT_POLICY" in os.environ or "GOMP_SPINCOUNT" in os.environ:
        return

    def be_a_team(started: threading.Event) -> None:
        torch.zeros(threads * GRAIN, dtype=torch.float32, device="cpu").relu_()
        started.set()
        threading.Event().wait()

    for _ in range(idle_teams(threads, _processors())):
        started = threading.Event()
        name = "hadamrnn-idle"
        threading.Thread(target=be_a_team, args=(started,), name=name, daemon=True).start()
        started.wait()


def in_threads(
    kernel: Callable[..., Any], count: int, *arguments: Any, alone: bool = False
) -> None:
    """``kernel(first, stop, *arguments)`` over 0 .. count - 1, in one range a thread.

    Parameters
    ----------
    kernel : callable
        Compiled, without Python's lock.
    count : int
        Tiles.
    *arguments
        Of the kernel.
    alone : bool
        In the caller's thread: where there is so little work that it is done before others wake.

    Raises
    ------
    Exception
        The error of any range.
    """
    threads = torch.get_num_threads()
    _let_waiting_threads_sleep(threads)
    if alone or threads == 1:
        kernel(0, count, *arguments)
        return
    shares = max(1, min(threads, count))
    bounds = [count * share // shares for share in range(shares + 1)]
    ranges = list(itertools.pairwise(bounds))
    others = [_pool().submit(kernel, *range_, *arguments) for range_ in ranges[1:]]
    kernel(*ranges[0], *arguments)
    for other in others:
        other.result()

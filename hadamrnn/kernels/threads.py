"""A kernel's range of tiles shared among threads: as many as torch uses.

Every tile writes its own places, so the result does not depend on the number of threads.
"""

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch

_pools: dict[int, ThreadPoolExecutor] = {}  # by process: threads do not survive a fork


def _pool() -> ThreadPoolExecutor:
    if os.getpid() not in _pools:
        _pools.clear()
        _pools[os.getpid()] = ThreadPoolExecutor(os.cpu_count(), "hadamrnn")
    return _pools[os.getpid()]


def in_threads(kernel: Callable[..., Any], count: int, *arguments: Any) -> None:
    """``kernel(first, stop, *arguments)`` over 0 .. count - 1, in one range a thread.

    Parameters
    ----------
    kernel : callable
        Compiled, without Python's lock.
    count : int
        Tiles.
    *arguments
        Of the kernel.

    Raises
    ------
    Exception
        The error of any range.
    """
    shares = max(1, min(torch.get_num_threads(), count))
    bounds = [count * share // shares for share in range(shares + 1)]
    ranges = list(itertools.pairwise(bounds))
    others = [_pool().submit(kernel, *range_, *arguments) for range_ in ranges[1:]]
    kernel(*ranges[0], *arguments)
    for other in others:
        other.result()

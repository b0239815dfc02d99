"""A training run in several processes that the stage itself starts, by torchrun's own launcher.

HADAMRNN_PROCESSES asks for them, so that ``dvc repro``, ``dvc exp run`` and ``hadamrnn sweep`` can.
"""

import logging
import os
import signal
import sys
import uuid
from collections.abc import Mapping, Sequence

from hadamrnn.errors import HadamrnnError

ASKED = "HADAMRNN_PROCESSES"
RESUMES = "the same command resumes it after its last finished epoch"


def asked() -> int:
    """How many processes are to be started.

    Returns
    -------
    int
        1 where this one is to train alone, or is one of several.

    Raises
    ------
    HadamrnnError
        For what is no number of processes.
    """
    text = os.environ.get(ASKED) or "1"
    if not text.isdecimal() or int(text) < 1:
        raise HadamrnnError(f"{ASKED}: must be a number of processes; got {text!r}")
    return 1 if "WORLD_SIZE" in os.environ else int(text)


def together(count: int, words: Sequence[str]) -> None:
    """Run a program in several processes that train together.

    Parameters
    ----------
    count : int
        How many.
    words : sequence of str
        Arguments of Python: the program, and its own.

    Raises
    ------
    HadamrnnError
        Where one was killed.
    """
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    # As torchrun does, but with the cores shared out.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // count)))
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)
    config = LaunchConfig(
        run_id=uuid.uuid4().hex,
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=count,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=0,
    )
    try:
        elastic_launch(config, sys.executable)(*words)
    except ChildFailedError as error:
        codes = {number: failure.exitcode for number, failure in error.failures.items()}
        number, code = first(codes)
        if code > 0:  # it has said why
            sys.exit(code)
        raise HadamrnnError(
            f"training: must keep all of its {count} processes; got number {number} killed by "
            f"{signal.Signals(-code).name}, {RESUMES}"
        ) from None


def first(codes: Mapping[int, int]) -> tuple[int, int]:
    """The process that ended before the others did.

    Parameters
    ----------
    codes : mapping of int to int
        Exit codes of those that failed, by their numbers. One that lost another ends with 1, and
        then the launcher ends the rest by SIGTERM.

    Returns
    -------
    number, code : int

    Examples
    --------
    >>> first({0: 1, 1: -9}), first({0: -15, 1: 1})
    ((1, -9), (1, 1))
    """
    order = sorted(codes.items(), key=lambda item: (item[1] == -signal.SIGTERM, item[1]))
    return order[0]

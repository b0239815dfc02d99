"""Lengths of chunks for the forms of matrix products, and what they cost beside the step loop.

Costs are in multiply-adds, on every device by the same numbers: what is decided does not depend on
where it runs, and near the best length the cost changes little.
"""

import math

from hadamrnn.recurrence.cost import Work

LAUNCH = 1e7
"""Multiply-adds that an operation costs before it does any, about those of half a microsecond on a
large GPU: less than a launch takes there, since launches are queued while others run."""

NUMBER = 50.0
"""Multiply-adds in the time in which one number is read and written."""

FEW_CHUNKS = 8
"""Up to so many chunks, joining them one after another takes no more operations than by halves."""

TRACED_BATCH = 64
"""Sequences that are assumed where torch traces: a graph must not depend on how many came."""

FADED = 16
"""f^L of a chunk is at least 2^-FADED: so far apart are the factors in a rotating frame."""


def powers_cost(work: Work, length: int) -> float:
    """Multiply-adds of form ``powers`` in chunks of ``length`` steps; ``work``: see there.

    ``work.input_size`` counts the rows of K: features, and one for the bias.
    """
    size = work.hidden_size * work.block_size
    chunks = math.ceil(work.steps / length)
    rounds, doublings = math.ceil(math.log2(chunks)), math.log2(length)
    joining = chunks * LAUNCH
    if chunks > FEW_CHUNKS:
        joining = rounds * (3 * LAUNCH + size * work.block_size)
    numbers = work.batch * chunks + length * work.input_size
    products = numbers * size + work.batch * work.steps * work.input_size * work.hidden_size
    return products + joining + doublings * (3 * LAUNCH + size * work.block_size)


def powers_chunk(work: Work) -> int:
    """The power of two that costs ``powers`` least.

    Examples
    --------
    >>> powers_chunk(Work(hidden_size=512, block_size=512, input_size=2, steps=784, batch=100))
    128
    """
    costs = [powers_cost(work, 2**n) for n in range(work.steps.bit_length())]
    return 1 << costs.index(min(costs))


def frame_cost(work: Work, length: int) -> float:
    """Multiply-adds of form ``frame`` in chunks of ``length`` steps."""
    size, numbers = work.hidden_size * work.block_size, work.batch * work.steps * work.hidden_size
    chunks = math.ceil(work.steps / length)
    tables = length * size * (work.block_size + work.input_size)
    carried = chunks * (work.batch * size + LAUNCH)
    products = numbers * (work.block_size + work.input_size)
    return products + tables + carried + 10 * NUMBER * numbers + 20 * LAUNCH


def frame_chunk(work: Work, fade: int | None, numbers: float = math.inf) -> int:
    """Steps of a chunk for form ``frame``, about those that cost it least, in chunks of one length.

    Parameters
    ----------
    work : Work
        What is asked of the recurrence.
    fade : int or None
        k of f = 1 - 2^-k: f^L stays above 2^-FADED.
    numbers : float
        Most of them in the states of a chunk and in the powers of W.

    Examples
    --------
    >>> frame_chunk(Work(128, 128, 10, 1000, 128), None), frame_chunk(Work(8, 8, 1, 99, 2), 1)
    (72, 15)
    """
    size = work.hidden_size * work.block_size
    carried = work.steps * (work.batch * size + LAUNCH)
    best = math.sqrt(carried / (size * (work.block_size + work.input_size)))
    fitting = numbers / (work.hidden_size * max(1, work.batch, work.block_size))
    most = int(max(1, min(work.steps, round(best), fitting)))
    if fade is not None:
        most = min(most, max(1, int(FADED / -math.log2(1 - 2.0**-fade))))
    return math.ceil(work.steps / math.ceil(work.steps / most))


def reference_cost(work: Work) -> float:
    """Multiply-adds of the step loop."""
    numbers, operations = work.batch * work.steps * work.hidden_size, 3 * work.levels + 2
    return work.steps * operations * LAUNCH + numbers * (work.levels + 1) * 2 * NUMBER


def cheapest(work: Work, last: bool) -> str:
    """The form of plain torch operations with the least cost.

    Parameters
    ----------
    work : Work
        What is asked of the recurrence.
    last : bool
        Whether that is the last state alone.

    Returns
    -------
    str
        "powers", "frame" or "reference".

    Examples
    --------
    >>> cheapest(Work(512, 512, 1, 784, 100), last=True)
    'powers'
    >>> cheapest(Work(128, 128, 10, 1000, 128), last=False)
    'frame'
    """
    form = "powers" if last else "frame"
    if last:
        cost = powers_cost(work, powers_chunk(work)) + 20 * LAUNCH
    else:
        cost = frame_cost(work, frame_chunk(work, None))
    return form if cost <= reference_cost(work) else "reference"

"""What a training step of the recurrence costs in each form on a CPU, from measured constants.

A form's time is a sum of counts (of additions, products, steps, calls) times one constant each.
The constants are nanoseconds on one AVX-512 core in float32, fitted with signs held to the steps
that ``python -m benchmarks.speed.dispatch_grid`` measured; results/studies/dispatch_avx512.csv
holds them and what the choice costs beside the best form. On another machine all constants change
together more than they change apart, so the choice stays near the best: on one with AVX2, where
times are a fifth to a third longer (of the reference twice), it costs at most 1.3 times the best
(dispatch_avx2.csv).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

IN_SCAN = 48
"""Most inputs a step whose product with U the scan makes itself: above, U no longer fits beside a
tile's state in the first-level cache, and a matrix product forms U x_t + b before the scan.
Estimated, not measured."""

TILE = 16
"""Sequences that a tile of the scan holds, and numbers that a row of the Krylov form does, on the
machine of the constants: half of it where vectors have 256 bits."""

NANOSECONDS: dict[str, tuple[float, ...]] = {
    "krylov": (318e3, 76.1, 0.459, 0.06, 0.284, 0.0598),
    "scan": (336e3, 379.0, 9.97, 1.46, 1.12, 6.3, 0.0506),
    "reference": (0.0, 188e3, 19.2e3, 3.85),
}
"""The constants that belong to the counts of ``counts``, in their order."""


@dataclass(frozen=True)
class Work:
    """What is asked of the recurrence; the read-out costs the same in all forms and is left out.

    Parameters
    ----------
    hidden_size, block_size : int
        d and m.
    input_size : int
        d_in, or how many symbols there are.
    steps, batch : int
        Time steps and sequences.
    symbols : bool
        Whether inputs are ids.
    threads : int
        Threads that share the work.
    """

    hidden_size: int
    block_size: int
    input_size: int
    steps: int
    batch: int
    symbols: bool = False
    threads: int = 1

    @property
    def levels(self) -> float:
        """Additions a number in one transform, log2(m)."""
        return math.log2(self.block_size)


def _krylov(work: Work) -> tuple[float, ...]:
    steps, features = work.steps, work.input_size
    padded = TILE * math.ceil(work.hidden_size / TILE)
    busiest = math.ceil((features + 1) / work.threads) * steps  # vectors of one thread
    products = steps * features * padded / work.threads
    numbers = busiest * padded
    return 1, busiest, numbers, numbers * work.levels, products, products * work.batch


def _scan(work: Work) -> tuple[float, ...]:
    tiles = math.ceil(work.batch / TILE)
    busiest = math.ceil(tiles / work.threads) * work.steps  # tiles of one thread
    numbers, features = busiest * work.hidden_size, work.input_size
    within = numbers * features if not work.symbols and features <= IN_SCAN else 0
    before = work.batch * work.steps * work.hidden_size / work.threads
    before *= not work.symbols and features > IN_SCAN
    return 1, busiest, numbers, numbers * work.levels, within, before, before * features


def _reference(work: Work) -> tuple[float, ...]:
    numbers, per_step = work.batch * work.steps * work.hidden_size, work.levels + 1
    return 1, work.steps, work.steps * work.levels, numbers * per_step


COUNTS: dict[str, Callable[[Work], tuple[float, ...]]] = {
    "krylov": _krylov,
    "scan": _scan,
    "reference": _reference,
}


def counts(form: str, work: Work) -> tuple[float, ...]:
    """How often each constant of ``form`` is paid for ``work``."""
    return COUNTS[form](work)


def seconds(form: str, work: Work) -> float:
    """Estimated time of one forward and backward pass of ``work`` in ``form``.

    Examples
    --------
    >>> few = Work(hidden_size=512, block_size=512, input_size=1, steps=784, batch=100)
    >>> seconds("krylov", few) < seconds("scan", few) < seconds("reference", few)
    True
    """
    pairs = zip(NANOSECONDS[form], counts(form, work), strict=True)
    return 1e-9 * sum(constant * count for constant, count in pairs)

"""How the training step of the last state grows with T and with d, against O(T d log d).

One batch size, one input a step. Two series: "auto", the form that dispatch chooses, and "scan",
whose work is O(batch T d log2 d). The prediction passes through the largest measured point, where
constant costs matter least; a slope is that of log(time) over log(T) or over log(d log2 d), so 1
is the prediction, and less means that constant costs or better use of the machine still show.
"""

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from benchmarks.speed.training_step import OURS, Shape, alternate, batch_of, build, training_step

BATCH, CLASSES = 64, 10
LENGTHS, SIZES = (100, 300, 1000, 3000, 10_000), (64, 128, 256, 512, 1024, 2048, 4096)
FIXED_SIZE, FIXED_LENGTH = 256, 500
FORMS = ("auto", "scan")


def _slope(work, seconds):
    return float(np.polyfit(np.log(work), np.log(seconds), 1)[0])


def _work(length, size):
    return length * size * math.log2(size)


def _step(form, length, size):
    shape = Shape("growth", size, length, 1, BATCH, CLASSES)
    model = build(OURS, shape)
    model.rnn.backend = form
    return training_step(model, *batch_of(shape, OURS))


def series(points: Sequence, rounds: int, progress: Callable[[Any], object] = print) -> dict:
    """{"seconds", "predicted_seconds": {form: [...]}, slopes} over ``points`` of (T, d)."""
    steps = {(form, *point): _step(form, *point) for point in points for form in FORMS}
    for step in steps.values():
        step()
    times = alternate(steps, rounds, seconds=0.05, most=10)
    result = {"steps": [p[0] for p in points], "hidden_size": [p[1] for p in points]}
    work = [_work(*point) for point in points]
    result |= {"seconds": {}, "predicted_seconds": {}, "slope": {}, "slope_of_largest_three": {}}
    for form in FORMS:
        seconds = [statistics.median(times[(form, *point)]) for point in points]
        result["seconds"][form] = seconds
        result["predicted_seconds"][form] = [seconds[-1] * w / work[-1] for w in work]
        result["slope"][form] = _slope(work, seconds)
        result["slope_of_largest_three"][form] = _slope(work[-3:], seconds[-3:])
        milliseconds = ", ".join(f"{1e3 * s:.3g}" for s in seconds)
        progress(f"growth, {form}: {milliseconds} ms; slope {result['slope'][form]:.2f}")
    return result


def measure(
    lengths: Sequence[int] = LENGTHS,
    sizes: Sequence[int] = SIZES,
    rounds: int = 5,
    progress: Callable[[Any], object] = print,
) -> Iterator[tuple[str, Any]]:
    """Yields ("batch", BATCH), ("with_steps", series) and ("with_hidden_size", series)."""
    yield "batch", BATCH
    progress(f"growth with T = {lengths} at d = {FIXED_SIZE}, batch {BATCH}")
    yield "with_steps", series([(n, FIXED_SIZE) for n in lengths], rounds, progress)
    progress(f"growth with d = {sizes} at T = {FIXED_LENGTH}, batch {BATCH}")
    yield "with_hidden_size", series([(FIXED_LENGTH, n) for n in sizes], rounds, progress)

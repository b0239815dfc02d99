"""What an exported model does on validation rows that it should not do, told with figures."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn import metrics
from hadamrnn.integer import IntegerModel, doubts, inputs
from hadamrnn.prepared import lengths

Array = npt.NDArray[Any]
ROWS = 500
"""Most validation rows that are read."""
STATE_ROWS = 32
"""Of these, how many have their states watched."""
SATURATED = 0.02
"""Share of the states at the ends of their range above which it is told; models that fit have a
tenth of a percent."""
FEW = 5
"""A class with fewer rows may be missed by chance."""


def warnings(
    model: IntegerModel,
    readings: Array,
    targets: Array,
    names: Sequence[str],
    class_of: Sequence[int] | None = None,
    steps: Array | None = None,
) -> Iterator[str]:
    """What to tell of a model: classes never given, states that saturate, inputs out of range.

    Parameters
    ----------
    model : IntegerModel
        As exported.
    readings : array, (n, T, features) or (n, T)
        Validation rows as ``IntegerModel.predict`` takes them; ROWS of them are read.
    targets : array of int, (n,) or (n, T)
        Class ids; of a model of numbers not read.
    names : sequence of str
        Of these classes.
    class_of : sequence of int, optional
        The class of each of the model's finer ones.
    steps : array of int, (n,), optional
        Of each sequence, where they differ.

    Yields
    ------
    str
        Figures and a remedy.
    """
    chosen = np.linspace(0, len(readings) - 1, min(ROWS, len(readings))).astype(int)
    readings, targets = readings[chosen], targets[chosen]
    steps = None if steps is None else steps[chosen]
    parts = [
        (rows, inputs.integers_of(model, readings[rows, :length]))
        for rows, length in lengths.parts(steps, readings.shape)
    ]
    if not model.numbers:
        yield from never_given(_pairs(model, parts, targets, class_of), names)
    yield from saturating(model, [x[:STATE_ROWS] for _, x in parts])
    if doubt := doubts.doubt(model, lengths.continued(readings, steps)):
        yield f"warning: validation {doubt}"


def _pairs(
    model: IntegerModel, parts: list[tuple[Any, Array]], targets: Array, class_of: Any
) -> tuple[Array, Array]:
    """Predicted and actual class of every answer."""
    predicted, actual = [], []
    for rows, x in parts:
        logits = model.real_logits(model.run_logits(x), x.shape[1])
        wanted = targets[rows]
        predicted.append(metrics.merge(logits, class_of).argmax(-1).ravel())
        actual.append((wanted[:, : x.shape[1]] if model.per_step else wanted).ravel())
    return np.concatenate(predicted), np.concatenate(actual)


def never_given(answers: tuple[Array, Array], names: Sequence[str]) -> Iterator[str]:
    """A sentence for each class that has rows and is never the answer.

    Parameters
    ----------
    answers : (predicted, actual), arrays of int, (n,)
        Class ids.
    names : sequence of str
        Of the classes.

    Examples
    --------
    >>> answers = np.array([0] * 12), np.array([0] * 6 + [1] * 6)
    >>> print(*never_given(answers, ["rest", "walk"]))
    warning: class walk is never given on 12 validation rows, 6 of which are of it; train longer, \
or give it more rows (balanced: true)
    """
    predicted, actual = (np.bincount(one, minlength=len(names)) for one in answers)
    for name, given, rows in zip(names, predicted.tolist(), actual.tolist(), strict=True):
        if rows >= FEW and not given:
            yield (
                f"warning: class {name} is never given on {actual.sum()} validation rows, {rows} "
                f"of which are of it; train longer, or give it more rows (balanced: true)"
            )


def saturating(model: IntegerModel, parts: Sequence[Array]) -> Iterator[str]:
    """A sentence where more than SATURATED of the states are at the ends of their range.

    Parameters
    ----------
    model : IntegerModel
        Who reads.
    parts : sequence of array of int, (n, T, d_in) or (n, T)
        As ``IntegerModel.step`` reads them, of one length each.
    """
    at_end, seen, first = 0, 0, None
    for x in parts:
        state = model.initial_state(len(x))
        for number in range(x.shape[1]):
            model.step(state, x[:, number])
            full = int((np.abs(state.hidden) >= model.state_limit).sum())
            at_end, seen = at_end + full, seen + state.hidden.size
            if full > SATURATED * state.hidden.size:
                first = min(number if first is None else first, number)
    if seen and at_end > SATURATED * seen:
        yield (
            f"warning: {100 * at_end / seen:.1f} % of the states are at the ends of their range of "
            f"{model.activation_bits} bits, from step {first} on; raise activation_bits, or let "
            f"states fade"
        )

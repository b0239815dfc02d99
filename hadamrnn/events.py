"""What answers to a recording that does not end are worth: events found, and false alarms."""

import numpy as np


def stretches(labels: np.ndarray) -> list[tuple[int, int, int]]:
    """Runs of one label, each (first step, step behind the last, label).

    Parameters
    ----------
    labels : numpy.ndarray
        (steps,), class ids; negative where there is nothing to be told.

    Returns
    -------
    list of tuple
        In order, without those of negative labels.

    Examples
    --------
    >>> stretches(np.array([2, 2, -1, 0]))
    [(0, 2, 2), (3, 4, 0)]
    """
    edges = [0, *(np.flatnonzero(np.diff(labels)) + 1).tolist(), len(labels)]
    runs = zip(edges[:-1], edges[1:], strict=True)
    return [(a, b, int(labels[a])) for a, b in runs if b > a and labels[a] >= 0]


def event_recall(labels: np.ndarray, steps: np.ndarray, answers: np.ndarray) -> float:
    """Share of the stretches of one label during which a stream gives it at least once.

    Parameters
    ----------
    labels : numpy.ndarray
        (steps,), as ``stretches``.
    steps : numpy.ndarray
        (answers,), rising, at which an answer was due: steps seen, from 1.
    answers : numpy.ndarray
        (answers,), class ids, negative where rejected.

    Returns
    -------
    float
        1 where there is no stretch.

    Examples
    --------
    >>> event_recall(np.array([2, 2, 2, 0, 0]), np.array([1, 3, 5]), np.array([-1, 2, 2]))
    0.5
    """
    found = [
        bool((answers[(steps > first) & (steps <= end)] == label).any())
        for first, end, label in stretches(labels)
    ]
    return float(np.mean(found)) if found else 1.0


def false_alarms(labels: np.ndarray, steps: np.ndarray, answers: np.ndarray) -> int:
    """How often a stream's answer becomes a class that is not there at that step.

    Parameters
    ----------
    labels, steps, answers : numpy.ndarray
        As ``event_recall``.

    Returns
    -------
    int
        Answers that stay what they were are not counted, however wrong.

    Examples
    --------
    >>> false_alarms(np.array([2, 2, 2, 0, 0]), np.array([1, 3, 5]), np.array([1, 2, 2]))
    1
    """
    before = np.concatenate([[-1], answers[:-1]])
    alarms = (answers >= 0) & (answers != before) & (answers != labels[steps - 1])
    return int(alarms.sum())


def false_alarms_per_hour(
    labels: np.ndarray, steps: np.ndarray, answers: np.ndarray, rate_hz: float
) -> float:
    """``false_alarms`` in an hour of the recording.

    Parameters
    ----------
    labels, steps, answers : numpy.ndarray
        As ``event_recall``.
    rate_hz : float
        Steps a second.

    Returns
    -------
    float
    """
    return false_alarms(labels, steps, answers) * 3600.0 * rate_hz / len(labels)

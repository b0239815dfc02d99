"""Events found and false alarms of a stream's answers."""

import numpy as np

from hadamrnn.events import event_recall, false_alarms, false_alarms_per_hour, stretches

LABELS = np.array([1] * 10 + [-1] * 5 + [0] * 10 + [1] * 5)
STEPS = np.arange(5, 31, 5)


def test_an_event_is_found_where_it_is_answered_at_least_once():
    assert stretches(LABELS) == [(0, 10, 1), (15, 25, 0), (25, 30, 1)]
    for answers, found in (
        ([1, 1, 1, 0, 0, 1], 3),
        ([-1, 1, -1, -1, 0, -1], 2),  # the last answers of two of them
        ([0, 0, 1, 1, 1, 0], 0),  # what comes too late, or before
        ([-1] * 6, 0),
    ):
        assert event_recall(LABELS, STEPS, np.array(answers)) == found / 3
    assert event_recall(np.full(30, -1), STEPS, np.zeros(6)) == 1.0


def test_a_false_alarm_is_a_change_to_what_is_not_there():
    for answers, alarms in (
        ([1, 1, -1, 0, 0, 1], 0),
        ([0, 0, 0, 0, 0, 1], 1),  # answered until it comes true
        ([1, 1, 1, 1, 1, 1], 0),  # stays what it was
        ([1, 1, 0, -1, 1, 1], 2),  # where nothing is, and the wrong one
        ([-1] * 6, 0),
    ):
        assert false_alarms(LABELS, STEPS, np.array(answers)) == alarms
    rate = false_alarms_per_hour(LABELS, STEPS, np.array([0] * 6), 10.0)
    assert rate == 1200.0  # one in three seconds

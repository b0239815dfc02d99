"""frame: auto, by the rule that the page of own data states."""

import pytest

from tests.datasets.formats.conftest import COLUMNS, log

LONG = {"steps": 400, "hop": 400}
SPLIT = {"test": {"group": ["c"]}, "valid": {"group": ["b"]}}


@pytest.mark.parametrize(
    ("steps", "changes", "frame"),
    [
        (200, {}, 1),
        (400, {}, 2),
        (402, {}, 3),
        (401, {}, 1),  # a prime: no frame fills it
        (500, {"task": "per_step"}, 1),
        (500, {"task": "regress", "columns": {**COLUMNS, "inputs": ["ax"], "label": "ay"}}, 4),
    ],
)
def test_windows_become_at_most_200_steps(project, steps, changes, frame):
    project.write(log(steps=520))
    window = {"steps": steps, "hop": 400}
    arrays, card = project.prepare(frame="auto", window=window, split=SPLIT, **changes)
    channels = len(card["channels"])
    assert card["raw"]["frame"] == frame and card["steps"] == steps // frame
    assert arrays["train_inputs"].shape[1:] == (steps // frame, frame * channels)


def test_whole_sequences_lose_no_more_than_what_fills_no_frame(project):
    project.write(log(steps=607))
    columns = {"inputs": ["ax"], "label": "label", "group": "person", "sequence": "label"}
    changes = {"window": None, "columns": columns, "split": SPLIT, "lengths": "mask"}
    _, card = project.prepare(frame="auto", **changes)
    assert card["raw"]["frame"] == 9 + 1 and card["steps"] == 607 // 10


def test_many_channels_are_not_framed(project):
    names = [f"x{k}" for k in range(33)]
    lines = [",".join([*names, "label", "person"])]
    for person in "abc":
        for label in ("up", "down"):
            lines += [
                ",".join([*(str(k % (i + 2)) for i in range(33)), label, person])
                for k in range(400)
            ]
    project.write(lines)
    columns = {"inputs": names, "label": "label", "group": "person"}
    window = {"steps": 400, "label": "same"}
    _, card = project.prepare(frame="auto", window=window, columns=columns, split=SPLIT)
    assert card["raw"]["frame"] == 1

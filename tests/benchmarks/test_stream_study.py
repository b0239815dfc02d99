"""The study of an always-on har2: what it computes is what a stream gives, its choice is stated."""

import numpy as np

from benchmarks.studies import stream as study
from tests.random_models import random_inputs, random_model


def small(seed=0):
    """A model of six activities, and twelve windows of 24 steps for it."""
    rng = np.random.default_rng(seed)
    model = random_model(rng, classes=6, readout="log_mean", fade=3, max_steps=256)
    x = random_inputs(rng, model, sequences=12, steps=24)
    finer = np.repeat([0, 3, 5], 4)
    return model, study.Split(x, finer % 2, finer, [0, 1] * 3)


def test_smoothing_and_rejection_are_those_of_a_stream():
    model, split = small()
    steps, plain = study.scores_of(model, split, 4, 8)
    scores = study.smoothed(plain, 2)
    ordered = np.sort(scores, axis=1)
    reject = int(np.median(ordered[:, -1] - ordered[:, -2]))
    events = model.stream(shift=4, hop=8, smooth=2, reject=reject)
    found = [e for e in map(events.push_integers, split.x_int.reshape(-1, 3)) if e]
    given = [-1 if e.class_id is None else e.class_id for e in found]
    assert study.answers(scores, reject).tolist() == given and -1 in given
    assert steps.tolist() == [e.step for e in found]


def test_choices_hold_every_setting_and_the_best_has_every_margin(monkeypatch):
    monkeypatch.setattr(study, "SHIFTS", (3, 4, 5, 6))
    model, split = small()
    rows = list(study.choices(model, split, hop=8))
    assert len(rows) == 16 + len(study.REJECTS) - 1
    shift, smooth, reject = study.chosen(rows)
    best = max(row["stream"] for row in rows)
    own = [row for row in rows if (row["shift"], row["smooth"]) == (shift, smooth)]
    assert len(own) == len(study.REJECTS) and {row["stream"] for row in own} == {best}
    for row in own:
        quiet = row["false_alarms_per_hour"] <= study.ALARMS
        assert quiet == (row["reject"] >= reject) or row["reject"] > reject


def test_the_test_row_compares_c_and_the_figure_is_drawn(tmp_path):
    model, split = small()
    row = study.tested(model, split, 4, 1, 300, hop=8)
    assert row["c_steps"] == row["steps"] == 288 and row["c_mismatches"] == 0
    rows = [*study.choices(model, split, hop=8), row]
    for folder in (tmp_path / "a", tmp_path / "b"):
        study.figure(rows, folder)
    first = (tmp_path / "a/stream.svg").read_bytes()
    assert first == (tmp_path / "b/stream.svg").read_bytes() and b"valid people" in first

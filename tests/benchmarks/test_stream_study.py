"""The study of an always-on har2: what it computes is what a stream gives, its choice is stated."""

import numpy as np
import pytest

from benchmarks.studies import stream as study
from hadamrnn.datasets.common import splits
from hadamrnn.prepared import arrays
from tests.random_models import random_inputs, random_model


def small(seed=0):
    """A model of six activities, and twelve windows of 24 steps for it."""
    rng = np.random.default_rng(seed)
    model = random_model(rng, classes=6, readout="log_mean", fade=3, max_steps=256)
    x = random_inputs(rng, model, sequences=12, steps=24)
    finer = np.repeat([0, 3, 5], 4)
    return model, study.Split(x, finer % 2, finer, [0, 1] * 3)


@pytest.mark.parametrize("share", [0, 0.5, 1])
def test_smoothing_and_rejection_are_those_of_a_stream(share):
    model, split = small()
    steps, plain = study.scores_of(model, split, 4, 8)
    scores = study.smoothed(plain, 2)
    ordered = np.sort(scores, axis=1)
    reject = int(np.quantile(ordered[:, -1] - ordered[:, -2], 0.8))
    hold = int(share * reject)
    events = model.stream(shift=4, hop=8, smooth=2, reject=reject, hold=hold)
    found = [e for e in map(events.push_integers, split.x_int.reshape(-1, 3)) if e]
    given = [-1 if e.class_id is None else e.class_id for e in found]
    assert study.answers(scores, reject, hold).tolist() == given
    assert len({*given}) > 1  # some are rejected
    assert steps.tolist() == [e.step for e in found]


def test_every_setting_has_a_row_over_all_who_are_left_out(monkeypatch):
    monkeypatch.setattr(study, "SHIFTS", (3, 4))
    left_out = [small(0), small(1)]
    rows = list(study.choices(left_out, hop=8))
    assert len(rows) == 2 * len(study.SMOOTHS) * (2 * len(study.REJECTS) - 1)
    assert {row["steps"] for row in rows} == {2 * 12 * 24}
    plain = rows[0]
    assert (plain["shift"], plain["smooth"], plain["reject"], plain["hold"]) == (3, 0, 0, 0)
    rights = []
    for model, split in left_out:
        steps, scores = study.scores_of(model, split, 3, 8)
        rights.append((scores.argmax(axis=1) == split.labels[steps - 1]).mean())
    assert plain["right_answers"] == round(float(np.mean(rights)), 4)


def row(recall, alarms, reject):
    settings = {"shift": 4, "smooth": 1, "reject": reject, "hold": 0}
    return settings | {"event_recall": recall, "false_alarms_per_hour": alarms}


def test_of_settings_that_miss_little_the_quietest_is_chosen():
    assert study.chosen([row(1, 2.1, 1), row(0.98, 0, 2), row(0.99, 2, 3)])["reject"] == 3
    assert study.chosen([row(0.9, 9, 1), row(0.8, 8, 2)])["reject"] == 2


def test_a_group_of_people_validates_and_nobody_else(tmp_path):
    rng = np.random.default_rng(0)
    people = np.repeat(np.arange(10, 18, dtype=np.uint8), 3)
    signals = rng.normal(0, 1, (24, 5, 2)).astype(np.float32)
    targets = np.arange(24, dtype=np.uint8) % 2
    rows = {"train": np.arange(15), "valid": np.arange(15, 24), "test": np.arange(0)}
    found, raw = splits.sensor_splits(signals, targets, people, rows, [0.1, 0.0])
    found |= {f"{split}_finer": targets[chosen] + 1 for split, chosen in rows.items()}
    card = {"output": {"size": 2}, "raw": raw | {"rate_hz": 50}}
    splits.write(tmp_path / "all", found, card)
    held = []
    for first in range(study.FOLDS):
        study.write_fold(tmp_path / "all", first, tmp_path / str(first))
        parts = {
            split: arrays.read_array(tmp_path / str(first), split, "subjects")
            for split in study.SPLITS
        }
        assert not {*parts["train"]} & {*parts["valid"]}
        held += parts["valid"].tolist()
        written = arrays.read_card(tmp_path / str(first))
        assert written["raw"]["rate_hz"] == 50 and written["raw"]["zero"] != raw["zero"]
    assert sorted(held) == people.tolist()


def test_the_test_row_compares_c_and_the_figure_is_drawn(tmp_path):
    model, split = small()
    best = {"shift": 4, "smooth": 1, "reject": 1000, "hold": 1000}
    row = study.tested(model, split, best, hop=8)
    assert row["c_steps"] == row["steps"] == 288 and row["c_mismatches"] == 0
    rows = [*study.choices([(model, split)], hop=8), row]
    for folder in (tmp_path / "a", tmp_path / "b"):
        study.figure(rows, best, folder)
    first = (tmp_path / "a/stream.svg").read_bytes()
    assert first == (tmp_path / "b/stream.svg").read_bytes() and b"people left out" in first

"""The study of the estimators' defaults: what the forest sees, and what the guide quotes."""

import csv

import numpy as np

from benchmarks.studies import estimators as study
from tests.docs.pages import ROOT


def test_the_forest_sees_every_reading_in_its_place():
    rows = study.flat([np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0, 6.0]])])
    assert rows.tolist() == [[1, 2, 3, 4], [5, 6, 0, 0]]


def test_person_five_is_tested_on_and_nobody_trains_on_that_person():
    data = study.watch()
    assert set(data.groups) == {"1", "2", "3", "4"}
    assert len(data.test[0]) == 262 and data.train[0].shape[1:] == (100, 3)


def test_the_guide_quotes_the_table():
    guide = (ROOT / "docs/guides/scikit-learn.md").read_text(encoding="utf-8")
    with (ROOT / "results/studies/estimators.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for name in {row["data"] for row in rows}:
        own = [row for row in rows if row["data"] == name]
        cells = [
            ", ".join(f"{100 * float(row[key]):.1f}" for row in own)
            for key in ("hadamrnn", "random_forest")
        ]
        assert f"| {int(own[0]['trained_on']):,} | {cells[0]} | {cells[1]} |" in guide, name

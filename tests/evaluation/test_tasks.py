"""Which outputs answer to which targets, and what they score, where tasks differ."""

import numpy as np
import pytest

from hadamrnn.datasets.common import splits
from hadamrnn.evaluation import assessment, forms, summary
from hadamrnn.evaluation.tasks import Task

STEPS = {
    "own": True,
    "output": {"size": 2, "names": ["down", "up"], "per_step": True},
    "class_counts": {part: [30, 10] for part in ("train", "valid", "test")},
    "counts": {"train": 4, "valid": 4, "test": 2},
    "groups": ["anna", "bert"],
}
NUMBERS = {
    "own": True,
    "output": {
        "size": 1,
        "names": ["age"],
        "per_step": False,
        "target": {"zero": 40.0, "scale": 10.0},
    },
    "target_statistics": {part: [40.0, 10.0] for part in ("train", "valid", "test")},
    "counts": {"train": 50, "valid": 20, "test": 3},
}
TARGETS = np.array([[0, 1, 0], [1, 1, 1]])
LOGITS = np.eye(2)[[[0, 1, 0], [0, 1, 0]]]  # what lies behind the second sequence's end is wrong


def test_only_steps_that_sequences_have_are_scored():
    task = Task(STEPS, TARGETS, np.array([3, 2]))
    answers = task.answers(LOGITS)
    assert answers.shape == (5, 2) and task.wanted.tolist() == [0, 1, 0, 1, 1]
    assert task.scores(answers)["accuracy"] == pytest.approx(4 / 5)
    assert Task(STEPS, TARGETS).scores(Task(STEPS, TARGETS).answers(LOGITS))[
        "accuracy"
    ] == pytest.approx(4 / 6)
    assert task.guess() == {"accuracy": 0.75}
    rows = assessment.confusion_rows(task, task.predicted(answers))
    assert rows[3] == {"actual": "up", "predicted": "down"} and len(rows) == 5


def test_a_plot_gets_no_million_of_steps():
    task = Task(STEPS, np.zeros((3, 50_000), np.uint8))
    rows = assessment.confusion_rows(task, np.ones(150_000, np.int64))
    assert len(rows) == assessment.MOST_ROWS


def test_classes_and_groups_of_steps(tmp_path):
    arrays = {"test_groups": np.array([0, 1], np.uint16)}
    splits.write(tmp_path, arrays, STEPS)
    task = Task(STEPS, TARGETS, np.array([3, 2]))
    answers = {part: task.answers(LOGITS) for part in ("float", "integer")}
    metrics = {part: task.scores(answers[part]) for part in answers}
    assessment.add_details(metrics, answers, tmp_path, task)
    assert metrics["integer"]["balanced_accuracy"] == pytest.approx((1 + 2 / 3) / 2)
    assert metrics["classes"]["up"]["support"] == 3
    assert metrics["groups"] == {
        "anna": {"accuracy": 1.0, "steps": 3},
        "bert": {"accuracy": 0.5, "steps": 2},
    }
    found = metrics | {"majority": task.guess(), "parity": None}
    told = "\n".join(summary.lines("walk", found, task.score))
    assert "walk, integer model: accuracy 80.00 %" in told
    assert "walk, group bert: accuracy 50.00 % of 2" in told


def test_numbers_are_scored_in_their_units(tmp_path):
    splits.write(tmp_path, {"test_groups": np.array([0, 0, 1], np.uint16)}, NUMBERS)
    task = Task(NUMBERS | {"groups": ["anna", "bert"]}, np.array([30.0, 40.0, 50.0]))
    answers = task.answers(task.real(np.array([[-1.0], [0.0], [1.3]], np.float32)))
    found = {part: task.scores(answers) for part in ("float", "integer")}
    assert found["integer"]["mae"] == pytest.approx(1) and found["integer"]["r2"] > 0.95
    assert found["integer"]["rmse"] == pytest.approx(3 / 3**0.5)
    assert task.guess() == pytest.approx({"mae": 20 / 3, "rmse": (200 / 3) ** 0.5, "r2": 0})
    assert task.agreement(answers, answers + 2) == {"mean_difference": pytest.approx(2)}
    assessment.add_details(found, {"float": answers, "integer": answers}, tmp_path, task)
    assert found["groups"]["bert"] == {
        "mae": pytest.approx(3),
        "rmse": pytest.approx(3),
        "sequences": 1,
    }
    rows = assessment.confusion_rows(task, task.predicted(answers))
    assert rows[0] == {"actual": "30", "predicted": "30"}
    told = [*summary.lines("people", found | {"majority": task.guess(), "parity": None}, "r2")]
    assert told[2].startswith("people, always the mean: mean absolute error 6.667, root mean")
    assert told[1].startswith("people, integer model: mean absolute error 1, root mean squared")


def test_answers_of_unequal_sequences_are_put_together():
    found = [(np.array([1]), np.ones((1, 2, 3))), (np.array([0, 2]), 2 * np.ones((2, 4, 3)))]
    together = forms.in_order(found, 3)
    assert together.shape == (3, 4, 3)
    assert together[:, :, 0].tolist() == [[2, 2, 2, 2], [1, 1, 0, 0], [2, 2, 2, 2]]

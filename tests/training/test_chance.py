"""A model that has learned nothing is told so, with figures and a remedy."""

import pytest

from hadamrnn.metrics import majority_score, own_score
from hadamrnn.training import chance
from hadamrnn.training.run import FitResult

COUNTS = {"train": [30, 10], "valid": [50, 50], "test": [90, 10]}


def result_with(score, epochs=30, name="accuracy"):
    rows = {"validation_held_out": True}
    history = [{"valid_score": 0.0}] * (epochs - 1) + [{"valid_score": score} | rows]
    return FitResult(history, epochs, name)


def test_a_model_at_the_most_frequent_class_is_told_so():
    words = chance.warning(result_with(0.507), {"class_counts": COUNTS}, 1)
    assert words == (
        "warning: the model has learned nothing: its accuracy on the validation rows is 50.70 %, "
        "that of always giving the most frequent class 50.00 %; 30 optimizer steps are few: "
        "raise epochs or lower batch_size"
    )


def test_with_many_steps_the_remedy_is_another():
    words = chance.warning(result_with(0.5), {"class_counts": COUNTS}, 100)
    assert words.endswith("; try another learning_rate or readout, and look at the data")


@pytest.mark.parametrize("score", [0.61, 0.8, 1.0])
def test_a_model_that_has_learned_is_not(score):
    """Two standard errors of 100 rows are ten points."""
    assert chance.warning(result_with(score), {"class_counts": COUNTS}, 1) is None


@pytest.mark.parametrize("score, told", [(0.12, True), (0.2, False)])
def test_of_the_copy_task_the_recalled_symbols_count(score, told):
    counts = {part: [10**6, 40, 41, 39, 40, 40, 40, 40, 40] for part in ("train", "valid")}
    card = {"layout": "copy", "class_counts": counts}
    assert own_score(card) == "recalled_accuracy"
    words = chance.warning(result_with(score, name=own_score(card)), card, 1)
    assert (words is not None) == told
    assert not told or "its recalled accuracy" in words


def test_the_most_frequent_class_is_that_of_training():
    """Whoever answers has not seen the test rows."""
    assert majority_score({"class_counts": COUNTS}, "test")[0] == 0.9
    assert majority_score({"class_counts": COUNTS | {"train": [1, 2]}}, "test")[0] == 0.1


NUMBERS = {
    "output": {"target": {"zero": 5.0, "scale": 2.0}},
    "target_statistics": {"train": [5.0, 2.0], "valid": [6.0, 2.0]},
    "counts": {"train": 400, "valid": 100},
}


@pytest.mark.parametrize("score, told", [(-0.3, True), (-0.25, True), (-0.2, False), (0.9, False)])
def test_of_numbers_the_mean_of_training_is_the_guess(score, told):
    """It lies half a deviation beside that of the validation rows: R2 -0.25, give or take 0.04."""
    assert majority_score(NUMBERS, "valid") == (-0.25, 0.02)
    words = chance.warning(result_with(score, name=own_score(NUMBERS)), NUMBERS, 100)
    assert (words is not None) == told
    assert not told or f"its R2 on the validation rows is {score:.3f}, that of always" in words
    assert not told or "always giving the mean -0.250; try another" in words


def test_steps_of_one_sequence_count_as_one_row():
    """A thousand steps of ten sequences tell no more than ten rows."""
    counts = {part: [500, 500] for part in ("train", "valid")}
    card = {"output": {"per_step": True}, "class_counts": counts, "counts": {"valid": 10}}
    assert majority_score(card, "valid") == (0.5, pytest.approx(0.5 / 10**0.5))

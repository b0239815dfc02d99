"""The recipe for new data: by stated rules, beside the defaults of params.yaml."""

import pytest

from hadamrnn.errors import HadamrnnError
from hadamrnn.estimators import defaults
from tests.train_settings import train_settings


def test_all_but_four_keys_are_those_of_params_yaml():
    ours, theirs = vars(defaults.settings({})), vars(train_settings())
    differing = {key for key in theirs if ours[key] != theirs[key]}
    assert differing == {"hidden_size", "batch_size", "learning_rate", "select"}


@pytest.mark.parametrize("rows", [1, 15, 16, 17, 500, 1000, 1001, 64001])
def test_small_data_get_steps_enough(rows):
    batch = defaults.batch_size(rows)
    epochs = defaults.epochs(rows, batch)
    assert epochs * -(-rows // batch) >= defaults.STEPS
    assert epochs >= defaults.FEWEST_EPOCHS


@pytest.mark.parametrize(("steps", "k"), [(1, 1), (8, 1), (64, 3), (100, 4), (128, 4), (10**6, 8)])
def test_states_remember_an_eighth_of_a_sequence(steps, k):
    assert defaults.candidates(steps) == (("log_mean", k), ("last", None))


def test_wrong_values_are_those_of_params_yaml():
    with pytest.raises(HadamrnnError, match="^epochs: must be an integer of at least 1; got 0$"):
        defaults.settings({"epochs": 0})


def test_what_learns_people_by_heart_must_be_clearly_better():
    assert defaults.better([1.0, 0.51]) == 0
    assert defaults.better([1.0, 0.49]) == 1
    assert defaults.better([1.0]) == 0

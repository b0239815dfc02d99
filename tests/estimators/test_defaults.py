"""The recipe of the estimators, beside the defaults of params.yaml."""

import pytest

from hadamrnn.errors import HadamrnnError
from hadamrnn.estimators import defaults
from tests.train_settings import train_settings


def test_all_but_four_keys_are_those_of_params_yaml():
    ours, theirs = vars(defaults.settings({})), vars(train_settings())
    differing = {key for key in theirs if ours[key] != theirs[key]}
    assert differing == {"hidden_size", "batch_size", "learning_rate", "select"}


def test_wrong_values_are_those_of_params_yaml():
    with pytest.raises(HadamrnnError, match="^epochs: must be an integer of at least 1; got 0$"):
        defaults.settings({"epochs": 0})

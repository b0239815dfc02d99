"""What a model says about inputs that are not what it was trained on."""

import warnings

import numpy as np
import pytest

from hadamrnn.errors import HadamrnnError, HadamrnnWarning
from hadamrnn.integer import doubts
from hadamrnn.prepared.coding import Coding
from tests.random_models import random_model


@pytest.fixture
def model():
    """Inputs of three features from 0 to 1, in steps of 1/255."""
    return random_model(np.random.default_rng(0))


def test_inputs_of_the_range_pass_silently(model):
    x = np.random.default_rng(1).random((5, 9, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict(x)
        model.predict(x.astype(np.float32))
        model.predict(np.zeros((1, 1, 3), dtype=int))


@pytest.mark.parametrize("feature", [0, 2])
def test_one_feature_in_other_units_is_named(model, feature):
    x = np.random.default_rng(1).random((5, 9, 3))
    x[..., feature] *= 9.81
    with pytest.warns(HadamrnnWarning, match=rf"of feature {feature} .* range, 0 to 1, and"):
        model.predict(x)


def test_rare_spikes_are_not_told_and_many_are(model):
    x = np.full((10, 10, 3), 0.5)
    x[0, :5] = 40.0  # 5 of 100 values of each feature
    assert doubts.doubt(model, x) is None
    x[0, 5] = -40.0
    assert "6 % of the values, of feature 0" in doubts.doubt(model, x)
    x[0, :6] = [[1 + 0.4 / 255] * 3]  # rounds to the last integer
    assert doubts.doubt(model, x) is None
    x[:] = np.inf
    assert "100 % of the values, of feature 0" in doubts.doubt(model, x)


def test_one_feature_of_many_is_told_where_half_of_it_saturates():
    model = random_model(np.random.default_rng(0), input_size=100)
    x = np.full((1, 100, 100), 0.5)
    x[0, :50, 7] = 9.81  # 0.5 % of all values
    assert doubts.doubt(model, x) is None
    x[0, 50, 7] = 9.81
    assert "1 % of the values, of feature 7 (counted from 0) 51 %" in doubts.doubt(model, x)


def test_stored_bytes_are_told_though_none_saturates(model):
    stored = np.random.default_rng(2).integers(0, 2, (5, 9, 3), dtype=np.uint8)
    with pytest.warns(HadamrnnWarning, match=r"are bytes \(uint8\).* from 0 to 1; .*Coding decode"):
        model.predict(stored)
    assert doubts.doubt(model, Coding("dense", 1 / 255).decode(stored)) is None
    whole = random_model(np.random.default_rng(0), input_scale=1.0)
    assert doubts.doubt(whole, stored) is None  # its real numbers are bytes


def test_ids_raise_no_doubt():
    model = random_model(np.random.default_rng(0), kind="symbol")
    assert doubts.doubt(model, np.zeros((1, 3), np.uint8)) is None


REFUSALS = [
    ([[["a", "b", "c"]]], "inputs: must be numbers; got <U1"),
    ([[[1, 2, 3], [1, 2]]], "must be sequences of one length with equally many features"),
    (np.zeros((1, 2, 3), complex), "inputs: must be numbers; got complex128"),
    (
        np.array([[[0, 0, 0]], [[0, 0, np.nan]]]),
        r"inputs: must be numbers; got NaN in sequence 1, step 0, feature 2 \(counted from 0\)",
    ),
]


@pytest.mark.parametrize("x, message", REFUSALS, ids=["text", "ragged", "complex", "NaN"])
def test_refusals_of_dense_inputs(model, x, message):
    with pytest.raises(HadamrnnError, match=message):
        model.predict(x)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300, 0.5, -1, 3])
def test_refusals_of_ids(value):
    model = random_model(np.random.default_rng(0), kind="symbol")
    ids = np.array([[0, 2, value]])
    with pytest.raises(HadamrnnError, match=r"^inputs: .* in sequence 0, step 2"):
        model.predict(ids)


def test_numbers_too_large_for_the_scale_saturate(model):
    x = np.array([[[1e308, -1e308, 0]]])
    assert model.quantize_input(x).tolist() == [[[127, -128, -128]]]

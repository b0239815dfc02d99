"""What compares C with the integer model takes NumPy's, whatever engine a model was loaded for."""

import shutil

import numpy as np
import pytest

from hadamrnn.evaluation import forms
from hadamrnn.integer import batch, with_engine
from hadamrnn.targets import host
from tests.random_models import random_inputs, random_model, random_readings, recorded

pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler"
)


@pytest.fixture
def wrong_numpy(monkeypatch):
    """NumPy's logits are off by one: C alone would not notice."""
    plain = batch.run

    def run(*given, **named):
        logits, checksums = plain(*given, **named)
        return logits + 1, checksums

    monkeypatch.setattr(batch, "run", run)


@pytest.mark.parametrize("trace", [False, True])
def test_parity_sees_what_differs_between_numpy_and_c(trace, wrong_numpy):
    rng = np.random.default_rng(0)
    model = with_engine(random_model(rng), "c")
    found = host.parity(model, random_inputs(rng, model, 5), trace=trace)
    assert found == {"sequences": 5, "c_mismatches": 5}


def test_evaluation_sees_what_differs_between_numpy_and_c(wrong_numpy):
    rng = np.random.default_rng(1)
    model = with_engine(recorded(rng, random_model(rng)), "c")
    _, found, _ = forms.parity_and_logits(model, random_readings(rng, model, 5))
    assert found == {"sequences": 5, "c_mismatches": 5}

"""Runs as rows: grouping by seed, means, and what is compared with what."""

import pytest

from hadamrnn.report import runs
from hadamrnn.report.runs import Run
from tests.report.conftest import record


def test_runs_that_differ_in_their_seed_are_one_group(groups):
    assert list(groups) == ["har2", "har2-lstm"]
    group = groups["har2"]
    assert group.mean(runs.percent) == pytest.approx(92)
    assert group.deviation(runs.percent) == pytest.approx(4 / 2**0.5)
    assert groups["har2-lstm"].deviation(runs.percent) is None


def test_a_baseline_is_judged_by_its_float_model_and_sizes_hold_embeddings(groups):
    baseline = groups["har2-lstm"].first
    assert baseline.accuracy() == pytest.approx(0.81)
    assert baseline.size_bytes == 2000
    assert baseline.operations == 33


def test_a_float_model_has_32_bits_and_no_blocks(groups):
    baseline = groups["har2-lstm"].first
    assert (baseline.q, baseline.weights) == (None, "float32")
    assert groups["har2"].first.weights == "4 bits"


def test_parts_of_different_bits_are_told_apart():
    made = record(1, 0.9)
    made["params"] |= {"input_weight_bits": 4, "output_weight_bits": 4, "bias_bits": 16}
    assert Run("har2-seed1", made).weights == "4 bits"
    made["params"] |= {"output_weight_bits": 2, "bias_bits": 6}
    assert Run("har2-seed1", made).weights == "U 4, V 2, biases 6 bits"
    made["params"]["input_weight_bits"] = None
    assert Run("har2-seed1", made).weights == "U float32, V 2, biases 6 bits"
    float_model = record(1, 0.9, model="lstm", integer=False)
    float_model["params"] |= {"input_weight_bits": 4, "output_weight_bits": 2, "bias_bits": 6}
    assert Run("har2-lstm-seed1", float_model).weights == "float32"


def test_recipes_differ_by_data_and_augmentation_and_not_by_width():
    plain = Run("har2-seed1", record(1, 0.9))
    assert Run("a-seed1", record(1, 0.9, hidden_size=64, learning_rate=1)).recipe == plain.recipe
    assert Run("a-seed1", record(1, 0.9, rotation=0)).recipe == plain.recipe
    assert Run("a-seed1", record(1, 0.9, rotation=15)).recipe != plain.recipe
    companded = record(1, 0.9)
    companded["params"]["data"] = {"body_acc_companding": 0.01}
    assert Run("a-seed1", companded).recipe != plain.recipe

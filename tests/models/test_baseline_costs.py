"""Bytes and operations of the baselines, counted by hand."""

import pytest

from hadamrnn.integer.accounting import baseline_sizes, lstm_parameters
from hadamrnn.models.baselines.fastgrnn import FastGRNN
from tests.models.baselines import FLOATS, make


@pytest.mark.parametrize("embedding", [None, 5])
@pytest.mark.parametrize("name", FLOATS)
def test_a_float_baseline_stores_four_bytes_a_parameter(name, embedding):
    sizes = baseline_sizes(make(name, embedding_size=embedding))
    parameters = list(make(name, embedding_size=embedding).parameters())
    stored = 4 * sum(p.numel() for p in parameters)
    assert sizes["total_bytes"] == stored
    assert sizes["embedding_bytes"] == (4 * 3 * 5 if embedding else 0)
    parts = ("recurrent", "input", "output", "bias", "embedding")
    assert sum(sizes[f"{part}_bytes"] for part in parts) == sizes["total_bytes"]


def test_the_lstm_has_the_bytes_every_model_is_compared_with():
    sizes = baseline_sizes(make("lstm"))
    assert sizes["float32_lstm_bytes"] == sizes["total_bytes"] == 4 * lstm_parameters(3, 16, 4)
    embedded = baseline_sizes(make("lstm", input_size=6, embedding_size=5))
    assert embedded["float32_lstm_bytes"] == embedded["total_bytes"]


@pytest.mark.parametrize(("bits", "width"), [(None, 32), (1, 2), (2, 2), (4, 4), (8, 8)])
def test_quantized_baselines_count_their_bits(bits, width):
    sizes = baseline_sizes(make("qornn", weight_bits=bits))
    assert sizes["recurrent_bytes"] == 16 * 16 * width // 8
    assert sizes["input_bytes"] == 16 * 3 * width // 8
    assert sizes["output_bytes"] == 4 * 16 * width // 8
    assert sizes["bias_bytes"] == 4 * (16 + 4)
    relu = baseline_sizes(make("hadamrelu", weight_bits=bits))
    assert relu == sizes | {
        "recurrent_bytes": 2,
        "total_bytes": sizes["total_bytes"] - sizes["recurrent_bytes"] + 2,
    }


@pytest.mark.parametrize(
    ("name", "additions", "multiplications", "functions"),
    [
        ("rnn", 16 * 19, 16 * 19, 16),
        ("lstm", 4 * 16 * 19 + 16, 4 * 16 * 19 + 3 * 16, 5 * 16),
        ("gru", 3 * 16 * 19 + 3 * 16, 3 * 16 * 19 + 3 * 16, 3 * 16),
        ("fastgrnn", 16 * 19 + 4 * 16, 16 * 19 + 3 * 16, 2 * 16),
        ("ornn", 16 * 19, 16 * 19, 0),
        ("qornn", 16 * 19, 16 * 19, 0),
        ("hadamrelu", 16 * (3 + 3 + 1), 16 * (3 + 1), 0),  # blocks of 8: three levels
    ],
)
def test_operations(name, additions, multiplications, functions):
    gates = {"lstm": 4, "gru": 3}.get(name, 1)
    expected = {
        "additions": additions,
        "multiplications": multiplications,
        "nonlinear_functions": functions,
        "dense_multiply_adds": gates * 16 * 19,
    }
    assert make(name).operations_per_step(symbols=False) == expected
    mean = make(name, readout="mean").operations_per_step(symbols=False)
    assert mean == expected | {"additions": additions + 16}
    logits = make(name, per_step=True).operations_per_step(symbols=False)
    added = {key: 0 if key == "nonlinear_functions" else 64 for key in expected}
    assert logits == {key: expected[key] + added[key] for key in expected}
    looked_up = make(name).operations_per_step(symbols=True)
    assert expected["multiplications"] - looked_up["multiplications"] == gates * 16 * 3
    embedded = make(name, embedding_size=3).operations_per_step(symbols=True)
    assert embedded == expected


def test_a_low_rank_counts_its_factors():
    model = FastGRNN(input_size=3, hidden_size=16, output_size=4, recurrent_rank=2, input_rank=1)
    assert model.operations_per_step(False)["dense_multiply_adds"] == 2 * 16 * 2 + 16 + 3
    assert model.part_bytes()["recurrent"] == 4 * 2 * 16 * 2

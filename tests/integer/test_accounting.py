"""Bytes add up to the file; operations follow the counting rule."""

import numpy as np
import pytest

from hadamrnn.integer import packed
from hadamrnn.integer.accounting import lstm_parameters, operations_per_step, sizes
from tests.random_models import many_models, random_model

PARTS = ("signs_bytes", "input_bytes", "output_bytes", "bias_bytes", "embedding_bytes")


def test_sizes_add_up_to_the_file():
    for model in many_models():
        for embedding in (None, 16):
            result = sizes(model, embedding)
            assert sum(result[part] for part in PARTS) == result["total_bytes"]
            assert result["total_bytes"] + result["header_bytes"] == result["packed_file_bytes"]
            assert result["packed_file_bytes"] == len(packed.to_bytes(model))


def test_sizes_of_a_known_shape():
    model = random_model(
        np.random.default_rng(0), block_size=512, q=1, input_size=1, classes=10, activation_bits=12
    )
    assert sizes(model) | {"header_bytes": 0, "packed_file_bytes": 0} == {
        "signs_bytes": 64,
        "input_bytes": 256,
        "output_bytes": 2560,
        "bias_bytes": 1064,
        "embedding_bytes": 0,
        "total_bytes": 3944,
        "total_without_embedding_bytes": 3944,
        "header_bytes": 0,
        "packed_file_bytes": 0,
        "float32_lstm_bytes": 4 * (4 * 512 * (1 + 512 + 2) + 10 * 513),
    }


def test_an_embedding_is_counted_apart_and_in_the_lstm():
    model = random_model(np.random.default_rng(0), kind="symbol", input_size=100)
    one_hot, embedded = sizes(model), sizes(model, embedding_size=8)
    assert one_hot["input_bytes"] == embedded["embedding_bytes"] == 100 * 8
    assert one_hot["embedding_bytes"] == embedded["input_bytes"] == 0
    assert one_hot["total_bytes"] == embedded["total_bytes"]
    assert one_hot["total_without_embedding_bytes"] == one_hot["total_bytes"]
    assert embedded["total_without_embedding_bytes"] == embedded["total_bytes"] - 100 * 8
    assert embedded["float32_lstm_bytes"] == 4 * (100 * 8 + lstm_parameters(8, 16, 4))


def test_an_embedding_of_its_own_is_counted_by_its_bits():
    table = np.ones((101, 3), int)
    model = random_model(np.random.default_rng(0), kind="embedding", input_bits=3, embedding=table)
    size = sizes(model, embedding_size=3)
    assert (
        size["embedding_bytes"] == -(-101 * 3 * 3 // 8) == len(packed.sections(model)["embedding"])
    )
    assert size["input_bytes"] == 3 * 8
    assert size["total_without_embedding_bytes"] == size["total_bytes"] - size["embedding_bytes"]
    assert size["float32_lstm_bytes"] == 4 * (101 * 3 + lstm_parameters(3, 16, 4))
    dense = random_model(np.random.default_rng(0), input_size=3)
    assert operations_per_step(model) == operations_per_step(dense)


@pytest.mark.parametrize("size", [(1, 128, 10), (9, 16, 2)])
def test_lstm_parameters_are_those_of_torch(size):
    torch = pytest.importorskip("torch")
    d_in, d, classes = size
    layers = (torch.nn.LSTM(d_in, d), torch.nn.Linear(d, classes))
    counted = sum(p.numel() for layer in layers for p in layer.parameters())
    assert lstm_parameters(*size) == counted


def test_operations():
    rng = np.random.default_rng(0)
    dense = random_model(rng, block_size=16, q=1, input_size=3)  # m = 4^2: no product for 1/sqrt m
    assert operations_per_step(dense) == {
        "additions": 16 * (4 + 2 + 3),
        "multiplications": 16 * (3 + 1),
        "shifts": 16 * 2,
        "dense_multiply_adds": 16 * (16 + 3),
    }
    symbol = random_model(rng, block_size=8, q=2, kind="symbol", per_step=True, bias_shift=1)
    assert operations_per_step(symbol) == {
        "additions": 16 * (3 + 3 + 1) + 64,
        "multiplications": 16 * 2 + 64,
        "shifts": 16 * 4,
        "dense_multiply_adds": 16 * 16 + 64,
    }
    mean = random_model(rng, block_size=16, q=1, input_size=3, readout="mean")
    assert operations_per_step(mean)["additions"] == 16 * (4 + 2 + 3 + 1)

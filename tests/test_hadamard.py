"""Sylvester's matrices and their fast transform: S S^T = m I, and fast equals dense."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hadamrnn.errors import HadamrnnError
from hadamrnn.hadamard import block_size_of, fast_transform, recurrent_matrix, sylvester

BLOCK_SIZES = [2**k for k in range(10)]
BLOCK_COUNTS = [1, 2, 3, 7]
DTYPES = [np.int32, np.int64, np.float32, np.float64]


def dense_matrix(block_size, q):
    return np.kron(np.eye(q, dtype=np.int64), sylvester(block_size))


@pytest.mark.parametrize("size", BLOCK_SIZES)
def test_sylvester_is_orthogonal_symmetric_and_binary(size):
    matrix = sylvester(size)
    assert matrix.dtype == np.int8
    assert np.isin(matrix, (-1, 1)).all()
    wide = matrix.astype(np.int64)
    np.testing.assert_array_equal(wide @ wide.T, size * np.eye(size, dtype=np.int64))
    np.testing.assert_array_equal(matrix, matrix.T)


@pytest.mark.parametrize("size", BLOCK_SIZES)
def test_sylvester_entry_is_the_parity_of_common_bits(size):
    rows = np.arange(size)
    parity = np.bitwise_count(rows[:, None] & rows) % 2
    np.testing.assert_array_equal(sylvester(size), 1 - 2 * parity.astype(np.int8))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("q", BLOCK_COUNTS)
@pytest.mark.parametrize("block_size", BLOCK_SIZES)
def test_fast_transform_equals_dense_matrix(block_size, q, dtype):
    generator = np.random.default_rng((block_size, q))
    # Whole numbers, so that the sums are exact in every dtype.
    values = generator.integers(-1000, 1001, (2, 3, q * block_size)).astype(dtype)
    result = fast_transform(values, block_size)
    assert result.dtype == dtype
    np.testing.assert_array_equal(result, values.astype(np.int64) @ dense_matrix(block_size, q))


@pytest.mark.parametrize("block_size", BLOCK_SIZES)
def test_fast_transform_of_real_numbers(block_size):
    values = np.random.default_rng(block_size).standard_normal((4, 2 * block_size))
    expected = values @ dense_matrix(block_size, 2)
    scale = np.sqrt(block_size)
    np.testing.assert_allclose(
        fast_transform(values, block_size) / scale, expected / scale, atol=1e-14
    )
    single = fast_transform(values.astype(np.float32), block_size)
    np.testing.assert_allclose(single / scale, expected / scale, atol=2e-6)


@given(
    values=st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=9),
    log_size=st.integers(0, 6),
)
def test_fast_transform_twice_is_multiplication_by_m(values, log_size):
    vector = np.resize(np.array(values, np.int64), len(values) * 2**log_size)
    twice = fast_transform(fast_transform(vector, 2**log_size), 2**log_size)
    np.testing.assert_array_equal(twice, vector * 2**log_size)


@pytest.mark.parametrize("block_size", [1, 2, 8])
@pytest.mark.parametrize("shape", [(8,), (3, 8), (0, 8), (2, 3, 4, 8)])
def test_fast_transform_returns_a_new_array_of_the_same_shape(shape, block_size):
    values = np.ones(shape)
    result = fast_transform(values, block_size)
    assert result.shape == shape
    assert not np.shares_memory(result, values)
    np.testing.assert_array_equal(values, np.ones(shape))


def test_fast_transform_of_a_strided_view():
    values = np.arange(48).reshape(8, 6).T
    np.testing.assert_array_equal(fast_transform(values, 4), values @ dense_matrix(4, 2))


@pytest.mark.parametrize("q", BLOCK_COUNTS)
@pytest.mark.parametrize("block_size", BLOCK_SIZES[:7])
def test_recurrent_matrix_is_orthogonal_and_block_sparse(block_size, q):
    signs = np.random.default_rng(q).choice([-1, 1], q * block_size)
    matrix = recurrent_matrix(signs, block_size)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(len(signs)), atol=1e-14)
    inside = np.kron(np.eye(q), np.ones((block_size, block_size))) == 1
    assert (matrix[~inside] == 0).all()
    assert (np.abs(matrix[inside]) == 1 / np.sqrt(block_size)).all()
    np.testing.assert_array_equal(
        np.sign(matrix) * inside, signs[:, None] * dense_matrix(block_size, q)
    )


@pytest.mark.parametrize(
    ("hidden_size", "q", "expected"), [(128, 1, 128), (128, 4, 32), (12, 3, 4), (5, 5, 1)]
)
def test_block_size(hidden_size, q, expected):
    assert block_size_of(hidden_size, q) == expected


@pytest.mark.parametrize(
    ("hidden_size", "q"), [(128, 3), (128, 0), (128, -1), (100, 1), (12, 2), (128, 256), (0, 1)]
)
def test_block_size_error(hidden_size, q):
    words = (
        f"q: must divide hidden_size={hidden_size} into blocks whose size is a power of two; "
        f"got q={q}"
    )
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        block_size_of(hidden_size, q)


@pytest.mark.parametrize("size", [0, -2, 3, 12])
def test_sylvester_size_error(size):
    words = f"size: Sylvester's matrix needs a power of two; got {size}"
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        sylvester(size)


@pytest.mark.parametrize("block_size", [0, 3, 16, -1])
def test_fast_transform_block_size_error(block_size):
    words = f"block_size: must be a power of two that divides the last axis (24); got {block_size}"
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        fast_transform(np.zeros((2, 24)), block_size)

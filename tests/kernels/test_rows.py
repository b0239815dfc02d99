"""The passes over a vector against Sylvester's matrix, and that they write nothing else.

Arrays hold small whole numbers, so every result is exact.
"""

import numpy as np
import pytest

from hadamrnn.hadamard import sylvester
from tests.kernels.probing import DTYPES, call, lanes, whole

SIZES = [(m, q) for m in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096) for q in (1, 3)]


def vectors(block_size, q, count, dtype):
    """``count`` padded vectors of whole numbers, zero behind q m numbers."""
    size = block_size * q
    width = lanes(dtype)
    values = whole(dtype, count, -(-size // width) * width)
    values[:, size:] = 0
    return values


def transformed(vector, block_size, q):
    result = vector.copy()
    blocks = result[: block_size * q].reshape(q, block_size)
    blocks[:] = blocks @ sylvester(block_size)
    return result


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("block_size", "q"), SIZES)
def test_transform(block_size, q, dtype):
    source, target, factors, added, beside = vectors(block_size, q, 5, dtype)
    exact, given = transformed(source, block_size, q), [source.copy(), beside.copy()]
    size = source.size
    call("rows", target, source, size, block_size, 1, factors)
    np.testing.assert_array_equal(target, exact * factors)
    np.testing.assert_array_equal(source, given[0])
    call("rows", source, source, size, block_size, 0, added)
    np.testing.assert_array_equal(source, exact + added)
    source[:] = given[0]
    call("rows", source, source, size, block_size, 0, None)
    np.testing.assert_array_equal(source, exact)
    np.testing.assert_array_equal(beside, given[1])

"""Rows of weights in as many bits as they need: two's complement, lowest bit first.

>>> pack_rows(np.array([[1, -1, 7]]), 4).hex()
'f107'
>>> unpack_rows(bytes.fromhex("f107"), 1, 3, 4).tolist()
[[1, -1, 7]]
"""

import numpy as np
import numpy.typing as npt

ROWS_AT_ONCE = 256


def row_bytes(length: int, bits: int) -> int:
    """Bytes of one packed row of ``length`` weights."""
    return (length * bits + 7) // 8


def pack_rows(values: npt.ArrayLike, bits: int) -> bytes:
    """Pack integers, each row on its own byte.

    Parameters
    ----------
    values : array_like of int, (rows, n)
        Integers of ``bits`` bits, two's complement.
    bits : int
        2 to 16.

    Returns
    -------
    bytes
        ``rows`` times ``row_bytes(n, bits)``.
    """
    numbers = np.asarray(values, dtype=np.int64)
    out = []
    for start in range(0, len(numbers), ROWS_AT_ONCE):  # bounds the memory of large tables
        block = numbers[start : start + ROWS_AT_ONCE]
        split = (block[..., None] >> np.arange(bits)) & 1
        flat = split.reshape(len(block), -1).astype(np.uint8)
        out.append(np.packbits(flat, axis=1, bitorder="little").tobytes())
    return b"".join(out)


def pack_run(values: npt.ArrayLike, bits: int) -> bytes:
    """Pack integers one right behind the other, whatever their rows.

    Parameters
    ----------
    values : array_like of int
        Integers of ``bits`` bits, two's complement.
    bits : int
        2 to 16.

    Returns
    -------
    bytes
        ``row_bytes`` of their number.

    Examples
    --------
    >>> pack_run([[1], [-1], [3]], 3).hex()
    'f900'
    """
    numbers = np.asarray(values, dtype=np.int64).reshape(-1)
    eights = np.pad(numbers, (0, -len(numbers) % 8)).reshape(-1, 8)  # bits bytes each
    return pack_rows(eights, bits)[: row_bytes(len(numbers), bits)]


def unpack_run(data: bytes, length: int, bits: int) -> npt.NDArray[np.int16]:
    """The inverse of ``pack_run``.

    Parameters
    ----------
    data : bytes
        As ``pack_run`` gives.
    length, bits : int
        Of the result.

    Returns
    -------
    array of int16, (length,)
        The integers.

    Examples
    --------
    >>> unpack_run(bytes.fromhex("f900"), 3, 3).tolist()
    [1, -1, 3]
    """
    eights = -(-length // 8)
    return unpack_rows(data.ljust(eights * bits, b"\0"), eights, 8, bits).reshape(-1)[:length]


def unpack_rows(data: bytes, rows: int, length: int, bits: int) -> npt.NDArray[np.int16]:
    """The inverse of ``pack_rows``.

    Parameters
    ----------
    data : bytes
        As ``pack_rows`` gives.
    rows, length : int
        Shape of the result.
    bits : int
        2 to 16.

    Returns
    -------
    array of int16, (rows, length)
        The integers.
    """
    packed = np.frombuffer(data, dtype=np.uint8).reshape(rows, row_bytes(length, bits))
    place = 1 << np.arange(bits, dtype=np.int32)
    place[-1] *= -1
    out = np.empty((rows, length), dtype=np.int16)
    for start in range(0, rows, ROWS_AT_ONCE):
        block = packed[start : start + ROWS_AT_ONCE]
        split = np.unpackbits(block, axis=1, bitorder="little", count=length * bits)
        out[start : start + len(block)] = split.reshape(len(block), length, bits) @ place
    return out

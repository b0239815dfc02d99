"""Companding: small values of a signal keep their detail beside large ones.

    c = sign(v) ((1 + |v| / s)^(1/4) - 1)

near v / (4 s) up to |v| = s, and like the fourth root beyond: four decades of motion share the few
bits of an input, and the recurrence sees tremor beside steps. The idea is that of mu-law telephony
(ITU-T G.711); two square roots take the logarithm's place, because they are rounded alike on every
machine, and a small processor can take them of integers.

Arrays are NumPy's, or torch's with ``library=torch``.
"""

from typing import Any

import numpy as np


def compress(values: Any, unit: Any, library: Any = np) -> Any:
    """Companded copy of ``values``.

    Parameters
    ----------
    values : (..., d) float array
        Readings.
    unit : (d,) array of the same type
        s of each channel in the units of ``values``, 0 where the channel stays as it is.
    library : module
        numpy or torch, whose arrays they are.

    Returns
    -------
    (..., d) array of the same type

    Examples
    --------
    >>> compress(np.array([[0.0, -1.5, 7.0], [0.0, 0.0, 8.0]]), np.array([0.1, 0.1, 0])).tolist()
    [[0.0, -1.0, 7.0], [0.0, 0.0, 8.0]]
    """
    scale = library.where(unit > 0, unit, 1)
    root = library.sqrt(library.sqrt(1 + library.abs(values) / scale))
    return library.where(unit > 0, library.copysign(root - 1, values), values)


def expand(values: Any, unit: Any, library: Any = np) -> Any:
    """The inverse of ``compress``; arguments as there.

    Examples
    --------
    >>> expand(np.array([[-1.0, 7.0]]), np.array([0.1, 0.0])).round(9).tolist()
    [[-1.5, 7.0]]
    """
    scale = library.where(unit > 0, unit, 1)
    fourth = library.square(library.square(1 + library.abs(values)))
    return library.where(unit > 0, library.copysign((fourth - 1) * scale, values), values)

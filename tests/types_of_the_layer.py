"""What a checker of types sees of the layer: mypy reads this file (nox -s lint), nobody runs it."""

from typing import assert_type

import torch

from hadamrnn import HadamRNN


def of_a_user() -> None:
    layer = HadamRNN(3, 8)
    assert_type(layer.last_state(torch.zeros(2, 5, 3)), torch.Tensor)
    HadamRNN("3", 8)  # type: ignore[arg-type]

"""Work that torch.compile leaves out of its graphs: kernels, and ids that must be looked at.

A module of its own, imported where torch compiles, because it loads torch's compiler.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import torch

T = TypeVar("T")


def _plain(function: Callable[..., T], *arguments: Any) -> T:
    return function(*arguments)


_outside: Callable[..., Any] = cast(Any, torch.compiler).disable(_plain)


def call(function: Callable[..., T], *arguments: Any) -> T:
    """``function`` of the arguments, run as it is."""
    result: T = _outside(function, *arguments)
    return result

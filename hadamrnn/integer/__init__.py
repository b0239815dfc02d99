"""The integer model, with NumPy alone: ``hadamrnn.integer.load("model.hrnn").predict(inputs)``."""

from hadamrnn.integer.model import IntegerModel, IntegerState
from hadamrnn.integer.packed import read as load

__all__ = ["IntegerModel", "IntegerState", "load"]

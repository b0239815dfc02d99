"""The integer model, with NumPy alone: ``hadamrnn.integer.load("model.hrnn").predict(inputs)``."""

from hadamrnn.integer.compiled import with_engine
from hadamrnn.integer.loading import load
from hadamrnn.integer.model import IntegerModel
from hadamrnn.integer.state import IntegerState
from hadamrnn.integer.stream import Event, Stream

__all__ = ["Event", "IntegerModel", "IntegerState", "Stream", "load", "with_engine"]

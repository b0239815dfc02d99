"""params.yaml as frozen models; every wrong key or value is one sentence.

A settings object is resolved for one benchmark: the ``train`` and ``export`` defaults, overridden
by that benchmark's own section, under the top-level keys; a top-level ``auto`` leaves a key to the
benchmark. Nothing here imports torch, so that a typo stops in a fraction of a second.
"""

from hadamrnn.params.checking import check, load
from hadamrnn.params.sections import (
    CLOSED,
    HADAMARD_MODELS,
    MODELS,
    Data,
    ExportSettings,
    Facts,
    Settings,
    TrainSettings,
)
from hadamrnn.params.sentences import read

__all__ = [
    "CLOSED",
    "HADAMARD_MODELS",
    "MODELS",
    "Data",
    "ExportSettings",
    "Facts",
    "Settings",
    "TrainSettings",
    "check",
    "load",
    "read",
]

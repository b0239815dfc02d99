"""Binary orthogonal recurrent networks, from training to microcontrollers.

``hadamrnn.HadamRNN`` is the torch layer; it is loaded on first use, so that the deployment path
(``hadamrnn.integer``, the command line) needs NumPy alone.
"""

import importlib
import importlib.metadata

_LAZY = {"HadamRNN": "hadamrnn.models.layer"}


def __getattr__(name):
    if name == "__version__":
        return importlib.metadata.version("hadamrnn")
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'hadamrnn' has no attribute {name!r}")

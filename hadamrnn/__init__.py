"""Binary orthogonal recurrent networks, from training to microcontrollers.

``hadamrnn.HadamRNN`` is the torch layer, ``HadamRNNClassifier`` and ``HadamRNNRegressor`` are
scikit-learn estimators, and ``export_module`` makes C of a torch module. All are loaded on first
use, so that the deployment path (``hadamrnn.integer``, the command line) needs NumPy alone.
"""

import importlib
import importlib.metadata
import importlib.util
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hadamrnn.estimators.classifier import HadamRNNClassifier
    from hadamrnn.estimators.regressor import HadamRNNRegressor
    from hadamrnn.export.module import export_module
    from hadamrnn.models.layer import HadamRNN

__all__ = ["HadamRNN", "HadamRNNClassifier", "HadamRNNRegressor", "export_module"]

_LAZY = {
    "HadamRNN": "hadamrnn.models.layer",
    "HadamRNNClassifier": "hadamrnn.estimators.classifier",
    "HadamRNNRegressor": "hadamrnn.estimators.regressor",
    "export_module": "hadamrnn.export.module",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return importlib.metadata.version("hadamrnn")
    if name not in _LAZY:
        raise AttributeError(f"module 'hadamrnn' has no attribute {name!r}")
    if importlib.util.find_spec("torch") is None:
        raise ImportError(
            f"hadamrnn.{name} needs torch, which is not installed; install hadamrnn with its extra "
            "train, as in: pip install '.[train]'"
        )
    return getattr(importlib.import_module(_LAZY[name]), name)

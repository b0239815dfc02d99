"""The recipe of the estimators: as params.yaml's, with what ``training.automatic`` chooses."""

from collections.abc import Mapping
from typing import Any

from hadamrnn import params
from hadamrnn.params import TrainSettings
from hadamrnn.params.sections import AUTOMATIC

HIDDEN_SIZE = int(AUTOMATIC["hidden_size"])
LEARNING_RATE = float(AUTOMATIC["learning_rate"])

DEFAULTS: Mapping[str, Any] = {
    **AUTOMATIC,
    "q": 1,
    "embedding_size": None,
    "min_steps": None,
    "balanced": False,
    "learning_rate_schedule": "cosine",
    "learning_rate_decay": 0.98,
    "warmup_steps": 100,
    "patience": None,
    "weight_bits": 4,
    "input_weight_bits": "auto",
    "output_weight_bits": "auto",
    "quantizer": "max",
    "train_on_validation": False,
    "finer_classes": False,
    "sign_schedule": "hold",
    "sign_learning_rate": 0.001,
    "sign_epochs": 10,
    "clip_gradient": None,
    "state_noise_bits": None,
    "rotation": 0.0,
    "embedding_bits": None,
    "word_dropout": 0.0,
    "distortion": 0.0,
    "channel_dropout": 0.0,
}
"""As in params.yaml, but for the size, the rate and the choice of the epoch."""


def settings(given: Mapping[str, Any]) -> TrainSettings:
    """A recipe, DEFAULTS for what is not given.

    Parameters
    ----------
    given : mapping
        Keys of the section train of params.yaml.

    Returns
    -------
    TrainSettings

    Raises
    ------
    HadamrnnError
        For a value that params.yaml could not have either.
    """
    return params.read(TrainSettings, {**given}, "", DEFAULTS)

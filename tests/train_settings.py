"""Training settings for tests: the shipped defaults, some of them changed."""

from pathlib import Path

import yaml

from hadamrnn.params import TrainSettings

DEFAULTS = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["train"]


def train_settings(**changes):
    """The train section of params.yaml with ``changes``."""
    return TrainSettings(**{**DEFAULTS, **changes})

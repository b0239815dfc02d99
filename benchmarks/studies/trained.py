"""Models that a study needs beside the shipped ones: trained once, kept, and found again.

Stage ``train`` itself runs in a folder of its own, models/studies/<benchmark>-<hash>, whose name
carries a hash of all that decides the training: recipe, seed and data. So a study that is started
again goes on where it stopped, and a changed params.yaml trains anew instead of mixing two recipes.
No test data is read.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn

from hadamrnn import files
from hadamrnn.models import storage
from hadamrnn.params import Settings
from hadamrnn.prepared import arrays
from hadamrnn.training.checkpoint import checkpoint_for
from hadamrnn.training.configuration import configuration
from stages import common, train


def recipe(settings: Settings) -> str:
    """Twelve hex digits that name this training and no other."""
    card = arrays.read_card(common.prepared(settings.benchmark))
    config = configuration(settings, card)
    decisive = checkpoint_for(
        settings, config, common.prepared(settings.benchmark) / "card.json"
    ).configuration
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:12]


def folder_of(settings: Settings) -> Path:
    """Where the training of ``settings`` runs and its model is kept."""
    return Path("models/studies", f"{settings.benchmark}-{recipe(settings)}")


def model_of(settings: Settings, progress: Callable[[Any], object] = print) -> nn.Module:
    """The trained torch model of ``settings``, in evaluation mode; trained now if none is kept."""
    folder = folder_of(settings)
    trained = folder / common.models(settings.benchmark)
    if not (trained / "config.json").exists():
        _train(settings, folder)
        summary = files.read_json(folder / common.results(settings.benchmark) / "train.json")
        progress(f"trained {folder}: {summary['seconds']:.0f} s, epoch {summary['best_epoch']}")
    return storage.load(trained)[0]


def _train(settings, folder):
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        (folder / "data").symlink_to(Path("data").absolute(), target_is_directory=True)
    with contextlib.chdir(folder):
        train.main(settings)()

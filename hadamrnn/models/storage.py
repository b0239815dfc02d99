"""A trained model as files: model.safetensors (parameters) and config.json (what to build)."""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from hadamrnn.errors import HadamrnnError
from hadamrnn.models.baselines.fastgrnn import FastGRNN
from hadamrnn.models.baselines.gru import GRU
from hadamrnn.models.baselines.hadamrelu import HadamRelu
from hadamrnn.models.baselines.lstm import LSTM
from hadamrnn.models.baselines.ornn import ORNN
from hadamrnn.models.baselines.qornn import QORNN
from hadamrnn.models.baselines.rnn import RNN
from hadamrnn.models.classifier import HadamClassifier

BASELINES = {
    "hadamrelu": HadamRelu,
    "lstm": LSTM,
    "gru": GRU,
    "rnn": RNN,
    "fastgrnn": FastGRNN,
    "ornn": ORNN,
    "qornn": QORNN,
}
"""Models without an integer form."""
MODELS = {"hadamrnn": HadamClassifier, **BASELINES}
"""Constructor by the ``model`` parameter; names as in params.MODELS."""


def build(config, generator_seed=0):
    """A new model with parameters drawn from ``generator_seed``, whatever was drawn before.

    Its attribute ``class_of`` says which class each output belongs to, None where outputs are
    the classes themselves.
    """
    if config["model"] not in MODELS:
        raise HadamrnnError(f"model: must be one of {', '.join(MODELS)}; got {config['model']!r}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator_seed)
        model = MODELS[config["model"]](**config["arguments"])
    model.class_of = config.get("class_of")
    return model


def save(model, config, folder):
    """Write model.safetensors and config.json into ``folder``."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: t.detach().cpu().contiguous() for name, t in model.state_dict().items()}
    save_file(tensors, folder / "model.safetensors")
    text = json.dumps(config, indent=2, sort_keys=True) + "\n"
    (folder / "config.json").write_text(text, encoding="utf-8")


def load(folder):
    """(model in evaluation mode, config) from ``save``'s files.

    Raises HadamrnnError when they are not there.
    """
    folder = Path(folder)
    if not (folder / "config.json").exists():
        raise HadamrnnError(
            f"{folder}: must hold a trained model; run dvc repro train@{folder.name}"
        )
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    model = build(config)
    model.load_state_dict(load_file(folder / "model.safetensors"))
    return model.eval(), config

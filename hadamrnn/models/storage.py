"""A trained model as files: model.safetensors (parameters) and config.json (what to build).

config.json is written last and carries the checksum of the parameters and its own: the two belong
together, and a change of either is seen.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as tensors_of
from safetensors.torch import save as bytes_of

from hadamrnn import files
from hadamrnn.errors import HadamrnnError
from hadamrnn.models.baselines.common import Baseline
from hadamrnn.models.baselines.fastgrnn import FastGRNN
from hadamrnn.models.baselines.gru import GRU
from hadamrnn.models.baselines.hadamrelu import HadamRelu
from hadamrnn.models.baselines.lstm import LSTM
from hadamrnn.models.baselines.ornn import ORNN
from hadamrnn.models.baselines.qornn import QORNN
from hadamrnn.models.baselines.rnn import RNN
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.models.state_noise import StateNoise

TENSORS, CONFIG = "model.safetensors", "config.json"

Model = HadamClassifier | Baseline
"""What can be trained."""

BASELINES: dict[str, type[Baseline]] = {
    "hadamrelu": HadamRelu,
    "lstm": LSTM,
    "gru": GRU,
    "rnn": RNN,
    "fastgrnn": FastGRNN,
    "ornn": ORNN,
    "qornn": QORNN,
}
"""Models without an integer form."""
MODELS: dict[str, type[Model]] = {"hadamrnn": HadamClassifier, **BASELINES}
"""Constructor by the ``model`` parameter; names as in params.MODELS."""


def build(config: Mapping[str, Any], generator_seed: int = 0) -> Model:
    """A new model with parameters drawn from one seed, whatever was drawn before.

    Parameters
    ----------
    config : mapping
        As ``training.configuration``: "model", one of MODELS; "arguments" of its constructor;
        and, perhaps, "class_of" and "state_noise_bits".
    generator_seed : int
        Of torch's generator, whose state is the same afterwards.

    Returns
    -------
    Model
        In training mode, on the CPU.

    Raises
    ------
    HadamrnnError
        There is no such model, or its constructor refuses an argument.
    """
    if config["model"] not in MODELS:
        raise HadamrnnError(f"model: must be one of {', '.join(MODELS)}; got {config['model']!r}")
    some: dict[str, Any] = {"class_of": config.get("class_of")}
    if config.get("state_noise_bits") is not None:
        some["state_noise"] = StateNoise(config["state_noise_bits"])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator_seed)
        return MODELS[config["model"]](**config["arguments"], **some)


def save(model: Model, config: Mapping[str, Any], folder: str | Path) -> None:
    """Write model.safetensors and config.json.

    Parameters
    ----------
    model : Model
        As ``build`` makes it.
    config : mapping
        What it was built from.
    folder : str or Path
        Made when missing.

    Raises
    ------
    HadamrnnError
        A file cannot be written.
    """
    folder = Path(folder)
    tensors = {name: t.detach().cpu().contiguous() for name, t in model.state_dict().items()}
    data = bytes_of(tensors)
    files.write_bytes(folder / TENSORS, data)
    content = {**config, "checksums": {TENSORS: files.checksum(data)}}
    files.write_json(folder / CONFIG, content, sealed=True)


def load(folder: str | Path) -> tuple[Model, dict[str, Any]]:
    """A model that ``save`` wrote.

    Parameters
    ----------
    folder : str or Path
        Of its files.

    Returns
    -------
    model : Model
        In evaluation mode, on the CPU.
    config : dict
        What it was built from.

    Raises
    ------
    HadamrnnError
        A file is missing, damaged, or of another version of the model.
    """
    folder = Path(folder)
    remedy = f"run dvc repro train@{folder.name}"
    if not (folder / CONFIG).exists():
        raise HadamrnnError(f"{folder}: must hold a trained model; {remedy}")
    config = files.read_json(folder / CONFIG, remedy, sealed=True)
    sums = config.pop("checksums", {})
    data = files.read_checked(folder / TENSORS, sums.get(TENSORS), remedy)
    model = build(config)
    try:
        model.load_state_dict(tensors_of(data))
    except (SafetensorError, RuntimeError) as error:
        words = " ".join(str(error).split())
        raise files.damaged(
            folder / TENSORS, f"parameters of another model ({words})", remedy
        ) from None
    return model.eval(), config

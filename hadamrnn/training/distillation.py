"""Distillation: a small model learns the answers of a trained larger one beside the classes.

loss = (1 - w) loss of the classes + w T^2 KL(softmax(teacher / T) || softmax(student / T))

T > 1 softens both, so that the teacher's small probabilities are seen; T^2 keeps the size of the
gradient (Hinton, Vinyals and Dean, arXiv:1503.02531). The teacher sees the same (augmented) inputs.
"""

import hashlib
from pathlib import Path

import torch

from hadamrnn.errors import HadamrnnError
from hadamrnn.models import storage

FILES = ("config.json", "model.safetensors")
"""A teacher's folder, as stage train writes it."""


def divergence(logits, answers, temperature):
    """T^2 KL(answers || logits) in nats, mean over all samples (and steps); 0 for no samples.

    logits, answers : (..., classes) of student and teacher; temperature : T, greater than 0.

    >>> divergence(torch.zeros(3, 2), torch.zeros(3, 2), 2.0).item()
    0.0
    """
    student, teacher = (
        torch.log_softmax(rows.reshape(-1, rows.shape[-1]) / temperature, -1)
        for rows in (logits, answers)
    )
    total = torch.nn.functional.kl_div(student, teacher, reduction="sum", log_target=True)
    return temperature**2 * total / max(1, len(student))


class Teacher:
    """A trained ``model`` whose answers get ``weight`` (0 to 1) of the loss."""

    def __init__(self, model, weight, temperature):
        self.model, self.weight, self.temperature = model.eval(), weight, temperature

    def mix(self, loss, inputs, logits):
        """The whole loss; loss : of the classes, logits : of the student for ``inputs``."""
        if not len(inputs):  # one of several processes, without a share of the last batch
            return loss
        with torch.no_grad():
            answers = self.model(inputs)
        gap = divergence(logits, answers, self.temperature)
        return (1 - self.weight) * loss + self.weight * gap


def _check_folder(folder):
    if not all((Path(folder) / name).is_file() for name in FILES):
        raise HadamrnnError(
            f"train.teacher: must be a folder with {' and '.join(FILES)}; got {folder!r}"
        )


def fingerprint(folder):
    """SHA-256 of a teacher's files in hexadecimal, which decide what it teaches."""
    _check_folder(folder)
    return hashlib.sha256(
        b"".join((Path(folder) / name).read_bytes() for name in FILES)
    ).hexdigest()


def _meaning(config):
    """What two models must share to answer the same question."""
    keys = ("input_size", "output_size", "per_step")
    shared = {key: config["arguments"][key] for key in keys}
    return {**shared, "class_of": config.get("class_of")}


def load(settings, config, device="cpu"):
    """The Teacher that ``settings.teacher`` names, on ``device``; None without one.

    settings : TrainSettings; config : of the student, as ``training.configuration``.
    Raises HadamrnnError when the files are missing or answer another question.
    """
    if settings.teacher is None:
        return None
    _check_folder(settings.teacher)
    model, own = storage.load(settings.teacher)
    for key, wanted in _meaning(config).items():
        if _meaning(own)[key] != wanted:
            raise HadamrnnError(
                f"train.teacher: must have the student's {key}, {wanted}; "
                f"got {_meaning(own)[key]} in {settings.teacher}"
            )
    return Teacher(model.to(device), settings.distill_weight, settings.distill_temperature)

"""Distillation: its loss by definition, a teacher that is followed, and one that does not fit."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from hadamrnn.errors import HadamrnnError
from hadamrnn.models import storage
from hadamrnn.training import distillation
from hadamrnn.training.fit import fit
from hadamrnn.training.losses import cross_entropy
from tests.training.test_fit import CLASSES, FEATURES, SETTINGS, batches, model, same_parameters

CONFIG = {
    "model": "gru",
    "arguments": {
        "input_size": FEATURES, "hidden_size": 8, "output_size": CLASSES, "per_step": False,
    },
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    storage.save(storage.build(CONFIG, 3), CONFIG, tmp_path / "teacher")
    return str(tmp_path / "teacher")


def settings_with(folder, **changes):
    return replace(SETTINGS, teacher=folder, **changes)


@pytest.mark.parametrize("shape", [(5,), (4, 7), (0,)])
@pytest.mark.parametrize("temperature", [0.5, 1, 4.0])
def test_divergence_is_its_definition_in_float64(shape, temperature):
    generator = torch.Generator().manual_seed(1)
    student, teacher = (
        3 * torch.randn(*shape, CLASSES, generator=generator, dtype=torch.float64) for _ in range(2)
    )
    p, q = (np.exp(x.numpy() / temperature) for x in (teacher, student))
    p, q = (x / x.sum(-1, keepdims=True) for x in (p, q))
    rows = (p * np.log(p / q)).sum(-1)
    expected = temperature**2 * rows.sum() / max(1, rows.size)
    found = distillation.divergence(student, teacher, temperature)
    assert found.item() == pytest.approx(expected, rel=1e-9)
    assert distillation.divergence(student, student, temperature).item() == pytest.approx(0)


@pytest.mark.parametrize("weight", [0.25, 0.9, 1.0])
def test_the_loss_is_shared_by_classes_and_teacher(weight):
    student, answers = torch.randn(8, CLASSES), torch.randn(8, CLASSES)
    loss = cross_entropy(student, torch.arange(8) % CLASSES)
    inputs = torch.randn(8, 4, FEATURES)

    class Fixed(torch.nn.Module):
        def forward(self, x):
            assert x is inputs and not torch.is_grad_enabled() and not self.training
            return answers

    found = distillation.Teacher(Fixed(), weight, 3).mix(loss, inputs, student)
    gap = distillation.divergence(student, answers, 3)
    assert found.item() == pytest.approx(((1 - weight) * loss + weight * gap).item())


def test_a_batch_without_samples_asks_nobody():
    loss, nothing = torch.zeros(()), torch.zeros(0, 4, dtype=torch.long)
    assert distillation.Teacher(torch.nn.Identity(), 0.5, 2).mix(loss, nothing, None) is loss


def test_a_student_follows_a_teacher_that_knows_nothing_of_the_classes(folder):
    """All of the loss is the teacher's: the student ends with the teacher's answers."""
    teacher = distillation.load(settings_with(folder, distill_weight=1), CONFIG)
    network, before = model(), storage.load(folder)[0]
    inputs, _ = batches().sample(150)
    gaps = [distillation.divergence(network(inputs), teacher.model(inputs), 1).item()]
    settings = replace(SETTINGS, epochs=12, select="last")
    fit(network, batches(), batches(seed=None), settings, teacher=teacher)
    gaps.append(distillation.divergence(network(inputs), teacher.model(inputs), 1).item())
    assert gaps[1] < 0.1 * gaps[0]
    assert same_parameters(teacher.model, before)


def test_no_teacher_and_none_of_its_weight_are_the_same_training(folder):
    assert distillation.load(SETTINGS, CONFIG) is None
    teacher = distillation.load(settings_with(folder), CONFIG)
    teacher.weight = 0
    plain, taught = model(), model()
    fit(plain, batches(), batches(seed=None), SETTINGS)
    fit(taught, batches(), batches(seed=None), SETTINGS, teacher=teacher)
    for one, other in zip(plain.parameters(), taught.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def test_weight_and_temperature_are_the_settings(folder):
    settings = settings_with(folder, distill_weight=0.7, distill_temperature=5)
    teacher = distillation.load(settings, CONFIG)
    assert (teacher.weight, teacher.temperature) == (0.7, 5)


@pytest.mark.parametrize(
    ("key", "student"),
    [("output_size", 4), ("input_size", 5), ("per_step", True), ("class_of", [0, 1, 0])],
)
def test_a_teacher_of_another_question_is_refused(folder, key, student):
    arguments = {**CONFIG["arguments"]}
    config = {**CONFIG, "arguments": arguments}
    (config if key == "class_of" else arguments)[key] = student
    own = None if key == "class_of" else CONFIG["arguments"][key]
    words = f"train.teacher: must have the student's {key}, {student}; got {own} in {folder}"
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        distillation.load(settings_with(folder), config)


@pytest.mark.parametrize("missing", distillation.FILES)
@pytest.mark.parametrize("use", ["load", "fingerprint"])
def test_a_folder_without_a_model_is_refused(folder, tmp_path, missing, use):
    (tmp_path / "teacher" / missing).unlink()
    words = (
        f"train.teacher: must be a folder with config.json and model.safetensors; got {folder!r}"
    )
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        if use == "load":
            distillation.load(settings_with(folder), CONFIG)
        else:
            distillation.fingerprint(folder)


@pytest.mark.parametrize("name", distillation.FILES)
def test_the_fingerprint_is_of_both_files(folder, tmp_path, name):
    before = distillation.fingerprint(folder)
    assert distillation.fingerprint(folder) == before
    path = tmp_path / "teacher" / name
    path.write_bytes(path.read_bytes() + b" ")
    assert distillation.fingerprint(folder) != before

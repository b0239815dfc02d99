"""The class-first cross-entropy is torch's, in value and gradient."""

import pytest
import torch

from hadamrnn.losses import FEW_CLASSES, cross_entropy


@pytest.mark.parametrize("shape", [(1, 2), (7, 9), (4, 11, 9), (5, FEW_CLASSES + 1)])
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_equals_torch(shape, scale):
    generator = torch.Generator().manual_seed(0)
    logits = scale * torch.randn(shape, dtype=torch.float64, generator=generator)
    logits.requires_grad_()
    targets = torch.randint(shape[-1], shape[:-1], generator=generator)
    ours = cross_entropy(logits, targets)
    theirs = torch.nn.functional.cross_entropy(logits.reshape(-1, shape[-1]), targets.reshape(-1))
    torch.testing.assert_close(ours, theirs)
    for gradients in zip(
        torch.autograd.grad(2 * ours, logits), torch.autograd.grad(2 * theirs, logits), strict=True
    ):
        torch.testing.assert_close(*gradients)


def test_without_gradient():
    assert cross_entropy(torch.zeros(2, 4), torch.tensor([0, 3])).item() == pytest.approx(1.386294)


@pytest.mark.parametrize("classes", [2, FEW_CLASSES + 1])
def test_no_samples_have_no_loss(classes):
    logits = torch.zeros(0, classes, requires_grad=True)
    loss = cross_entropy(logits, torch.zeros(0, dtype=torch.long))
    loss.backward()
    assert loss == 0 and logits.grad.shape == (0, classes)


def test_not_a_number_stays_visible():
    logits = torch.tensor([[0.0, float("nan")], [0.0, 1.0]])
    assert cross_entropy(logits, torch.tensor([0, 0])).isnan()

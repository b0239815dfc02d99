"""The cross-entropy is torch's, in value and gradient, by the kernel and without it."""

import pytest
import torch

from hadamrnn.errors import HadamrnnError
from hadamrnn.training.losses import FEW_CLASSES, MANY_SAMPLES, cross_entropy

SMALL = [(1, 2), (7, 9), (4, 11, 9), (5, FEW_CLASSES + 1)]
MANY = [(MANY_SAMPLES, 1), (MANY_SAMPLES + 3, 2), (4, 517, 9), (1500, FEW_CLASSES)]
DTYPES = [torch.float32, torch.float64]


def drawn(shape, scale, dtype):
    generator = torch.Generator().manual_seed(0)
    logits = scale * torch.randn(shape, dtype=dtype, generator=generator)
    return logits.requires_grad_(), torch.randint(shape[-1], shape[:-1], generator=generator)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SMALL + MANY)
@pytest.mark.parametrize("scale", [0.0, 1.0, 1000.0])
def test_equals_torch(shape, scale, dtype):
    logits, targets = drawn(shape, scale, dtype)
    ours = cross_entropy(logits, targets)
    theirs = torch.nn.functional.cross_entropy(logits.reshape(-1, shape[-1]), targets.reshape(-1))
    torch.testing.assert_close(ours, theirs)
    for gradients in zip(
        torch.autograd.grad(2 * ours, logits), torch.autograd.grad(2 * theirs, logits), strict=True
    ):
        torch.testing.assert_close(*gradients)


def test_is_as_exact_as_torch():
    """Against float64: at most twice the error of torch in float32."""
    logits, targets = drawn((4000, 9), 5.0, torch.float32)
    exact = logits.detach().double().requires_grad_()
    reference = torch.nn.functional.cross_entropy(exact, targets)
    (wanted,) = torch.autograd.grad(reference, exact)
    losses, gradients = [], []
    for function in (cross_entropy, torch.nn.functional.cross_entropy):
        loss = function(logits, targets)
        losses.append(abs(loss.item() - reference.item()))
        gradients.append((torch.autograd.grad(loss, logits)[0] - wanted).abs().max())
    assert losses[0] <= max(2 * losses[1], reference.item() * 2**-24)
    assert gradients[0] <= 2 * gradients[1]


def test_does_not_depend_on_the_number_of_threads():
    threads, results = torch.get_num_threads(), []
    try:
        for number in (1, 2, 3):
            torch.set_num_threads(number)
            logits, targets = drawn((5000, 9), 3.0, torch.float32)
            loss = cross_entropy(logits, targets)
            results.append((loss.item(), torch.autograd.grad(loss, logits)[0]))
    finally:
        torch.set_num_threads(threads)
    for loss, gradient in results[1:]:
        assert loss == results[0][0] and torch.equal(gradient, results[0][1])


@pytest.mark.parametrize("samples", [2, MANY_SAMPLES])
def test_without_gradient(samples):
    targets = torch.arange(samples) % 4
    assert cross_entropy(torch.zeros(samples, 4), targets).item() == pytest.approx(1.386294)


def test_of_logits_that_are_not_contiguous():
    logits, targets = drawn((9, 1200), 1.0, torch.float32)
    targets = targets.repeat(200)[:1200] % 9
    loss = cross_entropy(logits.t(), targets)
    torch.testing.assert_close(loss, torch.nn.functional.cross_entropy(logits.t(), targets))


@pytest.mark.parametrize("classes", [2, FEW_CLASSES + 1])
def test_no_samples_have_no_loss(classes):
    logits = torch.zeros(0, classes, requires_grad=True)
    loss = cross_entropy(logits, torch.zeros(0, dtype=torch.long))
    loss.backward()
    assert loss == 0 and logits.grad.shape == (0, classes)


@pytest.mark.parametrize("samples", [2, MANY_SAMPLES])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_not_a_number_stays_visible(value, samples):
    logits = torch.zeros(samples, 2)
    logits[samples // 2, 1] = value
    assert not cross_entropy(logits, torch.zeros(samples, dtype=torch.long)).isfinite()


@pytest.mark.parametrize("samples", [1, MANY_SAMPLES])
@pytest.mark.parametrize("target", [-100, -1, 9])
def test_refuses_targets_that_are_no_class(target, samples):
    targets = torch.zeros(samples, dtype=torch.long)
    targets[-1] = target
    with pytest.raises(HadamrnnError, match=rf"targets: must lie in 0\.\.8; got .*{target}"):
        cross_entropy(torch.zeros(samples, 9), targets)


def test_a_second_backward_pass_adds_the_same_again():
    logits, targets = drawn((MANY_SAMPLES, 9), 1.0, torch.float32)
    loss = cross_entropy(logits, targets)
    (once,) = torch.autograd.grad(loss, logits, retain_graph=True)
    for times in (1, 2, 3):
        loss.backward(retain_graph=True)
        torch.testing.assert_close(logits.grad, times * once)

"""Sequences of unequal lengths equal each of them alone, whatever stands behind their ends."""

import re
from dataclasses import replace

import pytest
import torch

from hadamrnn.errors import HadamrnnError
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.models.layer import HadamRNN
from hadamrnn.recurrence import unequal
from tests.recurrence.cases import MODES, Case, run

LENGTHS = [3, 11, 1, 7]
STEPS = 11


def weighted(case, values):
    generator = torch.Generator().manual_seed(2)
    shape = (case.batch, *values.shape[1:])
    return torch.randn(shape, generator=generator, dtype=values.dtype)[: len(values)] * values


def together(case, backend, lengths, padding):
    """(output, last state, gradients) of the batch with lengths."""
    arguments = case.arguments()
    leaves = {n: a for n, a in arguments.items() if a is not None and a.requires_grad}
    within = unequal.inside(case.steps, lengths)
    inputs = arguments["inputs"]
    given = torch.where(within if case.symbols else within[:, :, None], inputs, padding)
    readout = arguments.pop("output_weight"), arguments.pop("output_bias")
    output, last = unequal.run(
        **arguments | {"inputs": given},
        block_size=case.block_size,
        mode=case.mode,
        readout=readout if case.mode == "logits" else None,
        fade=case.fade,
        backend=backend,
        lengths=lengths,
    )
    loss = weighted(case, output).sum() + last.square().sum()
    grads = torch.autograd.grad(loss, tuple(leaves.values()), materialize_grads=True)
    return output, last, dict(zip(leaves, grads, strict=True))


def apart(case, lengths):
    """The same from every sequence alone by the reference."""
    arguments = case.arguments()
    leaves = {n: a for n, a in arguments.items() if a is not None and a.requires_grad}
    outputs, lasts = [], []
    for row, length in enumerate(lengths.tolist()):
        initial = arguments["initial_state"]
        mine = arguments | {
            "inputs": arguments["inputs"][row : row + 1, :length],
            "initial_state": None if initial is None else initial[row : row + 1],
        }
        output, last = run(replace(case, batch=1), mine, "reference")
        if case.mode in ("all", "logits"):
            output = torch.nn.functional.pad(output, (0, 0, 0, case.steps - length))
        outputs.append(output)
        lasts.append(last)
    output, last = torch.cat(outputs), torch.cat(lasts)
    loss = weighted(case, output).sum() + last.square().sum()
    grads = torch.autograd.grad(loss, tuple(leaves.values()), materialize_grads=True)
    return output, last, dict(zip(leaves, grads, strict=True))


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
@pytest.mark.parametrize("initial", [False, True], ids=["zero", "initial"])
@pytest.mark.parametrize("symbols", [False, True], ids=["dense", "symbols"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("features", "fade"), [(3, None), (60, None), (3, 2)])
def test_each_sequence_is_as_alone(features, fade, mode, symbols, initial, bias):
    case = Case(16, 2, STEPS, len(LENGTHS), features, mode, symbols, initial, bias, fade=fade)
    lengths, padding = torch.tensor(LENGTHS), 10**6 if symbols else float("nan")
    output, last, grads = apart(case, lengths)
    for backend in (*case.forms(), "reference", "auto"):
        found = together(case, backend, lengths, padding)
        torch.testing.assert_close(found[0], output, rtol=1e-10, atol=1e-12, msg=backend)
        torch.testing.assert_close(found[1], last, rtol=1e-10, atol=1e-12, msg=backend)
        for name, gradient in grads.items():
            torch.testing.assert_close(found[2][name], gradient, rtol=1e-9, atol=1e-11, msg=name)


def test_output_behind_a_sequences_end_is_zero():
    layer = HadamRNN(3, 8)
    output, _ = layer(torch.randn(4, STEPS, 3), lengths=LENGTHS)
    outside = ~unequal.inside(STEPS, torch.tensor(LENGTHS))
    assert not output[outside].any() and output[~outside].all()


@pytest.mark.parametrize("embedding_size", [None, 4])
@pytest.mark.parametrize(
    "options", [{}, {"readout": "mean"}, {"per_step": True}], ids=["last", "mean", "per step"]
)
def test_classifiers_read_each_sequence_as_alone(options, embedding_size):
    torch.manual_seed(0)
    model = HadamClassifier(20, 8, 3, embedding_size=embedding_size, **options).double().eval()
    ids = torch.randint(1, 20, (len(LENGTHS), STEPS))
    padded = ids.masked_fill(~unequal.inside(STEPS, torch.tensor(LENGTHS)), -100)
    logits = model(padded, LENGTHS)
    for row, length in enumerate(LENGTHS):
        alone = model(ids[row : row + 1, :length])[0]
        found = logits[row, :length] if model.per_step else logits[row]
        torch.testing.assert_close(found, alone, rtol=1e-10, atol=1e-12)


def test_all_steps_are_the_default():
    layer, x = HadamRNN(3, 8), torch.randn(4, STEPS, 3)
    for method in (layer.last_state, layer.mean_state):
        torch.testing.assert_close(method(x, lengths=[STEPS] * 4), method(x))


def test_no_sequences():
    layer, empty = HadamRNN(3, 8), torch.zeros(0, dtype=torch.long)
    x = torch.zeros(0, 5, 3)
    assert layer(x, lengths=empty)[0].shape == (0, 5, 8)
    assert layer.mean_state(x, lengths=empty).shape == (0, 8)


@pytest.mark.parametrize(
    ("lengths", "words"),
    [
        ([1, 2, 3], "lengths: must be integers of shape (4,); got (3,) of torch.int64"),
        ([1.0] * 4, "lengths: must be integers of shape (4,); got (4,) of torch.float32"),
        ([0, 1, 2, 3], "lengths: must lie in 1..11; got 0..3"),
        ([1, 2, 3, 12], "lengths: must lie in 1..11; got 1..12"),
    ],
)
def test_sentences(lengths, words):
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        HadamRNN(3, 8)(torch.zeros(4, STEPS, 3), lengths=lengths)


def test_sentences_on_lengths_that_cannot_be():
    layer, x = HadamRNN(3, 8), torch.zeros(4, STEPS, 3)
    with pytest.raises(HadamrnnError, match="^lengths: must come with a batch; got one sequence$"):
        layer(x[0], lengths=[3])
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, LENGTHS, True, enforce_sorted=False)
    with pytest.raises(HadamrnnError, match="^lengths: a PackedSequence has its own; got others$"):
        layer(packed, lengths=LENGTHS)

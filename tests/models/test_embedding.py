"""A folded embedding equals its plain form: look the vectors up, then run on dense inputs."""

import re

import pytest
import torch

from hadamrnn.errors import HadamrnnError
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.models.embedding import FoldedEmbedding
from hadamrnn.models.quantization import quantize

SYMBOLS, SIZE = 500, 6


def make(seed=0, **options):
    torch.manual_seed(seed)
    options = {"q": 2, "embedding_size": SIZE, "hold_signs": False} | options
    return HadamClassifier(SYMBOLS, 16, 3, **options).double()


def ids_of(symbols=SYMBOLS, batch=5, steps=40):
    """Ids with repetitions, padding at the front of most rows, and the last symbol.

    Little padding: a long run drives a state of d = 16 through exact zeros, where relu has no
    gradient and two right forms may differ.
    """
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(1, symbols, (batch, steps), generator=generator)
    for row in range(batch):
        ids[row, :row] = 0
    ids[0, 5:9] = ids[1, -1] = symbols - 1
    return ids


def plain_logits(model, ids):
    """Embed, then the recurrent layer on (batch, time, SIZE) numbers."""
    embedding = model.embedding
    vectors = quantize(embedding.weight, embedding.bits, embedding.log_step)
    vectors = torch.nn.functional.embedding(ids, vectors, padding_idx=0)
    states, _ = model.rnn(vectors)
    weight = model.quantized_output_weight()
    if model.per_step:
        return states.relu() @ weight.t() + model.output_bias
    read = states.relu().mean(1) if model.readout == "mean" else states[:, -1].relu()
    return read @ weight.t() + model.output_bias


@pytest.mark.parametrize("symbols", [20, SYMBOLS], ids=["few present", "many present"])
@pytest.mark.parametrize("bits", [4, None])
@pytest.mark.parametrize(
    ("readout", "per_step"), [("last", False), ("mean", False), ("last", True)]
)
def test_values_and_gradients_equal_the_plain_form(readout, per_step, bits, symbols):
    model = make(readout=readout, per_step=per_step, weight_bits=bits)
    ids = ids_of(symbols)
    logits, expected = model(ids), plain_logits(model, ids)
    torch.testing.assert_close(logits, expected, rtol=1e-10, atol=1e-12)
    parameters = dict(model.named_parameters())
    weights = torch.randn_like(logits)
    gradients = torch.autograd.grad((weights * logits).sum(), parameters.values())
    wanted = torch.autograd.grad((weights * expected).sum(), parameters.values())
    for name, gradient, right in zip(parameters, gradients, wanted, strict=True):
        torch.testing.assert_close(gradient, right, rtol=1e-9, atol=1e-11, msg=name)
    assert gradients[list(parameters).index("embedding.weight")].abs().sum() > 0


@pytest.mark.parametrize("quantizer", ["max", "lsq"])
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_vectors_of_few_bits_equal_the_plain_form(bits, quantizer):
    model = make(readout="mean", embedding_bits=bits, quantizer=quantizer)
    assert f"bits={bits}" in repr(model.embedding)
    assert 2 < len(model.embedding.vectors().unique()) <= max(3, 2**bits)
    assert not model.embedding.vectors()[0].any(), "padding"
    ids = ids_of()
    logits, expected = model(ids), plain_logits(model, ids)
    torch.testing.assert_close(logits, expected, rtol=1e-10, atol=1e-12)
    learned = [model.embedding.weight, *filter(torch.is_tensor, [model.embedding.log_step])]
    gradients = torch.autograd.grad(logits.square().sum(), learned)
    for gradient, right in zip(
        gradients, torch.autograd.grad(expected.square().sum(), learned), strict=True
    ):
        assert gradient.abs().sum() > 0
        torch.testing.assert_close(gradient, right, rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(model.embedding(ids), model.embedding.vectors()[ids])


def test_table_has_one_row_for_each_symbol_present():
    model, ids = make(), ids_of()
    weight = model.rnn.quantized_input_weight()
    places, table = model.embedding.fold(ids, weight)
    assert len(table) == len(ids.unique())
    rows = model.embedding.whole_table(weight)[ids]
    torch.testing.assert_close(table[places], rows, rtol=1e-12, atol=1e-12)


def test_one_forward_needs_no_array_of_all_vectors():
    """(batch, time, size) would be 160 MB; the largest tensor made is a batch of states."""
    model = HadamClassifier(50, 8, 2, embedding_size=4096, readout="mean")
    sizes = []

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            out = function(*args, **(kwargs or {}))
            sizes.extend(
                t.numel()
                for t in torch.utils._pytree.tree_leaves(out)
                if isinstance(t, torch.Tensor)
            )
            return out

    with Watch():
        model(torch.randint(50, (10, 1000))).sum().backward()
    assert max(sizes) <= max(50 * 4096, 10 * 1000 * 8)


def test_padding_is_zero_and_stays_zero():
    model, ids = make(readout="mean"), ids_of()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    before = model.embedding.weight.detach().clone()
    for _ in range(3):
        optimizer.zero_grad()
        model(ids).square().sum().backward()
        optimizer.step()
    assert not model.embedding.weight[0].any() and not before[0].any()
    seen = ids.unique()
    moved = (model.embedding.weight != before).any(1).nonzero().reshape(-1)
    assert moved.tolist() == seen[seen > 0].tolist()


def test_without_an_embedding_nothing_changes():
    torch.manual_seed(0)
    first = HadamClassifier(12, 16, 3)
    torch.manual_seed(0)
    second = HadamClassifier(12, 16, 3, embedding_size=None)
    assert first.embedding is None and list(first.state_dict()) == list(second.state_dict())
    ids = torch.randint(12, (2, 9))
    assert torch.equal(first(ids), second(ids))


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (torch.tensor([[0, SYMBOLS]]), f"x: ids must lie in 0..{SYMBOLS - 1}; got 0..{SYMBOLS}"),
        (torch.tensor([[-1, 3]]), f"x: ids must lie in 0..{SYMBOLS - 1}; got -1..3"),
        (torch.zeros(2, 0, dtype=torch.long), "x: must have at least one time step; got 0"),
        (
            torch.zeros(2, 3, SIZE),
            f"x: must have shape (batch, time) if integer ids; got (2, 3, {SIZE}) of torch.float32",
        ),
    ],
)
def test_input_errors(x, words):
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        make()(x)


def test_size_error():
    words = "embedding_size: needs at least one number and symbol; got 0 and 5"
    with pytest.raises(HadamrnnError, match=f"^{words}$"):
        FoldedEmbedding(5, 0)

"""Plain arrays of a torch model, and what becomes of its quantized weights."""

import numpy as np
import pytest
import torch

from hadamrnn.evaluation.onnx_sessions import run
from hadamrnn.export import from_torch, onnx_float, onnx_integer
from hadamrnn.export.freeze import freeze
from hadamrnn.export.spec import IntegerSpec
from hadamrnn.integer import accounting, packed
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.targets import host


def test_a_layer_without_bias_has_one_of_zeros():
    torch.manual_seed(0)
    model = HadamClassifier(3, 16, 4)
    model.rnn.bias = None
    for weights in (from_torch.frozen_weights(model), from_torch.float_weights(model)):
        assert weights.bias.tolist() == [0.0] * 16
    assert from_torch.frozen_weights(model).bias.dtype == np.float64


def trained(readout="last", per_step=False, **options):
    """A tiny model after a few steps of training, its steps too, and what it was trained on."""
    torch.manual_seed(0)
    model = HadamClassifier(2, 16, 3, readout=readout, per_step=per_step, **options)
    inputs = torch.randn(40, 9, 2)
    targets = (inputs.sum(2) > 0).long() if per_step else (inputs.sum((1, 2)) > 0).long()
    before = [p.detach().clone() for p in model.parameters()]
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.02)
    for _ in range(20):
        optimizer.zero_grad()
        logits = model(inputs)
        torch.nn.functional.cross_entropy(logits.flatten(0, -2), targets.flatten()).backward()
        optimizer.step()
    for old, parameter in zip(before, model.parameters(), strict=True):
        assert not parameter.requires_grad or not torch.equal(old, parameter)
    return model.eval(), inputs.numpy(), targets.numpy()


def words(symbols=40, size=2, **options):
    """(model, ids, targets): a classifier of symbols, not trained."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = HadamClassifier(symbols, 16, 3, embedding_size=size, **options)
    rng = np.random.default_rng(0)
    return model.eval(), rng.integers(0, symbols, (30, 12)), rng.integers(0, 3, 30)


@pytest.mark.parametrize("bits", [1, 3, 4, 8])
@pytest.mark.parametrize(
    ("readout", "per_step"), [("last", False), ("mean", False), ("log_mean", False), ("last", True)]
)
def test_an_embedding_of_few_bits_reaches_every_form(bits, readout, per_step):
    options = {"readout": readout, "per_step": per_step, "embedding_bits": bits, "fade": 2}
    model, ids, targets = words(**options)
    if per_step:
        targets = np.repeat(targets[:, None], ids.shape[1], axis=1)
    weights = from_torch.frozen_weights(model)
    vectors = (weights.embedding_int * weights.embedding_scale).astype(np.float32)
    assert np.array_equal(vectors, model.embedding.vectors().detach().numpy())
    spec = IntegerSpec(activation_bits=12, readout=readout, per_step=per_step, input_kind="symbol")
    frozen = freeze(weights, ids, targets, spec)
    assert frozen.input_size == 40 and frozen.features == 2
    assert frozen.input_bits == max(2, bits)
    again = packed.from_bytes(packed.to_bytes(frozen))
    assert np.array_equal(again.embedding, weights.embedding_int)
    sizes = accounting.sizes(frozen, embedding_size=2)
    assert sizes["embedding_bytes"] == 40 * 2 * max(2, bits) // 8
    assert sizes["input_bytes"] == 2 * 16 * 4 // 8
    assert sizes["packed_file_bytes"] == len(packed.to_bytes(frozen))

    logits = frozen.run_logits(ids)
    assert host.parity(frozen, ids, workers=1)["c_mismatches"] == 0
    assert np.array_equal(run(onnx_integer.integer_graph(frozen), ids), logits)
    graph = onnx_float.float_graph(from_torch.float_weights(model), readout, per_step, "symbol")
    with torch.no_grad():
        exact = model(torch.from_numpy(ids)).numpy()
    np.testing.assert_allclose(run(graph, ids), exact, atol=1e-4)
    real = frozen.real_logits(logits, ids.shape[1])
    assert (real.argmax(-1) == exact.argmax(-1)).mean() > 0.9


@pytest.mark.parametrize(("size", "bits"), [(32, 4), (2, None)])
def test_an_embedding_is_folded_where_that_is_no_larger(size, bits):
    """32 numbers of 4 bits are as many bytes as a row of 16 of 8 bits, to which U comes."""
    model, ids, targets = words(size=size, embedding_bits=bits)
    weights = from_torch.frozen_weights(model)
    assert weights.embedding_int is None and weights.input_weight_int.shape == (16, 40)
    table = model.embedding.whole_table(model.rnn.quantized_input_weight()).t()
    got = weights.input_weight_int * weights.input_weight_scale
    assert np.abs(got - table.detach().numpy()).max() <= weights.input_weight_scale / 2 + 1e-6
    assert from_torch.float_weights(model).embedding is None


PARTS = [
    {"input_weight_bits": 4, "output_weight_bits": 2, "quantizer": "lsq"},
    {"input_weight_bits": 1, "output_weight_bits": 3, "quantizer": "lsq"},
    {"input_weight_bits": 2, "output_weight_bits": 8, "quantizer": "max"},
    {"input_weight_bits": None, "output_weight_bits": 2, "quantizer": "lsq"},
    {"input_weight_bits": 8, "output_weight_bits": None, "quantizer": "lsq"},
]


@pytest.mark.parametrize("parts", PARTS, ids=lambda parts: "-".join(map(str, parts.values())))
@pytest.mark.parametrize(
    ("readout", "per_step"), [("last", False), ("log_mean", False), ("last", True)]
)
def test_bits_of_every_part_reach_every_form(parts, readout, per_step, tmp_path):
    model, inputs, targets = trained(readout, per_step, **parts)
    weights = from_torch.frozen_weights(model)
    scales = np.reshape(weights.output_weight_scale, (-1, 1))
    kept = [
        (weights.input_weight_int, weights.input_weight_scale, model.rnn.quantized_input_weight()),
        (weights.output_weight_int, scales, model.quantized_output_weight()),
    ]
    for (integers, scale, exact), bits in zip(kept, list(parts.values())[:2], strict=True):
        values = (integers * scale).astype(np.float32)
        exact = exact.detach().numpy()
        if bits is not None:
            assert np.array_equal(values, exact), "what the forward pass had"
        else:
            assert np.abs(values - exact).max() <= np.max(scale) / 2
    spec = IntegerSpec(activation_bits=12, readout=readout, per_step=per_step, bias_bits=6)
    frozen = freeze(weights, inputs, targets, spec)
    assert (frozen.row_multipliers is None) == (scales.size == 1)
    assert frozen.input_weight_bits == max(2, parts["input_weight_bits"] or 12)
    assert frozen.weight_bits == max(2, parts["output_weight_bits"] or 12)
    again = packed.from_bytes(packed.to_bytes(frozen))
    assert np.array_equal(again.output_weight, weights.output_weight_int)
    assert np.array_equal(again.input_weight, weights.input_weight_int)
    sizes = accounting.sizes(frozen)
    assert sizes["input_bytes"] == 2 * 2 * frozen.input_weight_bits
    assert sizes["output_bytes"] == 3 * 2 * frozen.weight_bits
    rows = 0 if frozen.row_multipliers is None else 3 * 2
    assert sizes["bias_bytes"] == 16 * 6 // 8 + 3 * 4 + rows
    assert sizes["packed_file_bytes"] == len(packed.to_bytes(frozen))

    x_int = frozen.quantize_input(inputs)
    logits = frozen.run_logits(x_int)
    assert np.abs(frozen.bias).max() < 32
    assert host.parity(frozen, x_int, workers=1)["c_mismatches"] == 0
    assert np.array_equal(run(onnx_integer.integer_graph(frozen), x_int), logits)
    graph = onnx_float.float_graph(from_torch.float_weights(model), readout, per_step)
    with torch.no_grad():
        exact = model(torch.from_numpy(inputs)).numpy()
    np.testing.assert_allclose(run(graph, inputs), exact, atol=1e-4)
    real = frozen.real_logits(logits, inputs.shape[1])
    assert (real.argmax(-1) == exact.argmax(-1)).mean() > 0.9

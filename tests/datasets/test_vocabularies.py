"""Symbol models beyond 256 ids and learned embeddings, from the torch model to C and ONNX."""

import shutil
import struct

import numpy as np
import pytest
import torch

from hadamrnn.errors import HadamrnnError
from hadamrnn.evaluation import onnx_sessions
from hadamrnn.export import freeze, from_torch, onnx_float, onnx_integer
from hadamrnn.export.spec import IntegerSpec
from hadamrnn.integer import packed
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.targets import host
from tests.random_models import STEPS, random_model

needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler"
)
SIZES = [257, 32_769, 65_535]
BAD_SYMBOL = 104  # exit code of the host program: 100 + HR_BAD_SYMBOL


def model_of(symbols, **options):
    rng = np.random.default_rng(symbols)
    options = {"readout": "mean", "input_weight_bits": 8, **options}
    return random_model(rng, kind="symbol", input_size=symbols, **options)


def ids_of(symbols, sequences=6):
    """Random ids, with those next to every power of 2^8 and 2^15 and both ends."""
    edges = [i for i in (0, 1, 255, 256, 257, 32767, 32768, symbols - 1) if i < symbols]
    ids = np.random.default_rng(0).integers(0, symbols, (sequences, STEPS))
    ids[0, : len(edges)] = edges
    return ids.astype(np.uint16)


@needs_compiler
@pytest.mark.parametrize("lanes", [1, 2])
def test_c_equals_integer_python(lanes):
    """Packed files, sanitized: every state, sum and logit; and the id behind the last one."""
    with host.HostProgram(sanitize=True, options=[f"-DHR_LANES={lanes}"]) as program:
        for symbols in SIZES:
            model, ids = model_of(symbols), ids_of(symbols)
            logits, checksums = model.trace(ids)
            result = program.run(model, ids, trace=True)
            assert (result.logits == logits).all() and (result.checksums == checksums).all()
            one = struct.pack("=IIH", 1, 1, symbols)
            assert program.execute(one, packed.to_bytes(model))[0] == BAD_SYMBOL


@needs_compiler
def test_generated_header_equals_integer_python():
    model = model_of(33_000, block_size=4)
    assert host.parity(model, ids_of(33_000), trace=True) == {"sequences": 6, "c_mismatches": 0}


@pytest.mark.parametrize("symbols", SIZES)
def test_packed_file_and_single_steps(symbols):
    model, ids = model_of(symbols), ids_of(symbols)
    again = packed.from_bytes(packed.to_bytes(model))
    assert (again.input_weight == model.input_weight).all()
    state = again.initial_state(len(ids))
    for column in ids.T:
        again.step(state, column)
    assert (again.logits(state) == model.run_logits(ids)).all()


def test_integer_onnx_graph():
    model, ids = model_of(32_769), ids_of(32_769)
    logits = onnx_sessions.run(onnx_integer.integer_graph(model), ids)
    assert (logits == model.run_logits(ids)).all()


def test_ids_out_of_range():
    model = model_of(32_769)
    for ids in (np.array([[0, 32_769]]), np.array([[0, 32_769]], np.uint16)):
        with pytest.raises(HadamrnnError, match="from 0 to 32768; got 32769 in sequence"):
            model.predict(ids)
    with pytest.raises(HadamrnnError, match="must be integers from 0 to 32768; got -1 to -1"):
        model.step(model.initial_state(), np.array(-1))
    with pytest.raises(HadamrnnError, match="^input_size: must be an integer from 1 to 65535; got"):
        model_of(65_536)


# ------------------------------------------------------------------- learned embeddings


@pytest.fixture(params=["last", "mean"])
def classifier(request):
    torch.manual_seed(0)
    model = HadamClassifier(700, 32, 3, readout=request.param, embedding_size=12)
    with torch.no_grad():
        model.output_bias.mul_(3)
    return model.eval()


def test_table_is_rounded_within_half_a_step(classifier):
    weights = from_torch.frozen_weights(classifier)
    exact = classifier.embedding.weight @ classifier.rnn.quantized_input_weight().t()
    table = weights.input_weight_int.T * weights.input_weight_scale
    assert weights.input_weight_bits == 8 and table.shape == (700, 32)
    assert np.abs(weights.input_weight_int).max() == 127
    error = np.abs(table - exact.detach().numpy()).max()
    assert error <= weights.input_weight_scale * 0.5001
    assert not weights.input_weight_int[:, 0].any()  # padding adds nothing


def test_integer_model_follows_the_float_one(classifier, monkeypatch):
    monkeypatch.setattr(freeze, "PEAK_FRACTIONS", (1.0,))  # no state saturates
    ids = ids_of(700, sequences=64)
    with torch.no_grad():
        logits = classifier(torch.from_numpy(ids.astype(np.int64))).numpy()
    spec = IntegerSpec(activation_bits=14, input_kind="symbol", readout=classifier.readout)
    weights = from_torch.frozen_weights(classifier)
    frozen = freeze.freeze(weights, ids, logits.argmax(1), spec)
    real = frozen.real_logits(frozen.run_logits(ids), STEPS)
    assert frozen.input_size == 700 and frozen.input_weight_bits == 8
    assert np.abs(real - logits).max() < 0.05 * logits.std()


def test_float_onnx_graph_equals_torch(classifier):
    ids = ids_of(700)
    graph = onnx_float.float_graph(
        from_torch.float_weights(classifier), classifier.readout, False, "symbol"
    )
    with torch.no_grad():
        logits = classifier(torch.from_numpy(ids.astype(np.int64))).numpy()
    np.testing.assert_allclose(onnx_sessions.run(graph, ids), logits, rtol=1e-4, atol=1e-5)

"""The forms of matrix products in graphs: torch.compile and CUDA graphs."""

import copy

import pytest
import torch

from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.recurrence import dispatch, tracing
from tests.recurrence.cases import CUDA, DEVICES

MODELS = [
    ({}, False),
    ({"readout": "mean", "fade": 3}, False),
    ({"per_step": True, "q": 2}, False),
    ({"per_step": True, "hold_signs": False}, True),
    ({"embedding_size": 4, "readout": "mean"}, True),
]


def model_and_inputs(options, symbols, device):
    torch.manual_seed(0)
    model = HadamClassifier(5, 16, 4, **options).double().to(device)
    x = torch.randint(5, (3, 20)) if symbols else torch.randn(3, 20, 5).double()
    return model, x.to(device)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("options", "symbols"), MODELS, ids=str)
def test_compiled_in_one_graph_where_no_kernels_run(options, symbols, device, monkeypatch):
    monkeypatch.setattr(dispatch, "kernels_run", lambda weight: False)
    model, x = model_and_inputs(options, symbols, device)
    other = copy.deepcopy(model)
    torch._dynamo.reset()
    compiled = torch.compile(other, backend="aot_eager", fullgraph=True)
    for batch in (3, 2):
        expected, found = model(x[:batch]), compiled(x[:batch])
        torch.testing.assert_close(found, expected)
        expected.square().sum().backward()
        found.square().sum().backward()
    for own, theirs in zip(other.parameters(), model.parameters(), strict=True):
        assert (own.grad is None) == (theirs.grad is None)
        if own.grad is not None:
            torch.testing.assert_close(own.grad, theirs.grad, rtol=1e-9, atol=1e-11)


def test_compiled_graphs_follow_the_precision():
    """A graph that was made while float32 products were exact is made again when they are not."""

    def function(x):
        return x.to(tracing.computing_type(x.dtype, "cuda"))

    torch._dynamo.reset()
    compiled = torch.compile(function, backend="eager")
    before = torch.get_float32_matmul_precision()
    try:
        found = []
        for setting in ("highest", "high", "highest"):
            torch.set_float32_matmul_precision(setting)
            found.append(compiled(torch.zeros(2)).dtype)
    finally:
        torch.set_float32_matmul_precision(before)
    assert found == [torch.float32, torch.float64, torch.float32]


@CUDA
@pytest.mark.parametrize(("options", "symbols"), MODELS, ids=str)
def test_captured_as_a_cuda_graph(options, symbols):
    model, x = model_and_inputs(options, symbols, "cuda")
    parameters = [p for p in model.parameters() if p.requires_grad]

    def step(given):
        logits = model(given)
        grads = torch.autograd.grad(logits.square().sum(), parameters, materialize_grads=True)
        return [logits.detach(), *grads]

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step(x)
    torch.cuda.current_stream().wait_stream(side)
    given, graph = x.clone(), torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        results = step(given)
    for _ in range(2):
        given.copy_(x.flip(1))
        graph.replay()
        for own, expected in zip(results, step(x.flip(1)), strict=True):
            torch.testing.assert_close(own, expected, rtol=1e-9, atol=1e-11)
        x = x.flip(0)

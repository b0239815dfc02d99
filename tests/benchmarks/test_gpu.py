"""The measurements for CUDA devices run on any device with tiny shapes."""

import json

import pytest
import torch

from benchmarks.speed import gpu, gpu_accuracy, gpu_problems
from hadamrnn.recurrence import dispatch


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng():
        yield


def test_quick_run_measures_every_problem_and_contender(tmp_path, capsys):
    out = tmp_path / "gpu.json"
    gpu.main(["--quick", "--rounds", "1", "--seconds", "0", "--out", str(out)])
    results = json.loads(out.read_text())
    assert set(results["problems"]) == {problem.name for problem in gpu_problems.PROBLEMS}
    for result in results["problems"].values():
        assert result["bounds"]["multiply_adds"] > 0
        for name, row in result["contenders"].items():
            assert row["seconds"] > 0, (name, row)
    assert results["trains"]["last"] < 0.3 * results["trains"]["first"]
    assert "TOO FAR" not in capsys.readouterr().out


def test_products_of_lower_precision_are_noticed(capsys, monkeypatch):
    """With a recurrence that lets torch round factors, the comparison with float64 says so."""
    monkeypatch.setattr(dispatch, "kernels_run", lambda weight: False)
    monkeypatch.setattr(dispatch, "autocast_enabled", lambda device_type: False)
    found = gpu_accuracy.accuracy("cpu", quick=True)
    assert found["copy"]["plain"] < gpu_accuracy.LIMIT < found["copy"]["autocast"]
    assert "TOO FAR" in capsys.readouterr().out

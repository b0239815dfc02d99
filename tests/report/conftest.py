"""Runs of a made-up study: two seeds of HadamRNN and one of an LSTM, on har2."""

import pytest

from hadamrnn.report import records, runs


def record(seed, accuracy, model="hadamrnn", integer=True, size=1000, **train):
    """A record as benchmarks.paper collects it; a baseline has no integer model."""
    scores = {"accuracy": accuracy, "cross_entropy": 0.5}
    return {
        "benchmark": "har2",
        "model": {
            "name": model,
            "hidden_size": 8,
            "q": 1 if integer else None,
            "weight_bits": 4 if integer else 32,
        },
        "seed": seed,
        "command": f"dvc exp run -S model={model} -S seed={seed}",
        "commit": "0123456789abcdef",
        "finished": "2026-11-24T18:04:18+00:00",
        "machine": {"processor": "a processor", "cores": 2},
        "set": {"benchmarks": ["har2"], "model": model, "seed": seed},
        "params": {"model": model, "readout": "mean", "train": {"epochs": 2, **train}, "data": {}},
        "metrics": {
            "float": {"accuracy": accuracy + 0.01, "cross_entropy": 0.4},
            "integer": scores if integer else None,
            "parity": {"c_mismatches": 0, "sequences": 10} if integer else None,
            "size": {"total_bytes": size, "embedding_bytes": 200},
            "operations_per_step": {"additions": 30, "multiplications": 2, "shifts": 1},
            "train": {"seconds": 5.0, "seconds_per_epoch": 2.5},
        },
        "confusion": {"classes": ["a", "b"], "counts": [[1, 1], [0, 1]]},
        "history": {"epoch": [1, 2], "valid_accuracy": [0.8, 0.9], "flips_per_step": [0, 3]},
    }


@pytest.fixture
def folder(tmp_path):
    """A folder as results/paper."""
    made = {
        "har2-seed1": record(1, 0.90),
        "har2-seed2": record(2, 0.94),
        "har2-lstm-seed1": record(1, 0.80, model="lstm", integer=False, size=2000),
    }
    for name, content in made.items():
        (tmp_path / f"{name}.json").write_text(records.dumps(content), encoding="utf-8")
    return tmp_path


@pytest.fixture
def groups(folder):
    """{name: Group} of ``folder``."""
    return runs.read_groups(folder)

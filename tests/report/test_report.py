"""What the report says of runs: grouping by seed, means, figures that repeat, errors."""

import json

import pytest

from hadamrnn.errors import HadamrnnError
from hadamrnn.report import figures, page, runs


def write_run(folder, name, accuracy, model="hadamrnn", integer=True, size=1000):
    """A run as benchmarks.paper collects it; a baseline has no integer model."""
    scores = {"accuracy": accuracy, "cross_entropy": 0.5}
    metrics = {
        "float": {"accuracy": accuracy + 0.01, "cross_entropy": 0.4},
        "integer": scores if integer else None,
        "parity": {"c_mismatches": 0, "sequences": 10} if integer else None,
        "size": {"total_bytes": size, "embedding_bytes": 200},
        "operations_per_step": {"additions": 30, "multiplications": 2, "shifts": 1},
        "train": {"seconds": 5.0, "seconds_per_epoch": 2.5},
    }
    about = {
        "benchmark": "har2", "model": model, "seed": int(name[-1]), "hidden_size": 8, "q": 1,
        "weight_bits": 4, "command": "dvc exp run",
    }  # fmt: skip
    place = folder / name
    place.mkdir(parents=True)
    (place / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    (place / "run.json").write_text(json.dumps(about), encoding="utf-8")
    (place / "history.csv").write_text(
        "epoch,valid_accuracy,flips_per_step\n1,0.8,0\n2,0.9,3\n", encoding="utf-8"
    )
    (place / "confusion.csv").write_text(
        "actual,predicted,count\na,a,1\na,b,1\nb,b,1\n", encoding="utf-8"
    )


@pytest.fixture
def groups(tmp_path):
    write_run(tmp_path, "har2-seed1", 0.90)
    write_run(tmp_path, "har2-seed2", 0.94)
    write_run(tmp_path, "har2-lstm-seed1", 0.80, model="lstm", integer=False)
    return runs.read_groups(tmp_path)


def test_runs_that_differ_in_their_seed_are_one_group(groups):
    assert list(groups) == ["har2", "har2-lstm"]
    group = groups["har2"]
    assert group.mean(lambda r: r.accuracy()) == pytest.approx(0.92)
    assert group.deviation(lambda r: r.accuracy()) == pytest.approx(0.04 / 2**0.5)
    assert groups["har2-lstm"].deviation(lambda r: r.accuracy()) is None


def test_a_baseline_is_judged_by_its_float_model_and_sizes_leave_embeddings_out(groups):
    baseline = groups["har2-lstm"].first
    assert baseline.accuracy() == pytest.approx(0.81)
    assert baseline.size_bytes == 800
    assert baseline.operations == 33


def test_the_page_has_a_row_and_a_command_for_every_group(groups):
    text = page.markdown({"har2": list(groups.values())}, {"har2": ["har2-size"]})
    assert "| har2 | hadamrnn | 8 | 1 | 4 | 2 | 92.00 ± 2.83 |" in text
    assert "| 0 of 20 |" in text
    assert "- `har2-lstm`: `dvc exp run`" in text
    assert "published, not measured here" in text
    assert "![har2-size](har2-size.svg)" in text


def test_figures_repeat_byte_for_byte(groups, tmp_path):
    own = list(groups.values())
    for i in range(2):
        figures.save(figures.accuracy_against_size("har2", own), tmp_path / f"size{i}")
        figures.save(figures.accuracy_against_operations("har2", own), tmp_path / f"steps{i}")
        figures.save(figures.models_compared("har2", own), tmp_path / f"models{i}")
        figures.save(figures.learning_curves("har2", own), tmp_path / f"curves{i}")
        figures.save(figures.confusion(own[0].first), tmp_path / f"confusion{i}")
    for name in ("size", "steps", "models", "curves", "confusion"):
        for kind in ("svg", "png"):
            first, second = (tmp_path / f"{name}{i}.{kind}" for i in range(2))
            assert first.read_bytes() == second.read_bytes(), name


def test_a_run_without_metrics_is_named(groups, tmp_path):
    (tmp_path / "har2-seed1" / "metrics.json").unlink()
    with pytest.raises(HadamrnnError, match=r"har2-seed1/metrics\.json: must exist in every run"):
        runs.read_groups(tmp_path)

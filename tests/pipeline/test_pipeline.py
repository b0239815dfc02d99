"""The pipeline as a user runs it: dvc in a fresh clone, tiny settings, real stages."""

import contextlib
import json
import re
import shlex
import sys
import time

import pytest
import yaml

from tests.docs.pages import blocks
from tests.pipeline.clones import (
    MARKS,
    ROOT,
    back_to_the_committed,
    merge,
    metrics,
    run,
    write_params,
)

pytestmark = MARKS


def test_results_are_complete(clone):
    for benchmark in ("copy", "pdigits"):
        found = metrics(clone, benchmark)
        assert set(found) == {
            "float",
            "integer",
            "majority",
            "size",
            "operations_per_step",
            "parity",
            "latency_us",
            "train",
        }
        assert "machine" not in found["train"]  # a table of metrics shows figures
        assert found["parity"]["c_mismatches"] == 0 and found["parity"]["sequences"] > 0
        size = (clone / "exports" / benchmark / "model.hrnn").stat().st_size
        assert found["size"]["packed_file_bytes"] == size
        history = (clone / "results" / benchmark / "history.csv").read_text()
        assert history.count("\n") > 1
    table = run(clone, sys.executable, "-m", "stages.results", "--md").stdout
    assert "| copy |" in table and "| pdigits |" in table


def test_header_of_another_model_is_refused(clone):
    header = clone / "exports" / "pdigits" / "model.h"
    saved = header.read_text()
    try:
        header.write_text(saved.replace("{", "{ ", 1))
        stage = run(clone, sys.executable, "-m", "stages.evaluate", "pdigits", check=False)
    finally:
        header.write_text(saved)
        run(clone, "dvc", "repro", "evaluate@pdigits")
    assert stage.returncode == 1 and stage.stderr.count("\n") == 1
    assert "model.h: must be whole and unchanged" in stage.stderr


def test_second_repro_runs_nothing(clone):
    run(clone, "dvc", "repro")
    output = run(clone, "dvc", "repro").stdout
    assert "Running stage" not in output and "up to date" in output


def test_edited_module_reruns_its_stages_only(clone):
    path = clone / "hadamrnn" / "evaluation" / "assessment.py"
    path.write_text(path.read_text() + "\n# edited\n")
    output = run(clone, "dvc", "repro").stdout
    run(clone, "git", "checkout", "-q", "hadamrnn/evaluation/assessment.py")
    back = run(clone, "dvc", "repro", "evaluate").stdout
    changed = set(re.findall(r"Running stage '(.*)'", output))
    assert changed == {"validate", "evaluate@copy", "evaluate@pdigits", "pages"}
    assert back.count("finished before") == 2


def test_the_experiment_of_the_readme_changes_what_it_should(clone):
    """Its commands as they stand there, in a clone whose parameters are tiny."""
    before, committed = metrics(clone), (clone / "params.yaml").read_text(encoding="utf-8")
    (block,) = (block for block in blocks(ROOT / "README.md", ("sh",)) if "dvc exp run" in block)
    commands = [shlex.split(line) for line in block.splitlines() if not line.startswith("source ")]
    assert [words[:2] for words in commands] == [
        ["dvc", "exp"],
        ["python", "-m"],
        ["git", "restore"],
    ]
    experiment, table, restore = commands
    run(clone, *experiment)
    after = metrics(clone)
    config = json.loads((clone / "models" / "pdigits" / "config.json").read_text())
    assert "pdigits" in run(clone, sys.executable, *table[1:]).stdout
    run(clone, *restore)
    assert (clone / "params.yaml").read_text(encoding="utf-8") == committed
    run(clone, "dvc", "repro", "evaluate")
    assert metrics(clone) == before
    assert config["arguments"]["q"] == 4
    # 32 = 2 * 16 needs 1/sqrt 2 and five butterfly levels; blocks of 8 need three, and 1/sqrt 2.
    assert after["operations_per_step"]["additions"] < before["operations_per_step"]["additions"]
    assert after["float"]["cross_entropy"] != before["float"]["cross_entropy"]
    assert after["size"]["packed_file_bytes"] == before["size"]["packed_file_bytes"]


def exported(folder):
    return {path.name for path in (folder / "exports" / "pdigits").iterdir()}


def test_a_baseline_and_back(clone):
    """From data to metrics with a model that has no integer form; then HadamRNN as before."""
    before, target = metrics(clone), "evaluate@pdigits"
    write_params(clone, {"model": "gru"})
    run(clone, "dvc", "repro", target)
    found = metrics(clone)
    assert exported(clone) == {"size.json", "SHA256SUMS", "README.md"}
    assert set(found) == set(before) and found["integer"] is None and found["parity"] is None
    assert found["size"]["total_bytes"] > before["size"]["total_bytes"]
    assert "Running stage" not in run(clone, "dvc", "repro", target).stdout
    (clone / "exports" / "pdigits" / "size.json").unlink()
    stage = run(clone, sys.executable, "-m", "stages.evaluate", "pdigits", check=False)
    words = "error: exports/pdigits/size.json: must exist; got no such file; run dvc repro export@"
    assert stage.returncode == 1 and stage.stderr.startswith(words)
    write_params(clone, {"model": "hadamrnn"})
    run(clone, "dvc", "repro", target)
    assert exported(clone) == {"model.hrnn", "model.h", "model.onnx", "SHA256SUMS", "README.md"}
    assert metrics(clone) == before
    back_to_the_committed(clone)


def test_experiment_with_narrower_states_trains_nothing(clone):
    before = metrics(clone)
    options = ["-S", "activation_bits=7", "-S", "benchmarks=[pdigits]"]
    output = run(clone, "dvc", "exp", "run", *options, "evaluate@pdigits").stdout
    after = metrics(clone)
    info = run(
        clone, sys.executable, "-m", "hadamrnn.cli", "info", "exports/pdigits/model.hrnn"
    ).stdout
    back_to_the_committed(clone)
    assert "Running stage 'export@pdigits'" in output and "Running stage 'train" not in output
    assert "32 integers of 7 bits" in info
    assert after["float"] == before["float"]
    assert after["integer"]["cross_entropy"] != before["integer"]["cross_entropy"]


@contextlib.contextmanager
def changed_params(clone, change):
    saved = (clone / "params.yaml").read_text(encoding="utf-8")
    document = yaml.safe_load(saved)
    merge(document, change)
    try:
        (clone / "params.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
        yield
    finally:
        (clone / "params.yaml").write_text(saved, encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"q": 3}, "q: must divide hidden_size=32 into blocks whose size is a power of two"),
        ({"q": 0}, "q: must be an integer of at least 1, or auto for the benchmark's own; got 0"),
        ({"train": {"hidden_size": 100}}, "q: must divide hidden_size=100 into blocks"),
        ({"weight_bits": -1}, "weight_bits: must be an integer from 1 to 8, or null"),
        ({"benchmarks": ["minst"]}, "benchmarks: must be among copy,"),
        ({"sede": 1}, "sede: is not a key of params.yaml"),
        ({"train": {"learning_rate": "1e-3"}}, "train.learning_rate: must be a number greater"),
    ],
)
def test_wrong_values_end_in_one_sentence(clone, change, sentence):
    with changed_params(clone, change):
        start = time.monotonic()
        stage = run(clone, sys.executable, "-m", "stages.validate", check=False)
        seconds = time.monotonic() - start
    assert stage.returncode == 1 and stage.stderr.startswith(f"error: {sentence}")
    assert stage.stderr.count("\n") == 1 and seconds < 2


def test_a_wrong_value_stops_the_pipeline(clone):
    with changed_params(clone, {"q": 3}):
        pipeline = run(clone, "dvc", "repro", check=False)
    assert pipeline.returncode != 0 and "Running stage 'train" not in pipeline.stdout
    sentence = "error: q: must divide hidden_size=32 into blocks whose size is a power of two"
    assert sentence in pipeline.stdout + pipeline.stderr

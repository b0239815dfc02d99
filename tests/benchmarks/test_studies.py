"""The programs behind the studies: they go on where they stopped, and draw the same bytes twice."""

import csv
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from benchmarks.speed import inference
from benchmarks.studies import bits, rounding, rounding_rules, study, text_recipes, trained
from benchmarks.table import Table
from benchmarks.targets import measure
from hadamrnn import integer
from hadamrnn.datasets import copy
from hadamrnn.errors import HadamrnnError
from hadamrnn.export import onnx_integer
from hadamrnn.targets import reporting
from tests.random_models import random_inputs, random_model

ROOT = Path(__file__).parents[2]
DATA = {
    "steps": 25,
    "train_sequences": 64,
    "valid_sequences": 32,
    "test_sequences": 16,
    "data_seed": 1,
}


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A folder with a copy task of 25 steps for a model of 16 neurons, as the working folder."""
    document = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    document["benchmark"]["copy"] |= {"hidden_size": 16, "epochs": 1, "data": DATA}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    copy.prepare(Path("data/prepared/copy"), copy.Data(**DATA))
    return tmp_path


def test_changes_name_the_key_like_params_yaml(tiny):
    assert study.settings_of("copy", (("q", 2), ("benchmark.copy.epochs", 7))).train.epochs == 7
    with pytest.raises(HadamrnnError, match=r"^q: must be an integer of at least 1, .*; got 0$"):
        study.settings_of("copy", (("q", 0),))
    with pytest.raises(HadamrnnError, match=r"^change: must name keys .*; got benchmark\.x\.y$"):
        study.settings_of("copy", (("benchmark.x.y", 0),))
    with pytest.raises(HadamrnnError, match=r"^change: must be key=value .*; got 'q'$"):
        measure.change("q")


def test_a_recipe_is_what_decides_the_training_alone(tiny):
    settings = study.settings_of("copy")
    same = dataclasses.replace(settings, activation_bits=5, input_bits=5)
    assert trained.recipe(same) == trained.recipe(settings)
    for change in (("weight_bits", 2), ("seed", 2), ("benchmark.copy.learning_rate", 0.1)):
        assert trained.recipe(study.settings_of("copy", (change,))) != trained.recipe(settings)


def test_rounding_study_goes_on_where_it_stopped(tiny):
    path, lines = tiny / "rounding.csv", []
    rounding.fill("copy", (None, 2), (8, 12), path, lines.append)
    assert [str(line).startswith("trained") for line in lines] == [True, False, False] * 2
    rows = rounding.rows_of(path)
    assert list(rows) == [("2", "8"), ("2", "12"), ("null", "8"), ("null", "12")]
    sizes = [int(row["packed_bytes"]) for row in rows.values()]
    assert sizes[0] == sizes[1] < sizes[2]
    before, done = path.read_bytes(), len(lines)
    rounding.fill("copy", (None, 2), (8, 12), path, lines.append)
    assert len(lines) == done and path.read_bytes() == before
    rounding.fill("copy", (2,), (8, 10, 12), path, lines.append)  # the model is not trained again
    assert len(lines) == done + 1 and ("2", "10") in rounding.rows_of(path)
    document = yaml.safe_load((tiny / "params.yaml").read_text(encoding="utf-8"))
    document["benchmark"]["copy"]["epochs"] = 2
    (tiny / "params.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    rounding.fill("copy", (2,), (8,), path, lines.append)
    assert str(lines[-2]).startswith("trained")
    assert rounding.rows_of(path)["2", "8"]["recipe"] != rows["2", "8"]["recipe"]


def test_rounding_study_lists_a_refused_width(tiny):
    settings = study.settings_of("copy")
    model, data = trained.model_of(settings, lambda line: None), rounding.validation(settings)
    wide = dataclasses.replace(settings, activation_bits=17)
    assert rounding.score(wide, model, data)["note"].startswith("refused: activation_bits: must")


def test_study_of_bits_trains_once_for_all_widths_of_the_biases(tiny):
    parts = {
        "input_weight_bits": [4],
        "output_weight_bits": [2, "null"],
        "quantizer": ["lsq"],
        "bias_bits": [16, 5],
    }
    said = []
    bits.fill("copy", ["hidden_size=8"], parts, [1], progress=said.append)
    assert sum("trained" in str(line) for line in said) == 2
    rows = Table(bits.PATH, bits.COLUMNS).rows()
    assert [row["output_weight_bits"] for row in rows] == ["2", "2", "null", "null"]
    wide, narrow = (int(row["packed_bytes"]) for row in rows[:2])
    assert wide - narrow == 8 * (16 - 5) // 8
    assert rows[0]["float_accuracy"] == rows[1]["float_accuracy"]
    bits.fill("copy", ["hidden_size=8"], parts, [1], progress=lambda line: pytest.fail(str(line)))


def test_rounding_rules_change_the_fast_model_only_while_open():
    rng = np.random.default_rng(0)
    model = random_model(rng, block_size=16, q=2, input_size=3, activation_bits=8, fraction_bits=8)
    x = random_inputs(rng, model, sequences=4, steps=20)
    plain = model.run_logits(x, workers=1)
    with rounding_rules.rule("moving"):
        assert np.array_equal(model.run_logits(x, workers=1), plain)
    with rounding_rules.rule("truncate"):
        assert not np.array_equal(model.run_logits(x, workers=1), plain)
    assert np.array_equal(model.run_logits(x, workers=1), plain)


@pytest.mark.slow
def test_a_device_report_of_a_changed_model(tiny):
    changes = (("benchmark.copy.hidden_size", 32), ("activation_bits", 9))
    report = measure.measure("copy", changes, targets=(), progress=lambda line: None)
    assert report["model"]["hidden_size"] == 32 and report["model"]["activation_bits"] == 9
    assert report["host"] | {"us_per_step": 0} == {
        "c_mismatches": 0,
        "sequences": 16,
        "us_per_step": 0,
    }
    assert report["targets"] == {} and 0 <= report["integer"]["accuracy"] <= 1
    assert report["changes"] == dict(changes) and report["integer"]["packed_file_bytes"] > 100
    json.dumps(report)
    report["targets"]["Cortex-M3"] = {"not_run": "missing arm-none-eabi-gcc"}
    assert list(reporting.lines(report))[1:] == ["Cortex-M3: not run, missing arm-none-eabi-gcc"]


def test_inference_times_every_contender_at_both_batch_sizes():
    case = inference.untrained(hidden_size=64, steps=5, input_size=3, classes=2)
    rows = inference.measure(case, rounds=2, seconds=0)
    graphs, engines = ["onnx_float", "onnx_integer"], ["c", "numpy"]
    everyone, stepping = [*engines, *graphs, "onnxruntime_lstm"], [*engines, "onnxruntime_lstm"]
    assert [(row["what"], row["batch"], row["contender"]) for row in rows] == [
        *(("sequence", batch, name) for batch in (1, 64) for name in everyone),
        *(("step", batch, name) for batch in (1, 64) for name in stepping),
        *(("push", 1, name) for name in engines),
    ]
    for row in rows:
        assert set(row) == set(inference.COLUMNS) and row["rounds"] == 2
        assert row["us"] > 0 and row["wall_us"] > 0 and row["times_c"] > 0
        assert row["steps"] == (5 if row["what"] == "sequence" else 1)
        assert row["us_per_sequence_step"] == pytest.approx(
            row["us"] / row["batch"] / row["steps"], rel=0.01, abs=1e-4
        )


@pytest.mark.parametrize("name", ["pdigits", "copy"])
def test_inference_takes_what_is_shipped(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    case = inference.case_of(name)
    engines = {"c": integer.with_engine(case.model, "c"), "numpy": case.model}
    for calls in (inference.sequences(case, engines, 2), inference.pushes(case, engines)):
        for call in calls.values():
            call()
    for calls in (inference.steps_of(case, engines, 2),):
        for _ in range(case.model.max_steps + 1):  # beyond what its sums are proven for
            for name in engines:
                calls[name]()


def test_inference_refuses_other_logits():
    model = integer.load(ROOT / "shipped/pdigits/model.hrnn")
    other = dataclasses.replace(model, output_bias=model.output_bias + 1)
    graphs = {"float": onnx_integer.integer_graph(model)}
    for case, engines, what in (
        (
            inference.Case("m", model, {**graphs, "integer": onnx_integer.integer_graph(other)}),
            {"c": model},
            "the integer graph",
        ),
        (inference.Case("m", model, graphs), {"c": other}, "c"),
    ):
        with pytest.raises(HadamrnnError, match=f"^m: {what} must give .* got 20 others of 20"):
            inference.sequences(case, engines, 2)


def test_figures_are_the_same_bytes_each_time(tmp_path):
    pytest.importorskip("matplotlib", reason="the figures need matplotlib")
    from benchmarks.studies import rounding_figure
    from benchmarks.targets import figure

    models = figure.reports(ROOT / "shipped")
    assert any(label.startswith("har2, d = 128") for label in models)
    rows = {
        (str(w), str(a)): {
            "weight_bits": w,
            "activation_bits": a,
            "cross_entropy": 1 / w / a,
            "packed_bytes": w,
            "float_cross_entropy": 1 / w / 32,
        }
        for w in (2, 4)
        for a in (8, 12)
    }
    written = []
    for name in ("first", "second"):
        folder = tmp_path / name
        rounding.write_rows(rows, folder / "rounding_tiny.csv")
        rounding_figure.draw("tiny", folder)
        figure.draw(models, folder)
        written.append({path.name: path.read_bytes() for path in folder.glob("*.*g")})
    assert written[0] == written[1]
    assert set(written[0]) == {"devices.svg", "rounding_tiny.svg"}


def test_a_study_adds_the_rows_that_are_missing_alone(tiny):
    table = Table(tiny / "t.csv", ("case", "seed", "square", "empty"))
    cases = [{"case": "a", "seed": seed} for seed in (1, 2, 3)]
    made = []

    def row_of(case, seed):
        made.append(seed)
        return {"square": seed * seed, "not_a_column": 0}

    study.fill(table, cases[:2], row_of, progress=lambda row: None)
    study.fill(table, cases, row_of, progress=lambda row: None)
    assert made == [1, 2, 3]
    assert [row["square"] for row in table.rows()] == ["1", "4", "9"]


def test_a_training_run_of_a_study_is_the_stage_s_own(tiny):
    """The same recipe, data and seed: the same validation scores as stage train's."""
    settings = study.settings_of("copy")
    found = study.scores(study.train(settings))
    trained.model_of(settings, lambda line: None)
    with (trained.folder_of(settings) / "results/copy/history.csv").open() as file:
        row = next(csv.DictReader(file))
    assert found["valid_cross_entropy"] == round(float(row["valid_cross_entropy"]), 5)


def test_text_recipes_are_each_a_training_of_its_own(tiny):
    for recipe in text_recipes.RECIPES:
        own = tuple((f"benchmark.imdb.{key}", recipe[key]) for key in text_recipes.KEYS)
        settings = study.settings_of("imdb", own).train
        assert {key: getattr(settings, key) for key in text_recipes.KEYS} == recipe
    assert len({tuple(recipe.items()) for recipe in text_recipes.RECIPES}) == len(
        text_recipes.RECIPES
    )


def test_text_recipes_start_again_where_they_stopped(tiny, monkeypatch):
    calls = []

    def row(seed, **recipe):
        calls.append(seed)
        return {"valid_accuracy": 0.5, "seconds": 1.0}

    monkeypatch.setattr(text_recipes, "run", row)
    path = tiny / "recipes.csv"
    text_recipes.fill([1, 2], path)
    whole, made = path.read_text(encoding="utf-8"), len(calls)
    assert made == 2 * len(text_recipes.RECIPES)
    path.write_text("".join(whole.splitlines(keepends=True)[:5]), encoding="utf-8")
    text_recipes.fill([1, 2], path)
    assert path.read_text(encoding="utf-8") == whole and len(calls) == 2 * made - 4


def test_the_committed_rows_are_of_these_recipes():
    with (ROOT / text_recipes.PATH).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    known = [{k: str(v) for k, v in recipe.items()} for recipe in text_recipes.RECIPES]
    assert rows and all({k: row[k] for k in text_recipes.KEYS} in known for row in rows)

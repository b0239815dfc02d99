"""The paper's runs: their plan, and the commands that repeat them."""

import copy
import functools
import shlex
import shutil
from pathlib import Path

import pytest
import yaml
from dvc.utils.hydra import apply_overrides

from benchmarks.paper import commands, plan
from hadamrnn import params
from hadamrnn.report import records
from hadamrnn.sweeps.runs import expand

RUNS = sorted(Path("results/paper").glob("*.json"))


@functools.cache
def yaml_of(name):
    """Read once: a test takes a copy."""
    return yaml.safe_load(Path(name).read_text(encoding="utf-8"))


def document():
    return copy.deepcopy(yaml_of("params.yaml"))


@functools.cache
def planned():
    return expand(yaml_of("paper.yaml"))


def shared(given, wanted):
    """``given`` without the keys that ``wanted`` lacks: options that are gone, or came later."""
    return {
        key: shared(value, wanted[key]) if isinstance(value, dict) else value
        for key, value in given.items()
        if key in wanted
    }


def same(one, other):
    return shared(one, other) == shared(other, one)


@pytest.mark.parametrize("run", planned())
def test_a_run_of_the_plan_is_valid_and_sets_only_what_its_benchmark_reads(run):
    settings = planned()[run]
    (benchmark,) = settings["benchmarks"]
    assert run.startswith(benchmark)
    plan.parameters(plan.changed(document(), settings), benchmark)
    for key in settings:
        assert key.split(".")[:2] == ["benchmark", benchmark] or not key.startswith("benchmark."), (
            key
        )
        *parents, last = key.split(".")
        place = document()
        for parent in parents:
            place = place[parent]
        assert last in place, f"{key} must be a key of params.yaml"


def test_every_combination_of_sweep_and_seed_is_one_run():
    entry = {"set": {"model": "hadamrnn"}, "sweep": {"q": [1, 2]}, "seeds": [1, 2, 3]}
    runs = expand({"a": entry})
    assert len(runs) == 6
    assert runs["a-q2-seed3"] == {"model": "hadamrnn", "q": 2, "seed": 3}


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.stem)
def test_the_plan_still_has_the_parameters_of_every_collected_run(path):
    made = records.read(path)
    now = plan.parameters(plan.changed(document(), planned()[path.stem]), made["benchmark"])
    assert same(made["params"], now)


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.stem)
def test_the_printed_command_repeats_the_run(path, tmp_path):
    """Typed into a shell, and set by DVC's own code in the shipped params.yaml."""
    made = records.read(path)
    page = Path("docs/results/README.md").read_text(encoding="utf-8")
    if made["seed"] == 1:
        assert made["command"] in page.splitlines()
    program, options = shlex.split(made["command"])[:3], shlex.split(made["command"])[3:]
    assert program == ["dvc", "exp", "run"]
    assert options[::2] == ["-S"] * (len(options) // 2)
    shutil.copy("params.yaml", tmp_path)
    apply_overrides(tmp_path / "params.yaml", options[1::2])
    (settings,) = params.load(tmp_path / "params.yaml").values()
    assert settings.benchmark == made["benchmark"]
    changed = yaml.safe_load((tmp_path / "params.yaml").read_text(encoding="utf-8"))
    assert same(made["params"], plan.parameters(changed, made["benchmark"]))


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.stem)
def test_commands_are_those_for_the_shipped_parameters(path):
    made = records.read(path)
    assert made["command"] == plan.command(made, document()), (
        "python -m benchmarks.paper collect, then dvc repro report"
    )


@pytest.fixture
def made():
    return records.read("results/paper/har2-width-hiddensize64-seed1.json")


def test_a_key_that_params_yaml_lacks_needs_a_plus(tmp_path):
    settings = {"benchmarks": ["pdigits"], "benchmark.pdigits.hidden_size": 64}
    options = commands.options(settings, document())
    assert options == ["benchmarks=[pdigits]", "+benchmark.pdigits.hidden_size=64"]
    shutil.copy("params.yaml", tmp_path)
    apply_overrides(tmp_path / "params.yaml", options)
    assert params.load(tmp_path / "params.yaml")["pdigits"].train.hidden_size == 64


def test_no_other_benchmark_is_set(made):
    assert "dsa19" not in made["command"]
    assert "benchmark.har2.hidden_size=64" in made["command"]


@pytest.mark.parametrize(
    "change",
    [
        lambda run: run["set"].update({"train.teacher_of_old": "models/har2"}),
        lambda run: run["params"].update(model="a model of old"),
        lambda run: run["params"]["train"].update(sign_schedule="a schedule of old"),
        lambda run: run["params"]["data"].clear(),  # from before inputs were companded
        lambda run: run.update(benchmark="a data set of old"),
    ],
    ids=["option", "model", "value", "unknown then", "benchmark"],
)
def test_what_is_gone_is_repeated_at_its_commit(made, change):
    change(made)
    assert plan.command(made, document()).startswith(
        f"git switch --detach {made['commit'][:7]} && dvc exp run -S 'benchmarks=[har2]'"
    )


BITS = {
    "all": ({"weight_bits": 2, "input_weight_bits": 2, "output_weight_bits": 2}, ["weight_bits=2"]),
    "parts": (
        {"input_weight_bits": 3, "output_weight_bits": 2},
        ["train.input_weight_bits=3", "benchmark.har2.output_weight_bits=2"],
    ),
    "biases": ({"bias_bits": 5}, ["export.bias_bits=5"]),
    "earlier": (None, ["weight_bits=4"]),
}


@pytest.mark.parametrize("params_of_run, wanted", BITS.values(), ids=BITS)
def test_bits_of_parts_are_set_where_params_yaml_has_them(params_of_run, wanted, made, tmp_path):
    """A run from before the parts were told apart has the same bits in all of them."""
    given = document()
    given["benchmark"]["har2"] = {
        key: value for key, value in given["benchmark"]["har2"].items() if "bits" not in key
    }
    made["params"] = plan.parameters(given, "har2")
    given["benchmark"]["har2"]["output_weight_bits"] = 8
    keys = ("input_weight_bits", "output_weight_bits", "bias_bits")
    made["params"] |= params_of_run or {}
    if params_of_run is None:
        made["params"] = {k: v for k, v in made["params"].items() if k not in keys}
        del made["params"]["train"]["quantizer"]
    elif "bias_bits" in params_of_run:
        made["params"]["output_weight_bits"] = 8
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(given), encoding="utf-8")
    options = shlex.split(plan.command(made, given))[3:][1::2]
    assert options == ["benchmarks=[har2]", *wanted, f"seed={made['seed']}"]
    apply_overrides(tmp_path / "params.yaml", options)
    changed = yaml.safe_load((tmp_path / "params.yaml").read_text(encoding="utf-8"))
    assert same(made["params"], plan.parameters(changed, "har2"))

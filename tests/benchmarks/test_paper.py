"""The plan of the paper's runs: names, settings and commands."""

from pathlib import Path

import pytest
import yaml

from benchmarks import paper
from hadamrnn import params


@pytest.fixture(scope="module")
def plan():
    return yaml.safe_load(Path("paper.yaml").read_text(encoding="utf-8"))


def applied(settings):
    """params.yaml with ``settings`` (dotted keys) set in it."""
    document = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    for key, value in settings.items():
        *parents, last = key.split(".")
        place = document
        for parent in parents:
            place = place[parent]
        assert last in place, f"{key} must be a key of params.yaml"
        place[last] = value
    return document


def test_every_run_of_the_plan_has_valid_parameters(plan):
    for settings in paper.expand(plan).values():
        assert len(params.check(applied(settings))) == 1


def test_every_combination_of_sweep_and_seed_is_one_run():
    plan = {"a": {"set": {"model": "hadamrnn"}, "sweep": {"q": [1, 2]}, "seeds": [1, 2, 3]}}
    runs = paper.expand(plan)
    assert len(runs) == 6
    assert runs["a-q2-seed3"] == {"model": "hadamrnn", "q": 2, "seed": 3}


def test_the_command_is_what_a_user_types():
    settings = {"benchmarks": ["har2"], "weight_bits": None, "seed": 1}
    assert paper.command(settings) == (
        "dvc exp run -S 'benchmarks=[har2]' -S 'weight_bits=null' -S 'seed=1'"
    )

"""What a sweep is made of: names, values and benchmarks of its runs; what is refused at once."""

from pathlib import Path

import pytest
import yaml

from hadamrnn.errors import HadamrnnError
from hadamrnn.sweeps import runs

DOCUMENT = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
PAPER = yaml.safe_load(Path("paper.yaml").read_text(encoding="utf-8"))


def test_a_grid_is_every_combination():
    values = ["benchmarks=[pdigits]", "q=1,2", "seed=range(1,3)"]
    found = runs.of_grid(values, "mine", DOCUMENT)
    assert [run.settings[1:] for run in found] == [
        ("q=1", "seed=1"),
        ("q=1", "seed=2"),
        ("q=2", "seed=1"),
        ("q=2", "seed=2"),
    ]
    assert {run.benchmarks for run in found} == {("pdigits",)}
    assert [run.name[:-7] for run in found] == [
        "mine-q1-seed1",
        "mine-q1-seed2",
        "mine-q2-seed1",
        "mine-q2-seed2",
    ]


def test_another_grid_has_other_names():
    """Also where what differs is the same for all runs, and so not told in their names."""
    one, two = (runs.of_grid([f"seed={seed}", "q=1,2"], "a", DOCUMENT) for seed in (1, 2))
    assert not {run.name for run in one} & {run.name for run in two}
    assert one == runs.of_grid(["seed=1", "q=1,2"], "a", DOCUMENT)


def test_names_are_such_as_git_takes():
    values = ["benchmarks=[copy,pdigits],[pdigits]", "+benchmark.pdigits.hidden_size=16"]
    names = [run.name for run in runs.of_grid(values, "a", DOCUMENT)]
    assert [name[:-7] for name in names] == ["a-benchmarkscopypdigits", "a-benchmarkspdigits"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["nosuch=1"], "-S: must fit params.yaml; got Could not override 'nosuch'."),
        (["q=[1"], "-S: must be as of dvc exp run; got "),
        (["q=1,0"], "q: must "),
        (["benchmarks=[none]"], "benchmarks: must be among "),
    ],
)
def test_wrong_values_are_refused_before_any_run(values, words):
    with pytest.raises(HadamrnnError) as caught:
        runs.of_grid(values, "a", DOCUMENT)
    assert str(caught.value).startswith(words)


def test_rows_of_the_paper():
    found = runs.of_paper(PAPER, ["har2"], DOCUMENT)
    assert [run.name for run in found] == [f"paper-har2-seed{seed}" for seed in (1, 2, 3)]
    assert found[1].settings == ("benchmarks=[har2]", "seed=2")
    assert found[1].targets == ["evaluate@har2"]
    assert len(runs.of_paper(PAPER, [], DOCUMENT)) == len(runs.expand(PAPER))
    with pytest.raises(HadamrnnError, match=r"^NAME: must be an entry of paper\.yaml; got 'x'$"):
        runs.of_paper(PAPER, ["x"], DOCUMENT)

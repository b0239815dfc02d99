"""What experiments leave behind: nothing stale, nothing deleted, nothing done twice."""

import shutil

import pytest

from tests.pipeline.clones import MARKS, back_to_the_committed, run, write_params

pytestmark = MARKS
MADE = ("data/prepared", "models", "exports", "results")


def left(clone, benchmark):
    """{path: content} of all that the stages made of a benchmark."""
    found = {}
    for folder in MADE:
        for path in sorted((clone / folder / benchmark).rglob("*")):
            if path.is_file():
                found[path.relative_to(clone).as_posix()] = path.read_bytes()
    assert {path.split("/")[0] for path in found} == {"data", "models", "exports", "results"}
    return found


def stale(clone):
    """Tracked files whose content is not the committed one."""
    lines = run(clone, "git", "ls-tree", "-r", "HEAD").stdout.splitlines()
    committed = {line.split("\t")[1]: line.split()[2] for line in lines}
    hashes = run(clone, "git", "hash-object", "--no-filters", *committed).stdout.split()
    return [p for p, found in zip(committed, hashes, strict=True) if committed[p] != found]


def test_git_restore_after_experiments_leaves_what_is_committed(clone):
    """Also where a file's size and second are what Git remembers of the committed one."""
    narrower = ("-S", "benchmarks=[pdigits]", "-S", "activation_bits=7")
    run(clone, "dvc", "exp", "run", *narrower, "evaluate@pdigits")
    refused = run(clone, "dvc", "exp", "run", "-S", "q=3", check=False)
    assert refused.returncode != 0 and stale(clone)
    run(clone, "git", "restore", ".")
    assert stale(clone) == []
    for folder in (*(f"{made}/pdigits" for made in MADE), "exports"):
        assert not run(clone, "git", "ls-files", folder).stdout, f"a stage writes {folder}"
    back_to_the_committed(clone)


def test_running_one_benchmark_deletes_nothing_of_another(clone):
    copy, digits = left(clone, "copy"), left(clone, "pdigits")
    (clone / "hadamrnn/datasets/waves.py").write_text(
        (clone / "hadamrnn/datasets/pdigits.py").read_text()
    )
    write_params(clone, {"benchmark": {"waves": {"epochs": 1, "data": {}}}})
    run(clone, "dvc", "exp", "run", "-n", "own", "-S", "benchmarks=[waves]", "evaluate@waves")
    waves = left(clone, "waves")
    assert left(clone, "copy") == copy and left(clone, "pdigits") == digits
    run(clone, "dvc", "exp", "run", "-n", "other", "-S", "benchmarks=[pdigits]", "evaluate@pdigits")
    assert left(clone, "waves") == waves and left(clone, "copy") == copy
    run(clone, "dvc", "exp", "apply", "own")
    run(clone, "dvc", "exp", "run", "-S", "benchmarks=[copy]", "evaluate@copy")
    assert left(clone, "waves") == waves and left(clone, "pdigits") == digits
    shown = run(clone, "dvc", "exp", "show", "--csv").stdout
    assert "results/waves/metrics.json:float.accuracy" in shown
    (clone / "hadamrnn/datasets/waves.py").unlink()
    back_to_the_committed(clone)


@pytest.mark.parametrize("loss", ["lock file", "outputs", "half of the lock file"])
def test_finished_work_is_not_done_again(clone, loss):
    before = left(clone, "copy") | left(clone, "pdigits")
    lock = clone / "dvc.lock"
    if loss == "outputs":
        for folder in MADE[:3]:
            shutil.rmtree(clone / folder)
    elif loss == "lock file":
        lock.unlink()
    else:  # cut between two stages: still a lock file, with stages missing
        text = lock.read_text()
        lock.write_text(text[: text.index("  train@copy:")])
    output = run(clone, "dvc", "repro", "evaluate").stdout
    assert "epoch 1/" not in output and "train pdigits: finished before" in output
    assert left(clone, "copy") | left(clone, "pdigits") == before
    assert "Running stage" not in run(clone, "dvc", "repro", "evaluate").stdout


def test_an_experiment_in_a_temporary_copy_finds_finished_work(clone):
    output = run(clone, "dvc", "exp", "run", "--temp", "-n", "same", "evaluate").stdout
    assert "epoch 1/" not in output and output.count("finished before") == 8

"""hadamrnn check: every kind of damage is named with the command that mends it, and mended."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from hadamrnn import files
from hadamrnn.checkup import dvc_files, environment
from hadamrnn.cli import main

ROOT = Path(__file__).parents[2]
PART = {"path": "data/x", "hash": "md5", "md5": "0" * 32, "size": 3}
ENTRY = {"cmd": "python -m stages.prepare x", "deps": [PART], "outs": [PART]}
LOCK = {"schema": "2.0", "stages": {"prepare@x": ENTRY, "train@x": ENTRY}}
LOCK_TEXT = yaml.safe_dump(json.loads(json.dumps(LOCK)), sort_keys=False)
"""Through JSON: without YAML's aliases, which DVC does not write."""


def git(folder, *arguments):
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A clone in which the stages have run, as far as the check can see."""
    root = tmp_path / "clone"
    for name, text in (("dvc.yaml", "stages: {}\n"), ("params.yaml", "q: auto\n")):
        files.write_text(root / name, text)
    files.write_text(root / "dvc.lock", LOCK_TEXT)
    git(tmp_path, "init", "-q", root)
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    files.write_text(root / ".dvc/tmp/rwlock", json.dumps({"write": {}, "read": {}}))
    prepared, model = root / "data/prepared/x", root / "models/x"
    files.write_text(prepared / "a.npy", "array")
    sums = {"a.npy": files.checksum_of(prepared / "a.npy")}
    files.write_json(prepared / "card.json", {"checksums": sums}, sealed=True)
    files.write_text(model / "model.safetensors", "tensors")
    sums = {"model.safetensors": files.checksum_of(model / "model.safetensors")}
    files.write_json(model / "config.json", {"checksums": sums}, sealed=True)
    files.write_text(root / "exports/x/model.hrnn", "packed")
    files.write_sums(root / "exports/x", ["model.hrnn"])
    results = root / "results/x"
    for name in ("history.csv", "metrics.json", "confusion.csv"):
        files.write_text(results / name, name)
    sums = {"history.csv": files.checksum_of(results / "history.csv")}
    files.write_json(results / "train.json", {"checksums": sums}, sealed=True)
    listed = ["../../models/x/config.json", "../../exports/x/SHA256SUMS"]
    files.write_sums(results, ["metrics.json", "confusion.csv", *listed])
    files.write_sealed(root / "checkpoints/x-1.pt", b"state")
    files.write_text(root / "finished/train-x-1/models/x/a", "kept")
    sums = {"models/x/a": files.checksum_of(root / "finished/train-x-1/models/x/a")}
    files.write_json(root / "finished/train-x-1/checksums.json", sums, sealed=True)
    monkeypatch.chdir(root)
    return root


def check(capsys, *options):
    code = main(["check", "--files", *options])
    return code, capsys.readouterr().out


def test_a_whole_clone_has_nothing_wrong(clone, capsys, monkeypatch):
    code, out = check(capsys)
    assert code == 0 and "wrong" not in out and "note" not in out
    assert "7 folders and files" in out
    monkeypatch.chdir(clone / "models" / "x")  # from any folder below
    assert check(capsys) == (code, out)


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(path):
    path.write_bytes(path.read_bytes()[:-3])


def empty(path):
    path.write_bytes(b"")


DAMAGED = [  # the file, what is named, what mending removes
    ("data/prepared/x/a.npy", "prepare@x", "data/prepared/x"),
    ("data/prepared/x/card.json", "prepare@x", "data/prepared/x"),
    ("models/x/model.safetensors", "train@x", "models/x"),
    ("models/x/config.json", "train@x", "models/x"),
    ("exports/x/model.hrnn", "export@x", "exports/x"),
    ("results/x/history.csv", "train@x", "results/x/train.json"),
    ("results/x/train.json", "train@x", "results/x/train.json"),
    ("results/x/metrics.json", "evaluate@x", "results/x/SHA256SUMS"),
    ("results/x/confusion.csv", "evaluate@x", "results/x/SHA256SUMS"),
    ("checkpoints/x-1.pt", "start anew", "checkpoints/x-1.pt"),
    ("finished/train-x-1/models/x/a", "", "finished/train-x-1"),
    ("finished/train-x-1/checksums.json", "", "finished/train-x-1"),
]


@pytest.mark.parametrize("damage", [flip, cut, empty], ids=lambda f: f.__name__)
@pytest.mark.parametrize(("name", "maker", "removed"), DAMAGED, ids=[row[0] for row in DAMAGED])
def test_a_damaged_file_is_named_and_removed_for_the_pipeline_to_make(
    clone, capsys, name, maker, removed, damage
):
    damage(clone / name)
    code, out = check(capsys)
    line = next(line for line in out.splitlines() if line.startswith("wrong"))
    assert code == 1 and out.count("wrong") == 1
    assert line.startswith(f"wrong {name}: must be whole and unchanged; got ") and maker in line
    assert line.endswith("to mend it: hadamrnn check --mend && dvc repro")
    code, out = check(capsys, "--mend")
    assert code == 0 and f"mended {name}: must" in out and not (clone / removed).exists()
    assert check(capsys)[0] == 0


@pytest.mark.parametrize("left", [0, 15, 40, 100, 250, 400, -1])
def test_a_lock_file_that_is_cut_is_brought_back_from_git(clone, capsys, left):
    path = clone / "dvc.lock"
    whole = path.read_text()
    path.write_text(whole[:left])
    code, out = check(capsys)
    assert code == 1 and "wrong dvc.lock: must be whole; got " in out
    code, out = check(capsys, "--mend")
    assert code == 0 and "mended dvc.lock" in out and path.read_text() == whole


@pytest.mark.parametrize("text", ["stages: 3\n", "stages: {a: 1}\n", "\x00", "<<<<<<< HEAD\n", ""])
def test_a_lock_file_that_git_has_not_is_removed(clone, capsys, text):
    git(clone, "rm", "-q", "--cached", "dvc.lock")
    git(clone, "commit", "-qm", "second")
    (clone / "dvc.lock").write_text(text)
    assert check(capsys)[0] == 1
    assert check(capsys, "--mend")[0] == 0 and not (clone / "dvc.lock").exists()


def gone():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize("kind", ["empty", "cut", "other", "of a process that is gone"])
def test_a_lock_of_a_killed_dvc_is_removed(clone, capsys, kind):
    path = clone / ".dvc/tmp/rwlock"
    info = {"pid": gone(), "cmd": "dvc repro"}
    texts = {
        "empty": "",
        "cut": '{"write": {"a',
        "other": "[]",
        "of a process that is gone": json.dumps({"write": {"models/x": info}, "read": {}}),
    }
    path.write_text(texts[kind])
    code, out = check(capsys)
    assert code == 1 and "wrong .dvc/tmp/rwlock: must " in out
    assert check(capsys, "--mend")[0] == 0 and not path.exists()


def test_nothing_is_mended_while_dvc_works(clone, capsys, monkeypatch):
    info = {"pid": os.getpid(), "cmd": "dvc repro"}
    text = json.dumps({"write": {}, "read": {"models/x": [info]}})
    (clone / ".dvc/tmp/rwlock").write_text(text)
    monkeypatch.setattr(dvc_files, "_lives", lambda pid: pid == os.getpid())
    empty(clone / "exports/x/model.hrnn")
    assert main(["check", "--files", "--mend"]) == 1
    words = f"must be mended while DVC rests; got process {os.getpid()} (dvc repro)"
    assert words in capsys.readouterr().err
    assert (clone / "exports/x/model.hrnn").exists()


def test_a_process_that_is_no_dvc_holds_no_lock():
    assert not dvc_files._lives(gone())
    assert dvc_files._lives(os.getpid()) == (b"dvc" in Path("/proc/self/cmdline").read_bytes())


def test_what_a_kill_left_half_written_is_removed(clone, capsys):
    left = [
        clone / "data/prepared/x.partial",
        clone / "results/x/metrics.json.partial",
        clone / "finished/train-x-2.partial123",
    ]
    for path in left:
        files.write_text(path / "a" if path.suffix != ".partial" else path, "half")
    code, out = check(capsys)
    assert code == 1 and out.count("must be gone when nobody writes it") == 3
    assert check(capsys, "--mend")[0] == 0 and not any(path.exists() for path in left)
    assert check(capsys)[0] == 0


def test_what_a_kill_left_moved_aside_is_brought_back(clone, capsys):
    place = clone / "models/x"
    place.rename(clone / "models/x.old")
    code, out = check(capsys)
    assert code == 1 and "models/x: must be in its place; got x.old, moved aside" in out
    assert check(capsys, "--mend")[0] == 0 and (place / "config.json").exists()
    shutil.copytree(place, clone / "models/x.old")  # a newer one is there
    files.write_text(place / "new", "new")
    assert check(capsys, "--mend")[0] == 0
    assert (place / "new").exists() and not (clone / "models/x.old").exists()


def test_the_lock_of_a_killed_git_is_removed(clone, capsys):
    (clone / ".git/index.lock").write_text("")
    code, out = check(capsys)
    assert code == 1 and "index.lock: must be there only while Git works" in out
    assert check(capsys, "--mend")[0] == 0
    git(clone, "status")
    assert not (clone / ".git/index.lock").exists()


def test_what_an_experiment_left_is_told(clone, capsys):
    (clone / "params.yaml").write_text("q: 4\n")
    code, out = check(capsys)
    assert code == 0
    assert "note  params.yaml differs from the committed one: q is 4 ('auto'); to mend it: " in out
    assert out.endswith("git restore params.yaml\n")


def test_scores_of_another_model_are_told(clone, capsys):
    files.write_text(clone / "exports/x/more", "")
    files.write_sums(clone / "exports/x", ["model.hrnn", "more"])
    code, out = check(capsys)
    assert code == 0 and "note  results/x: must be scores of the present model" in out


def test_a_training_run_that_outlived_its_pipeline_is_told(clone, capsys):
    filelock = pytest.importorskip("filelock")
    with filelock.FileLock(clone / "checkpoints/x-1.pt.lock"):
        out = check(capsys)[1]
    assert f"checkpoints/x-1.pt.lock: is held by work under way in process {os.getpid()}" in out
    assert "under way" not in check(capsys)[1]


def test_outside_of_a_clone_there_are_no_files(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["check", "--files"]) == 1
    assert "must lie in a clone of the project; got no dvc.yaml" in capsys.readouterr().err


def found(root=None):
    return {finding.words: finding for finding in environment.look(root)}


@pytest.fixture
def quick(monkeypatch):
    """Without the imports of packages, which take seconds."""
    monkeypatch.setattr(environment, "IMPORTED", ())
    monkeypatch.delenv("HADAMRNN_DATA_MIRROR", raising=False)


def test_a_package_that_is_missing_or_old(quick, tmp_path):
    text = '[project]\ndependencies = ["numpy>=99"]\n'
    text += '[project.optional-dependencies]\ntrain = ["no-such-package>=1.2", "pytest>=1"]\n'
    (tmp_path / "pyproject.toml").write_text(text)
    findings = found(tmp_path)
    missing = findings["no-such-package: must be installed, 1.2 or newer; got none"]
    assert missing.kind == "wrong" and "pip install -e" in missing.command
    assert [w for w in findings if w.startswith("numpy: must be 99 or newer; got ")]
    assert not [words for words in findings if "pytest" in words]


def test_a_package_that_cannot_be_imported(quick, monkeypatch):
    monkeypatch.setattr(environment, "IMPORTED", ("no_such_package",))
    monkeypatch.setattr(environment, "_packages", lambda _root: [])
    words = "no_such_package: must be importable; got ModuleNotFoundError"
    assert any(w.startswith(words) and f.kind == "wrong" for w, f in found().items())


@pytest.mark.parametrize("command", ["no-such-compiler", "false", "gcc '"])
def test_a_compiler_that_does_not_work(quick, monkeypatch, command):
    monkeypatch.setenv("CC", command)
    findings = [f for f in found(ROOT).values() if "compiler" in f.command]
    assert [f.kind for f in findings] == ["wrong"]
    assert [f.kind for f in found().values() if "compiler" in f.command] == ["note"]


@pytest.mark.parametrize("mirror", ["/no/such/folder", "http://127.0.0.1:9/data", "http://[x"])
def test_a_mirror_that_is_not_there(quick, monkeypatch, mirror):
    monkeypatch.setenv("HADAMRNN_DATA_MIRROR", mirror)
    findings = [f for f in found().values() if f.words.startswith("HADAMRNN_DATA_MIRROR: must")]
    assert [f.kind for f in findings] == ["wrong"] and "unset HADAMRNN" in findings[0].command


def test_a_mirror_that_is_there(quick, monkeypatch, tmp_path):
    monkeypatch.setenv("HADAMRNN_DATA_MIRROR", str(tmp_path))
    assert found()[f"data mirror: {tmp_path}"].kind == "ok"


def test_the_whole_command_on_this_machine(clone):
    """With a packages' list of its own, since this environment may hold less than the pipeline."""
    (clone / "pyproject.toml").write_text(
        "[project]\ndependencies = []\n[project.optional-dependencies]\n"
    )
    command = [sys.executable, "-m", "hadamrnn.cli", "check"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=clone, capture_output=True, text=True, env=environment)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("ok    Python 3.") and not done.stderr
    assert done.returncode == any(line.startswith("wrong") for line in lines)

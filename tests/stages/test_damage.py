"""Files that a stage reads and that are damaged or missing: one sentence that names them.

So is a disk that is full while a stage writes.
"""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from hadamrnn import files, params
from hadamrnn.datasets import copy
from hadamrnn.errors import HadamrnnError
from stages import common, evaluate, export, prepare, scored, train
from tests.limits import files_of_at_most

ROOT = Path(__file__).parents[2]
DATA = {
    "steps": 25,
    "train_sequences": 64,
    "valid_sequences": 32,
    "test_sequences": 16,
    "data_seed": 1,
}


def document(**changes):
    content = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    content["device"] = "cpu"
    content["benchmark"]["copy"] |= {"hidden_size": 16, "epochs": 2, "data": DATA}
    return yaml.safe_dump(content | changes)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder in which all stages have run for a tiny copy task, except evaluate."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "params.yaml").write_text(document(), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        settings = params.load()["copy"]
        copy.prepare(common.prepared("copy"), copy.Data(**DATA))
        train.main(settings)()
        export.main(settings)
    return folder


@pytest.fixture
def settings(finished, tmp_path, monkeypatch):
    """Settings of a copy of ``finished``, which is the working folder."""
    shutil.copytree(finished, tmp_path / "run")
    monkeypatch.chdir(tmp_path / "run")
    return params.load()["copy"]


def all_files():
    found = (path for path in Path().rglob("*") if path.suffix != ".lock" and path.is_file())
    return {path.as_posix(): path.read_bytes() for path in found}


def cut(path):
    path.write_bytes(path.read_bytes()[:-2])


def empty(path):
    path.write_bytes(b"")


def change(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 64
    path.write_bytes(data)


def remove(path):
    path.unlink()


READ = [
    (train, "data/prepared/copy/card.json", "prepare"),
    (train, "data/prepared/copy/train_messages.npy", "prepare"),
    (train, "data/prepared/copy/valid_messages.npy", "prepare"),
    (export, "data/prepared/copy/card.json", "prepare"),
    (export, "data/prepared/copy/train_messages.npy", "prepare"),
    (export, "models/copy/config.json", "train"),
    (export, "models/copy/model.safetensors", "train"),
    (evaluate, "data/prepared/copy/card.json", "prepare"),
    (evaluate, "data/prepared/copy/test_messages.npy", "prepare"),
    (evaluate, "models/copy/config.json", "train"),
    (evaluate, "models/copy/model.safetensors", "train"),
    (evaluate, "results/copy/train.json", "train"),
    (evaluate, "exports/copy/model.hrnn", "export"),
    (evaluate, "exports/copy/model.h", "export"),
    (evaluate, "exports/copy/model.onnx", "export"),
    (evaluate, "exports/copy/SHA256SUMS", "export"),
]


@pytest.mark.parametrize("damage", [cut, empty, change, remove], ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    ("stage", "path", "maker"), READ, ids=[f"{s.__name__[7:]}-{Path(p).name}" for s, p, _ in READ]
)
def test_a_damaged_file_is_named_with_the_command_that_makes_it_anew(
    settings, stage, path, maker, damage
):
    damage(Path(path))
    with pytest.raises(HadamrnnError) as caught:
        stage.main(settings)
    words, place = str(caught.value), re.escape(path)
    if path.endswith("SHA256SUMS") and damage is not remove:  # what it lists is what differs
        place = "exports/copy/model[.](hrnn|h|onnx)"
    if path.endswith("config.json") and damage is remove:
        place = re.escape(str(Path(path).parent))
    assert re.match(f"{place}: must [^\n]*run dvc repro {maker}@copy$", words), words


@pytest.mark.parametrize(
    ("stage", "size", "path"),
    [
        (prepare, 300, "data/prepared/copy/train_messages.npy"),
        (train, 3000, r"checkpoints/copy-\w+\.pt"),
        (export, 100, "exports/copy/model.hrnn"),
        (export, 3000, "exports/copy/model.h"),
    ],
)
def test_a_full_disk_names_the_file_and_leaves_the_older_version(settings, stage, size, path):
    before = all_files()
    words = f"^{path}: must be writable, and is as it was before; got File too large$"
    with files_of_at_most(size), pytest.raises(HadamrnnError, match=words):
        stage.main(settings)
    assert all_files() == before


def test_a_full_disk_leaves_the_older_scores(settings):
    scored.write("copy", {"old": 1}, [], "")
    before = all_files()
    words = "^results/copy/metrics.json: must be writable, and is as it was before"
    with files_of_at_most(100), pytest.raises(HadamrnnError, match=words):
        scored.write("copy", {str(number): 2 for number in range(99)}, [], "")
    assert all_files() == before
    scored.check("copy")


@pytest.mark.parametrize("damage", [cut, empty, change, remove], ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", ["metrics.json", "confusion.csv"])
def test_damaged_scores_are_not_shown(settings, name, damage):
    scored.write("copy", {"old": 1}, [{"actual": "a", "predicted": "b"}], "")
    scored.check("copy")
    damage(Path("results/copy", name))
    with pytest.raises(
        HadamrnnError, match=f"^results/copy/{name}: must .*dvc repro evaluate@copy$"
    ):
        scored.check("copy")


@pytest.mark.parametrize("path", ["models/copy/config.json", "exports/copy/SHA256SUMS"])
def test_scores_of_another_model_do_not_outlive_a_failing_evaluation(settings, path):
    scored.write("copy", {"old": 1}, [], "")
    before = all_files()
    Path("results/copy/train.json").rename("train.json")
    with pytest.raises(HadamrnnError):
        evaluate.main(settings)
    Path("train.json").rename("results/copy/train.json")
    assert all_files() == before  # of this model
    change(Path(path))
    with pytest.raises(HadamrnnError):
        evaluate.main(settings)
    assert not Path("results/copy/metrics.json").exists()


def test_the_history_is_the_one_whose_checksum_is_in_train_json(settings):
    sums = json.loads(Path("results/copy/train.json").read_text())["checksums"]
    assert sums == {"history.csv": files.checksum_of("results/copy/history.csv")}

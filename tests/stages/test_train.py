"""Stage train: a run that was stopped goes on and ends as one that was not."""

from pathlib import Path

import pytest
import yaml
from safetensors.numpy import load_file

from benchmarks.studies import study
from hadamrnn.datasets import copy
from hadamrnn.training import fit as training
from stages import common, finished, signature, train

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
    document["device"] = "cpu"
    document["benchmark"]["copy"] |= {"hidden_size": 16, "epochs": 3, "data": DATA}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    copy.prepare(common.prepared("copy"), copy.Data(**DATA))
    return tmp_path


def model_file():
    return common.models("copy") / "model.safetensors"


def same(first, second):
    return all((first[name] == second[name]).all() for name in first.keys() | second.keys())


class Stop(Exception):
    pass


def test_a_training_stopped_in_an_epoch_ends_as_one_that_was_not(tiny, capsys, monkeypatch):
    settings = study.settings_of("copy", (("seed", 6),))
    train.main(settings)()
    assert capsys.readouterr().out.count("copy epoch 3/3") == 1
    expected = load_file(model_file())
    model_file().unlink()
    fit = training.fit

    def stop_in_epoch_2(epoch, step, loss):
        if epoch == 2:
            raise Stop

    def stopping(*arguments):
        listener = arguments[5]
        monkeypatch.setattr(listener, "on_step", stop_in_epoch_2)
        return fit(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(training, "fit", stopping)
        with pytest.raises(Stop):
            train.main(settings)
    capsys.readouterr()
    train.main(settings)
    shown = capsys.readouterr().out
    assert "copy: goes on after epoch 1" in shown and "epoch 1/3" not in shown
    assert same(load_file(model_file()), expected)


def test_a_training_killed_after_its_end_is_not_trained_anew(tiny, capsys, monkeypatch):
    """DVC deletes the outputs of a killed stage: until they are kept, the checkpoint stays."""
    monkeypatch.setattr(signature, "of", lambda stage, benchmark: "0" * 64)
    settings = study.settings_of("copy", (("seed", 6),))

    def killed(*_):
        raise Stop

    with monkeypatch.context() as patched, pytest.raises(Stop):
        patched.setattr(finished, "keep", killed)
        finished.or_made("train", "copy", lambda: train.main(settings))
    model_file().unlink()
    capsys.readouterr()
    finished.or_made("train", "copy", lambda: train.main(settings))
    assert "epoch 1/3" not in capsys.readouterr().out and model_file().exists()
    assert not list(Path("checkpoints").glob("*.pt"))

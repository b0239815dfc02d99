"""Stage train with several draws of the signs and with a teacher: shown, stopped, gone on with."""

from pathlib import Path

import pytest
import yaml
from safetensors.numpy import load_file

from benchmarks.studies import trained
from hadamrnn.datasets import copy
from hadamrnn.models import storage
from hadamrnn.prepared import arrays as prepared
from hadamrnn.training import fit as training
from hadamrnn.training import sign_draws
from hadamrnn.training.checkpoint import checkpoint_for
from hadamrnn.training.configuration import configuration
from hadamrnn.training.data import batches_of
from hadamrnn.training.distillation import fingerprint
from stages import common, train

ROOT = Path(__file__).parents[2]
DATA = {
    "steps": 25, "train_sequences": 64, "valid_sequences": 32, "test_sequences": 16, "data_seed": 1,
}  # fmt: skip


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A folder with a copy task of 25 steps for a model of 16 neurons, as the working folder."""
    document = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    document["device"] = "cpu"
    document["benchmark"]["copy"] |= {"hidden_size": 16, "epochs": 3, "data": DATA}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    copy.prepare(common.prepared("copy"), DATA)
    return tmp_path


def settings_of(*changes):
    return trained.settings_of("copy", changes)


DRAWS = (("seed", 6), ("train.sign_draws", 3), ("train.sign_draw_epochs", 1))


def model_file():
    return common.models("copy") / "model.safetensors"


def same(first, second):
    return all((first[name] == second[name]).all() for name in first.keys() | second.keys())


class Stop(Exception):
    pass


def test_the_best_draw_is_trained_by_the_whole_recipe(tiny, capsys):
    settings = settings_of(*DRAWS)
    train.main(settings)
    shown = capsys.readouterr().out
    assert [shown.count(f"copy signs {k}/3: valid loss ") for k in (1, 2, 3)] == [1, 1, 1]
    assert shown.count("copy epoch 3/3") == 1
    card = prepared.read_card(common.prepared("copy"))
    model = storage.build(configuration(settings, card), settings.seed)
    sets = batches_of(settings, common.prepared("copy"), card, "cpu", (0, 1))
    best = sign_draws.choose(model, *sets, settings.train, settings.seed)
    drawn = model.rnn.sign_weight.detach().numpy().copy()
    assert best > 0, "the test needs another draw than the model's own"
    assert (load_file(model_file())["rnn.sign_weight"] == drawn).all()
    training.fit(model, *sets, settings.train)
    assert same(load_file(model_file()), {k: v.numpy() for k, v in model.state_dict().items()})


@pytest.mark.parametrize("stopped", ["draw", "epoch"])
def test_a_training_stopped_at_any_time_ends_as_one_that_was_not(
    tiny, capsys, monkeypatch, stopped
):
    settings = settings_of(*DRAWS)
    train.main(settings)
    expected = load_file(model_file())
    model_file().unlink()
    capsys.readouterr()
    fits, fit = [], training.fit

    def stopping(*arguments, **options):
        fits.append(arguments)
        if stopped == "draw" and len(fits) == 3:
            raise Stop
        if stopped == "epoch" and len(fits) == 4:
            listener = arguments[5]
            monkeypatch.setattr(listener, "on_step", stop_in_epoch_2)
        return fit(*arguments, **options)

    def stop_in_epoch_2(epoch, step, loss):
        if epoch == 2:
            raise Stop

    with monkeypatch.context() as patched:
        patched.setattr(training, "fit", stopping)
        with pytest.raises(Stop):
            train.main(settings)
    capsys.readouterr()
    train.main(settings)
    assert ("signs 1/3" in capsys.readouterr().out) == (stopped == "draw")
    assert same(load_file(model_file()), expected)


def test_what_a_teacher_is_decides_the_checkpoint(tiny):
    train.main(settings_of(("benchmark.copy.hidden_size", 32), ("benchmark.copy.epochs", 1)))
    folder = Path("teachers/wide")
    folder.parent.mkdir()
    common.models("copy").rename(folder)
    settings = settings_of(("train.teacher", str(folder)))
    config = configuration(settings, prepared.read_card(common.prepared("copy")))
    before = checkpoint_for(settings, config, common.prepared("copy") / "card.json")
    assert before.configuration["teacher"] == fingerprint(folder)
    assert (
        checkpoint_for(settings, config, common.prepared("copy") / "card.json").path == before.path
    )
    train.main(settings)
    taught = load_file(model_file())
    train.main(settings_of())
    assert not same(load_file(model_file()), taught)
    (folder / "config.json").write_text((folder / "config.json").read_text() + "\n")
    assert (
        checkpoint_for(settings, config, common.prepared("copy") / "card.json").path != before.path
    )

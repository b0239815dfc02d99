"""The device parameter and the storage of models: round trips and messages."""

import os
import re
import stat
from types import SimpleNamespace

import pytest
import torch

from hadamrnn.errors import HadamrnnError
from hadamrnn.models import storage
from hadamrnn.training import device
from hadamrnn.training.configuration import configuration
from tests.train_settings import train_settings

CONFIG = {
    "model": "hadamrnn",
    "arguments": {
        "input_size": 2,
        "hidden_size": 8,
        "output_size": 3,
        "q": 2,
        "weight_bits": 4,
        "readout": "mean",
        "per_step": False,
    },
}


def test_auto_is_the_best_device_there_is():
    assert device.resolve("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_missing_cuda_device():
    with pytest.raises(HadamrnnError, match=r"^device: must be present on this machine .*cuda:99"):
        device.resolve("cuda:99")


def test_unknown_device():
    with pytest.raises(
        HadamrnnError, match="^device: must be auto, cpu or cuda:<index>; got 'gpu'"
    ):
        device.resolve("gpu")


def test_finer_classes_are_outputs_and_stay_with_the_model(tmp_path):
    finer = {"names": ["x", "y", "z"], "class_of": [1, 0, 1]}
    settings, card = settings_and_card("dense", None)
    card["output"]["finer"] = finer
    plain = configuration(settings, card)
    settings.train = train_settings(hidden_size=8, finer_classes=True)
    config = configuration(settings, card)
    assert config["arguments"]["output_size"] == 3 and config["class_of"] == [1, 0, 1]
    storage.save(storage.build(config), config, tmp_path)
    assert storage.load(tmp_path)[0].class_of == [1, 0, 1]
    assert plain["arguments"]["output_size"] == 2 and "class_of" not in plain
    assert storage.build(plain).class_of is None


def test_fade_reaches_the_model():
    settings, card = settings_and_card("dense", None)
    assert "fade" not in configuration(settings, card)["arguments"], "as models made before"
    settings.fade = 5
    assert storage.build(configuration(settings, card)).rnn.fade == 5


def test_bits_of_the_parts_and_their_quantizer_reach_the_model_and_its_files(tmp_path):
    settings, card = settings_and_card("dense", None)
    plain = configuration(settings, card)
    known = {"quantizer", "input_weight_bits", "output_weight_bits"}
    assert not known & set(plain["arguments"]), "as models made before"
    settings.input_weight_bits, settings.output_weight_bits = 2, None
    settings.train = train_settings(hidden_size=8, quantizer="lsq")
    config = configuration(settings, card)
    model = storage.build(config)
    assert (model.rnn.weight_bits, model.output_weight_bits) == (2, None)
    storage.save(model, config, tmp_path)
    loaded, _ = storage.load(tmp_path)
    assert torch.equal(loaded.rnn.input_log_step, model.rnn.input_log_step)
    lsq = {**plain, "arguments": {**plain["arguments"], "quantizer": "lsq"}}
    storage.save(storage.build(plain), lsq, tmp_path)
    with pytest.raises(HadamrnnError, match=r"parameters of another model .*input_log_step"):
        storage.load(tmp_path)


def test_models_from_before_fading_load():
    model = storage.build(CONFIG)
    state = model.state_dict()
    state["rnn._extra_state"] = torch.tensor([2, 4])
    model.load_state_dict(state)
    state["rnn._extra_state"] = torch.tensor([2, 3])
    with pytest.raises(HadamrnnError, match=r"weight_bits=4, .*got one with q=2, weight_bits=3,"):
        model.load_state_dict(state)


@pytest.mark.parametrize("readout", ["last", "mean"])
def test_what_is_read_at_every_step_has_one_readout(readout):
    """A top-level readout is for benchmarks that have a choice; export refuses a mean here."""
    settings, card = settings_and_card("symbol", None)
    settings.readout = readout
    assert configuration(settings, card)["arguments"]["readout"] == readout
    card["output"]["per_step"] = True
    assert configuration(settings, card)["arguments"]["readout"] == "last"


def test_finer_classes_of_a_data_set_without_them():
    words = (
        "train.finer_classes: must be false for a data set whose card.json names no finer "
        "classes; got true"
    )
    settings, card = settings_and_card("dense", None)
    settings.train = train_settings(hidden_size=8, finer_classes=True)
    with pytest.raises(HadamrnnError, match=f"^{words}$"):
        configuration(settings, card)


def test_model_round_trip(tmp_path):
    model = storage.build(CONFIG, 3)
    storage.save(model, CONFIG, tmp_path)
    loaded, config = storage.load(tmp_path)
    x = torch.randn(4, 6, 2)
    assert config == CONFIG and torch.equal(loaded(x), model(x))


def test_same_seed_same_model_whatever_was_drawn_before():
    first = storage.build(CONFIG, 5).state_dict()
    torch.randn(7)
    second = storage.build(CONFIG, 5).state_dict()
    other = storage.build(CONFIG, 6).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["output_weight"], other["output_weight"])


def test_missing_model(tmp_path):
    with pytest.raises(HadamrnnError, match="must hold a trained model; run dvc repro train@"):
        storage.load(tmp_path / "har2")


def test_every_changed_bit_of_either_file_is_refused(tmp_path):
    folder = tmp_path / "har2"
    storage.save(storage.build(CONFIG), CONFIG, folder)
    for name in (storage.TENSORS, storage.CONFIG):
        whole = (folder / name).read_bytes()
        words = (
            rf"^{re.escape(str(folder / name))}: must be whole and unchanged; got .* and run dvc"
        )
        for index in range(0, 8 * len(whole), 13):
            changed = bytearray(whole)
            changed[index // 8] ^= 1 << index % 8
            (folder / name).write_bytes(changed)
            if name == storage.CONFIG and whole[index // 8 : index // 8 + 1].isspace():
                continue  # may be another blank
            with pytest.raises(HadamrnnError, match=words):
                storage.load(folder)
        (folder / name).write_bytes(whole)
    storage.load(folder)


def test_files_of_two_models_do_not_mix(tmp_path):
    for seed in (1, 2):
        storage.save(storage.build(CONFIG, seed), CONFIG, tmp_path / str(seed))
    (tmp_path / "1" / storage.TENSORS).replace(tmp_path / "2" / storage.TENSORS)
    with pytest.raises(HadamrnnError, match=r"2/model\.safetensors: must be whole and unchanged"):
        storage.load(tmp_path / "2")
    with pytest.raises(HadamrnnError, match=r"1/model\.safetensors: must exist; .*; run dvc repro"):
        storage.load(tmp_path / "1")


def test_parameters_of_another_shape_are_one_sentence(tmp_path):
    wide = {**CONFIG, "arguments": {**CONFIG["arguments"], "hidden_size": 64}}
    storage.save(storage.build(CONFIG), wide, tmp_path)
    with pytest.raises(
        HadamrnnError, match=r"got parameters of another model \(Error\(s\) in .*run"
    ):
        storage.load(tmp_path)


def test_others_may_read_what_the_umask_lets_them(tmp_path):
    before = os.umask(0o022)
    try:
        storage.save(storage.build(CONFIG), CONFIG, tmp_path)
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {0o644}


def test_unknown_model():
    with pytest.raises(
        HadamrnnError, match="^model: must be one of hadamrnn, .*; got 'transformer'"
    ):
        storage.build({**CONFIG, "model": "transformer"})


def settings_and_card(kind, embedding_size):
    train = train_settings(hidden_size=8, embedding_size=embedding_size)
    settings = SimpleNamespace(
        benchmark="some",
        model="hadamrnn",
        q=1,
        weight_bits=4,
        input_weight_bits=4,
        output_weight_bits=4,
        readout="mean",
        fade=None,
        train=train,
    )
    return settings, {
        "input": {"kind": kind, "size": 30},
        "output": {"size": 2, "per_step": False},
    }


def test_embedding_reaches_the_model():
    config = configuration(*settings_and_card("symbol", 5))
    model = storage.build(config)
    assert model.embedding.weight.shape == (30, 5) and model.rnn.input_size == 5
    assert storage.build(configuration(*settings_and_card("dense", None))).embedding is None


def test_numbers_have_no_embedding():
    words = (
        "^embedding_size: must be null for some, whose inputs are numbers and not symbols; got 5$"
    )
    with pytest.raises(HadamrnnError, match=words):
        configuration(*settings_and_card("dense", 5))

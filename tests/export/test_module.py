"""A module of the user's own becomes a folder for a device, or is refused by name."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from hadamrnn import HadamRNN, export_module, integer
from hadamrnn.errors import HadamrnnError
from hadamrnn.export import checked
from hadamrnn.export.module_parts import as_classifier
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.readouts import LOG_FLOOR

HEADS = {
    "last": lambda layer, x: layer.last_state(x).relu(),
    "mean": lambda layer, x: layer.mean_state(x),
    "log_mean": lambda layer, x: (layer.mean_state(x) + LOG_FLOOR).log2(),
    "every": lambda layer, x: layer(x)[0].relu(),
}


class Mine(nn.Module):
    """A user's module: one layer, something between, one Linear."""

    def __init__(self, head="last", bias=True, between=None, **options):
        super().__init__()
        torch.manual_seed(0)
        self.recurrent = HadamRNN(3, 16, **options)
        self.between = between or nn.Identity()
        self.answer = nn.Linear(16, 4, bias=bias)
        self.head = head

    def forward(self, x):
        return self.answer(self.between(HEADS[self.head](self.recurrent, x)))


def readings(count=40, steps=20):
    return np.random.default_rng(0).standard_normal((count, steps, 3)).astype(np.float32)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize(
    "options",
    [{}, {"q": 2, "fade": 3}, {"weight_bits": None, "quantizer": "lsq"}, {"quantizer": "lsq"}],
)
@pytest.mark.parametrize("bias", [True, False])
def test_any_options_and_every_read_out(head, options, bias, tmp_path):
    module = Mine(head, bias, **options)
    if not bias:
        module.recurrent = HadamRNN(3, 16, bias=False, **options)
    x = readings()
    done = export_module(module, x, tmp_path, name="mine", activation_bits=14)
    assert done.agreement > 0.9
    loaded = integer.load(tmp_path / "model.hrnn")
    with torch.no_grad():
        wanted = module(torch.from_numpy(x)).argmax(-1).numpy()
    assert (loaded.predict(x) == wanted).mean() > 0.9
    assert (loaded.per_step, loaded.name) == (head == "every", "mine")


def test_symbols(tmp_path):
    ids = np.random.default_rng(0).integers(0, 3, (30, 12))
    done = export_module(Mine(fade=2), ids, tmp_path)
    assert done.model.input_kind == "symbol"
    assert done.agreement > 0.9


def test_a_classifier_is_taken_as_it_is(tmp_path):
    torch.manual_seed(0)
    module = HadamClassifier(3, 16, 4, readout="log_mean", fade=2)
    assert as_classifier(module, torch.zeros(1, 5, 3)) is module
    assert export_module(module, torch.from_numpy(readings()), tmp_path).sequences == 40


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (Mine(between=nn.Tanh()), "^module.between: must be no Tanh, which the integer model"),
        (Mine(between=nn.LayerNorm(16)), "^module.between: must be no LayerNorm"),
        (Mine(between=nn.Dropout(0.5)), "^module.between: its dropout must be inactive, call"),
        (Mine(between=nn.Linear(16, 16)), "^module: must hold one Linear to be exported; got 2"),
        (nn.Sequential(nn.Linear(3, 4)), "^module: must hold one HadamRNN to be exported; got 0"),
    ],
)
def test_what_cannot_be_exported_is_named(module, message, tmp_path):
    with pytest.raises(HadamrnnError, match=message):
        export_module(module, readings(), tmp_path / "never")
    assert not (tmp_path / "never").exists()


def test_dropout_outside_training_does_no_harm(tmp_path):
    module = Mine(between=nn.Dropout(0.5)).eval()
    assert export_module(module, readings(), tmp_path).agreement > 0.9


class Other(Mine):
    """What stands between the states and the Linear is in forward, where no name tells of it."""

    def __init__(self, between):
        super().__init__()
        self.function = between

    def forward(self, x):
        return self.answer(self.function(self.recurrent.last_state(x)))


def test_what_is_computed_is_tried():
    x = torch.from_numpy(readings())
    with pytest.raises(HadamrnnError, match="^module: must apply relu to the states before its"):
        as_classifier(Other(lambda h: h), x)
    with pytest.raises(HadamrnnError, match="^module: must compute Linear.r. with r one of relu"):
        as_classifier(Other(torch.tanh), x)


def test_calibration_must_be_sequences(tmp_path):
    with pytest.raises(HadamrnnError, match="^calibration: must be .n, time, features. floats"):
        export_module(Mine(), np.zeros((4, 3), np.float32), tmp_path)
    with pytest.raises(HadamrnnError, match="^calibration: must hold finite numbers; got others"):
        export_module(Mine(), np.full((4, 3, 3), np.nan, np.float32), tmp_path)


def test_nothing_is_written_where_c_or_onnx_differ(tmp_path, monkeypatch):
    class Wrong:
        def __init__(self, model):
            self.model = model

        def run(self, model, x_int):
            return SimpleNamespace(logits=model.run_logits(x_int) + 1)

        def __exit__(self):
            pass

    with monkeypatch.context() as patch:
        patch.setattr(checked, "_has_compiler", lambda: True)
        patch.setattr(checked.host, "HostProgram", Wrong)
        with pytest.raises(HadamrnnError, match="^export: C must equal the integer model"):
            export_module(Mine(), readings(), tmp_path / "never")
    monkeypatch.setattr(checked, "_torch_logits", lambda classifier, batch: np.ones((40, 4)))
    with pytest.raises(HadamrnnError, match="^export: ONNX must equal the torch model"):
        export_module(Mine(), readings(), tmp_path / "never")
    assert not (tmp_path / "never").exists()


def test_without_a_compiler_the_report_says_that_c_was_not_run(tmp_path, monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    assert not export_module(Mine(), readings(), tmp_path).c_checked

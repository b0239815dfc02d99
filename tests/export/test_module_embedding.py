"""Modules with an Embedding, and modules whose readings are standardised before they come."""

import numpy as np
import pytest
import torch
from torch import nn

from hadamrnn import HadamRNN, export_module, integer
from hadamrnn.errors import HadamrnnError
from tests.export.test_module import Mine, readings


class Words(nn.Module):
    """A user's classifier of words."""

    def __init__(self, symbols=50, size=6, padding=None):
        super().__init__()
        torch.manual_seed(0)
        self.words = nn.Embedding(symbols, size, padding_idx=padding)
        self.recurrent = HadamRNN(size, 32, fade=3)
        self.answer = nn.Linear(32, 4)

    def forward(self, ids):
        return self.answer(self.recurrent.mean_state(self.words(ids)))


def ids(symbols=50):
    return np.random.default_rng(0).integers(0, symbols, (60, 20))


@pytest.mark.parametrize("padding", [None, 0, 3])
@pytest.mark.parametrize(("symbols", "bits", "factored"), [(50, 8, True), (50, None, False)])
def test_words_become_a_table_or_vectors(padding, symbols, bits, factored, tmp_path):
    module = Words(symbols, padding=padding)
    done = export_module(module, ids(symbols), tmp_path, embedding_bits=bits)
    assert done.agreement > 0.9 and done.sequences == 60
    loaded = integer.load(tmp_path / "model.hrnn")
    assert (loaded.embedding is not None) == factored and loaded.input_size == symbols
    with torch.no_grad():
        wanted = module(torch.from_numpy(ids(symbols))).argmax(-1).numpy()
    assert (loaded.predict(ids(symbols)) == wanted).mean() > 0.9


def test_the_smaller_form_of_words_ships(tmp_path):
    """A vector of 40 numbers for each of 50 words takes more than 32 products."""
    export_module(Words(size=40), ids(), tmp_path)
    assert integer.load(tmp_path / "model.hrnn").embedding is None


def test_two_embeddings_and_a_bag_of_them_are_refused(tmp_path):
    module = Words()
    module.more = nn.Embedding(3, 3)
    with pytest.raises(HadamrnnError, match="^module: must hold at most one Embedding to be expo"):
        export_module(module, ids(), tmp_path / "never")
    del module.more
    module.bag = nn.EmbeddingBag(3, 3)
    with pytest.raises(HadamrnnError, match="^module.bag: must be no EmbeddingBag, which the int"):
        export_module(module, ids(), tmp_path / "never")


def test_words_that_are_changed_on_their_way_are_noticed(tmp_path):
    class Tanh(Words):
        def forward(self, ids):
            return self.answer(self.recurrent.mean_state(self.words(ids).tanh()))

    with pytest.raises(HadamrnnError, match="^module: must compute Linear"):
        export_module(Tanh(), ids(), tmp_path / "never")


def test_readings_go_in_as_they_were_recorded(tmp_path):
    x, module = readings(), Mine("mean")
    zero, scale = np.array([10.0, -500.0, 0.25]), np.array([2.0, 100.0, 0.01])
    done = export_module(module, x, tmp_path, zero=zero, scale=scale, input_bits=8)
    loaded = integer.load(tmp_path / "model.hrnn")
    raw = (x * scale + zero).astype(np.float32)
    with torch.no_grad():
        wanted = module(torch.from_numpy(x)).argmax(-1).numpy()
    assert (loaded.predict(raw) == wanted).mean() > 0.9
    assert np.abs(loaded.quantize_raw(raw).astype(int) - loaded.quantize_input(x)).max() <= 1
    assert loaded.recording.window == 20 and not loaded.recording.numbers
    assert "hr_step_raw" in (done.folder / "main.c").read_text()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"zero": [0.0, 0, 0]}, "scale: must be 3 finite numbers; got None"),
        ({"zero": [0.0], "scale": [1.0]}, r"zero: must be 3 finite numbers; got \[0.0\]"),
        ({"zero": [0.0] * 3, "scale": [1.0, 0, 1]}, "scale: must be above 0; got 0"),
        ({"zero": [np.nan] * 3, "scale": [1.0] * 3}, "zero: must be 3 finite numbers; got"),
    ],
)
def test_what_readings_are_is_checked(given, words, tmp_path):
    with pytest.raises(HadamrnnError, match=f"^{words}"):
        export_module(Mine(), readings(), tmp_path / "never", **given)
    with pytest.raises(HadamrnnError, match="^zero: must be left out for ids; got"):
        export_module(Words(), ids(), tmp_path / "never", zero=[0.0], scale=[1.0])

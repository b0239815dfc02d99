"""Lost words: their share, that padding stays, that draws repeat, and where the option belongs."""

import pytest
import torch

from hadamrnn.errors import HadamrnnError
from hadamrnn.training.augmentation import from_card
from hadamrnn.training.word_dropout import WordDropout
from tests.train_settings import train_settings

TEXT = {"input": {"kind": "symbol", "size": 50}}


def seeded():
    return torch.Generator().manual_seed(4)


def test_words_are_lost_with_the_given_probability_and_others_stay():
    ids = torch.randint(1, 50, (200, 300), generator=seeded())
    ids[:, :20] = 0
    lost = WordDropout(0.2)(ids, seeded())
    assert float((lost[:, 20:] == 0).double().mean()) == pytest.approx(0.2, abs=0.01)
    assert torch.equal(lost[lost != 0], ids[lost != 0])
    assert int(lost[:, :20].max()) == 0
    assert torch.equal(WordDropout(0.2)(ids, seeded()), lost)


def test_off_is_none_and_on_is_word_dropout():
    assert from_card(train_settings(embedding_size=8), TEXT) is None
    drop = from_card(train_settings(embedding_size=8, word_dropout=0.1), TEXT)
    assert isinstance(drop, WordDropout) and drop.probability == 0.1


def test_symbols_without_an_embedding_have_no_padding():
    with pytest.raises(HadamrnnError) as caught:
        from_card(train_settings(word_dropout=0.1), TEXT)
    assert str(caught.value) == (
        "train.word_dropout: must be 0 where embedding_size is null; got 0.1"
    )

"""Several draws of the signs: the best by validation is trained, from scratch and repeatably."""

from dataclasses import replace

import pytest
import torch

from hadamrnn.training import sign_draws
from hadamrnn.training.fit import Listener, fit
from tests.training.test_fit import SETTINGS, batches, model, same_parameters

DRAWS = replace(SETTINGS, sign_draws=4, sign_draw_epochs=2, patience=1)


class Ear(Listener):
    def __init__(self):
        self.heard = []

    def on_draw(self, draw, draws, valid_cross_entropy):
        self.heard.append((draw, draws, valid_cross_entropy))


def chosen(settings=DRAWS, seed=1):
    network, ear = model(), Ear()
    sets = batches(), batches(seed=None, count=70)
    return network, sign_draws.choose(network, *sets, settings, seed, ear), ear.heard


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_the_draw_of_the_lowest_validation_loss_is_left_untrained(seed):
    network, best, heard = chosen(seed=seed)
    losses = [loss for _, _, loss in heard]
    assert [words[:2] for words in heard] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert len(set(losses)) == 4 and losses[best] == min(losses)
    expected = model()
    sign_draws.draw_signs(expected, seed, best)
    assert same_parameters(network, expected)


def test_a_draws_loss_is_that_of_its_short_training_from_scratch():
    _, _, heard = chosen()
    for draw, _, loss in heard:
        network = model()
        sign_draws.draw_signs(network, 1, draw - 1)
        short = replace(SETTINGS, epochs=2)
        history = fit(network, batches(), batches(seed=None, count=70), short).history
        assert history[-1]["valid_cross_entropy"] == loss


def test_a_draw_changes_the_signs_alone_and_depends_on_seed_and_number():
    drawn = {}
    for seed, draw in ((1, 0), (1, 1), (1, 2), (2, 1)):
        network = model()
        sign_draws.draw_signs(network, seed, draw)
        drawn[seed, draw] = tuple(network.rnn.signs().tolist())
        again = model()
        sign_draws.draw_signs(again, seed, draw)
        assert same_parameters(again, network)
        with torch.no_grad():
            network.rnn.sign_weight.copy_(model().rnn.sign_weight)
        assert same_parameters(network, model())
    assert drawn[1, 0] == tuple(model().rnn.signs().tolist())
    assert len(set(drawn.values())) == 4


def test_the_choice_can_be_made_again():
    first, second = chosen(), chosen()
    assert first[1:] == second[1:]
    assert same_parameters(first[0], second[0])

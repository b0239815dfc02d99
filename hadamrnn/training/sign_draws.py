"""Several initial draws of the signs: train each for a few epochs, go on with the best alone.

Held signs stay as they were drawn, so some draws are luckier than others. Every draw starts from
the same other weights, is trained for ``sign_draw_epochs`` by the recipe of so short a training,
and is scored by its cross-entropy on validation rows, which therefore must not be trained on. The
choice depends on (seed, data, settings) alone: after a stop it can be made again.
"""

import copy
from dataclasses import replace

import numpy as np
import torch

from hadamrnn.training import fit
from hadamrnn.training.batches import SIGN_DRAW


@torch.no_grad()
def draw_signs(model, seed, draw):
    """Give ``model`` the initial signs that (seed, draw) decide; draw 0 leaves it as it is."""
    if draw == 0:
        return
    words = np.random.SeedSequence((seed, draw, SIGN_DRAW)).generate_state(1, np.uint64)
    generator = torch.Generator().manual_seed(int(words[0] >> np.uint64(1)))
    for parameter in fit.sign_parameters(model):
        drawn = torch.empty(parameter.shape, dtype=parameter.dtype)
        parameter.copy_(torch.nn.init.xavier_uniform_(drawn, generator=generator))


def choose(model, train, valid, settings, seed, listener=None, teacher=None):
    """Leave ``model`` untrained, with the best of ``sign_draws`` draws; returns its number.

    model : as built from ``seed``, which is draw 0; train, valid, settings, teacher : as
    ``training.fit``; listener : its ``on_draw`` hears of every draw.
    """
    listener = listener or fit.Listener()
    start, losses = copy.deepcopy(model.state_dict()), []
    short = replace(settings, epochs=settings.sign_draw_epochs, select="last")
    for draw in range(settings.sign_draws):
        model.load_state_dict(start)
        draw_signs(model, seed, draw)
        history = fit.fit(model, train, valid, short, teacher=teacher).history
        losses.append(history[-1]["valid_cross_entropy"])
        listener.on_draw(draw + 1, settings.sign_draws, losses[-1])
    best = losses.index(min(losses))
    model.load_state_dict(start)
    draw_signs(model, seed, best)
    return best

"""Flips by trial: only those that lower the loss stay, and they are counted, repeated, resumed."""

from dataclasses import replace

import pytest
import torch

from hadamrnn.models.storage import build
from hadamrnn.training.checkpoint import Checkpoint
from hadamrnn.training.fit import Listener, fit
from hadamrnn.training.schedules import sign_factor
from hadamrnn.training.sign_flips import ROWS, SignFlips
from tests.training.test_fit import (
    SETTINGS,
    Recorder,
    Stop,
    batches,
    model,
    same_parameters,
    train,
    without_seconds,
)

ACCEPT = replace(SETTINGS, sign_schedule="accept", sign_steps=1)


class Watch(Listener):
    """After every step the signs, and the magnitudes behind them."""

    def __init__(self, network):
        self.network, self.seen = network, []

    def on_step(self, epoch, step, loss):
        weight = self.network.rnn.sign_weight.detach().clone()
        self.seen.append((weight < 0, weight.abs()))


@pytest.mark.parametrize("seed", range(5))
def test_a_loss_never_rises_and_its_kept_flips_are_counted(seed):
    generator = torch.Generator().manual_seed(seed)
    wanted, signs = (torch.randn(12, generator=generator) for _ in range(2))
    start = signs.clone()

    def loss():
        return ((signs < 0) != (wanted < 0)).sum().item()

    before, flips, kept = loss(), SignFlips([signs], loss), 0
    for _ in range(200):
        gained = flips.propose(generator)
        assert loss() == before - gained
        before, kept = loss(), kept + gained
    assert before == 0 and kept == ((start < 0) != (wanted < 0)).sum()
    assert torch.equal(signs.abs(), start.abs())


def test_an_equal_loss_is_no_reason_to_flip():
    signs = torch.ones(4)
    flips = SignFlips([signs], lambda: 1.0)
    assert sum(flips.propose(torch.Generator()) for _ in range(20)) == 0
    assert torch.equal(signs, torch.ones(4))


def test_history_counts_the_kept_flips():
    network, first = model(), model().rnn.sign_weight
    watch, settings = Watch(network), replace(ACCEPT, select="last")
    result = fit(network, batches(), batches(seed=None), settings, listener=watch)
    # A step is heard before its proposal, whose flip shows at the next step, or at the end.
    signs = [*(negative for negative, _ in watch.seen), network.rnn.sign_weight < 0]
    flips = [int((a != b).sum()) for a, b in zip(signs, signs[1:], strict=False)]
    assert sum(flips) > 0 and max(flips) == 1
    for row, k in zip(result.history, range(0, 25, 5), strict=True):
        assert row["flips_per_step"] == sum(flips[k : k + 5]) / 5
    assert torch.equal(signs[0], first < 0)
    assert all(torch.equal(size, first.abs()) for _, size in watch.seen)


@pytest.mark.parametrize("every", [1, 3, 26])
def test_a_flip_is_proposed_every_so_many_steps(monkeypatch, every):
    proposed, propose = [], SignFlips.propose
    recorder = Recorder()

    def watched(self, generator):
        proposed.append(len(recorder.steps))
        return propose(self, generator)

    monkeypatch.setattr(SignFlips, "propose", watched)
    train(replace(ACCEPT, sign_steps=every), listener=recorder)
    assert proposed == list(range(every, 26, every))


def test_the_judging_rows_are_the_same_training_rows_every_time():
    sets = batches()
    inputs, targets = sets.sample(16)
    sets.epoch = 7
    again = sets.sample(16)
    assert torch.equal(inputs, again[0]) and torch.equal(targets, again[1])
    assert len(inputs) == 16 and len(sets.sample(ROWS)[0]) == 150
    rows = {tuple(row) for row in inputs.flatten(1).tolist()}
    assert len(rows) == 16 and rows <= {tuple(row) for row in sets.inputs.flatten(1).tolist()}
    assert torch.equal(inputs[-1], sets.inputs[-1])


def test_adam_does_not_move_the_signs():
    assert {sign_factor(ACCEPT, step, 5) for step in range(25)} == {0}
    network, _ = train(replace(ACCEPT, sign_steps=1000))
    held, _ = train()
    assert same_parameters(network, held)


def test_flips_lower_the_loss_of_the_judging_rows(monkeypatch):
    losses, propose = [], SignFlips.propose

    def watched(self, generator):
        before = self.loss()
        kept = propose(self, generator)
        losses.append((kept, self.loss() - before))
        return kept

    monkeypatch.setattr(SignFlips, "propose", watched)
    train(ACCEPT)
    assert sum(kept for kept, _ in losses) > 0
    assert all(change < 0 if kept else change == 0 for kept, change in losses)


def test_the_same_seed_makes_the_same_flips():
    first, second = train(ACCEPT), train(ACCEPT)
    assert same_parameters(first[0], second[0])
    assert without_seconds(first[1].history) == without_seconds(second[1].history)
    other = model()
    fit(other, batches(seed=2), batches(seed=None, count=70), ACCEPT)
    assert not torch.equal(other.rnn.signs(), first[0].rnn.signs())


@pytest.mark.parametrize("stop_after", [(2, 1), (3, 5)])
def test_stop_and_resume_equals_no_stop(tmp_path, stop_after):
    settings = replace(ACCEPT, sign_steps=2)
    expected, whole = train(settings)
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt", {})
    with pytest.raises(Stop):
        train(settings, checkpoint, Recorder(stop_after=stop_after))
    resumed, result = train(settings, checkpoint)
    assert sum(row["flips_per_step"] for row in result.history) > 0
    assert same_parameters(resumed, expected)
    assert without_seconds(result.history) == without_seconds(whole.history)


def test_a_model_without_signs_trains_as_ever():
    config = {"model": "gru", "arguments": {"input_size": 2, "hidden_size": 4, "output_size": 3}}
    held, tried = (build(config) for _ in range(2))
    for network, settings in ((held, SETTINGS), (tried, ACCEPT)):
        result = fit(network, batches(), batches(seed=None), settings)
    assert same_parameters(held, tried) and result.flips_per_step == 0

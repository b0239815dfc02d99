"""fit repeats bit for bit, resumes bit for bit, and returns the best epoch."""

import copy
import math
from dataclasses import replace

import pytest
import torch

from hadamrnn.models.storage import BASELINES
from hadamrnn.training.checkpoint import Checkpoint
from hadamrnn.training.fit import fit
from hadamrnn.training.run import Listener
from hadamrnn.training.validation import evaluate
from tests.training.small import (
    CLASSES,
    FEATURES,
    SETTINGS,
    Recorder,
    Stop,
    batches,
    model,
    same_parameters,
    train,
    without_seconds,
)

# ----------------------------------------------------------------------------- repeat and resume


@pytest.mark.parametrize("readout", ["last", "mean"])
def test_the_same_run_twice_is_the_same(readout):
    settings = replace(SETTINGS, sign_schedule="constant")
    first, second = (train(settings, readout=readout) for _ in range(2))
    assert same_parameters(first[0], second[0])
    assert without_seconds(first[1].history) == without_seconds(second[1].history)


@pytest.mark.parametrize("stop_after", [(1, 5), (2, 1), (3, 5), (5, 3)])
@pytest.mark.parametrize("readout", ["last", "mean"])
def test_stop_and_resume_equals_no_stop(tmp_path, readout, stop_after):
    settings = replace(SETTINGS, sign_schedule="constant")
    expected, whole = train(settings, readout=readout)
    path = tmp_path / "checkpoint.pt"
    with pytest.raises(Stop):
        train(settings, Checkpoint(path, {}), Recorder(stop_after=stop_after), readout)
    done = stop_after[0] - 1
    assert path.exists() == (done > 0)
    listener = Recorder()
    resumed, result = train(settings, Checkpoint(path, {}), listener, readout)
    assert listener.starts == [(done, 5, 5)]
    assert listener.steps[0] == (done + 1, 1)
    assert same_parameters(resumed, expected)
    assert without_seconds(result.history) == without_seconds(whole.history)
    assert result.best_epoch == whole.best_epoch


def test_a_finished_training_is_not_repeated(tmp_path):
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt", {})
    expected, whole = train(checkpoint=checkpoint)
    listener = Recorder()
    again, result = train(checkpoint=checkpoint, listener=listener)
    assert listener.starts == [(5, 5, 5)]
    assert listener.steps == []
    assert same_parameters(again, expected)
    assert result.history == whole.history


def test_a_training_stopped_by_patience_is_not_continued(tmp_path):
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt", {})
    settings = replace(SETTINGS, learning_rate=1e-30, patience=2)
    _, whole = train(settings, checkpoint)
    listener = Recorder()
    _, result = train(settings, checkpoint, listener)
    assert listener.steps == []
    assert result.history == whole.history


@pytest.mark.parametrize("name", sorted(BASELINES))
@pytest.mark.parametrize("schedule", ["hold", "constant"])
def test_baselines_learn_and_resume(tmp_path, name, schedule):
    """Most have no signs: the optimizer's second group is then empty."""

    def network():
        torch.manual_seed(0)
        return BASELINES[name](
            input_size=FEATURES, hidden_size=16, output_size=CLASSES, weight_bits=4
        )

    settings = replace(SETTINGS, sign_schedule=schedule, clip_gradient=1.0)
    sets = batches(), batches(seed=None, count=70)
    expected, stopped, resumed = network(), network(), network()
    whole = fit(expected, *sets, settings)
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt", {})
    with pytest.raises(Stop):
        fit(stopped, *sets, settings, checkpoint, Recorder(stop_after=(3, 2)))
    result = fit(resumed, *sets, settings, checkpoint)
    assert same_parameters(resumed, expected)
    assert without_seconds(result.history) == without_seconds(whole.history)
    losses = [row["train_cross_entropy"] for row in result.history]
    assert losses[-1] < min(losses[0], math.log(CLASSES))
    assert result.flips_per_step == 0 or (name[:5], schedule) == ("hadam", "constant")


# ------------------------------------------------------------------------------------ best epoch


@pytest.mark.parametrize("select", ["accuracy", "cross_entropy"])
def test_the_best_epoch_is_returned_not_the_last(tmp_path, select):
    """The second half of the training unlearns what the first learned."""
    network, states = model(), {}
    valid = batches(seed=None, count=70)

    class Spoil(Listener):
        def on_epoch(self, row):
            states[row["epoch"]] = copy.deepcopy(network)
            if row["epoch"] >= 3:
                with torch.no_grad():
                    network.output_weight.mul_(-1)

    settings = replace(SETTINGS, select=select)
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt", {})
    result = fit(network, batches(), valid, settings, checkpoint, Spoil())

    def rank(row):
        loss = -row["valid_cross_entropy"]
        return (row["valid_accuracy"], loss) if select == "accuracy" else loss

    best = max(result.history, key=rank)
    assert result.best_epoch == best["epoch"] <= 3 < len(result.history)
    assert same_parameters(network, states[result.best_epoch])
    assert not same_parameters(network, states[5])
    scores = evaluate(network, valid)
    assert scores["accuracy"] == best["valid_accuracy"]
    assert scores["cross_entropy"] == best["valid_cross_entropy"]
    resumed = model()
    fit(resumed, batches(), valid, settings, checkpoint)
    assert same_parameters(resumed, network)


@pytest.mark.parametrize("held_out", [True, False])
def test_select_last_returns_the_last_epoch_and_says_what_was_held_out(tmp_path, held_out):
    """At a standstill the first epoch would be the best, and patience would end the training."""
    changes = {"learning_rate": 1e-30, "patience": 1, "train_on_validation": not held_out}
    settings = replace(SETTINGS, select="last", **changes)
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt", {})
    network, result = train(settings, checkpoint)
    assert result.best_epoch == len(result.history) == 5
    assert {row["validation_held_out"] for row in result.history} == {held_out}
    scores = evaluate(network, batches(seed=None, count=70))
    assert scores["cross_entropy"] == result.history[-1]["valid_cross_entropy"]
    resumed, again = train(settings, checkpoint)
    assert same_parameters(resumed, network)
    assert again.best_epoch == 5


def test_ties_in_accuracy_go_to_the_lower_cross_entropy():
    _, result = train(replace(SETTINGS, learning_rate=1e-5, epochs=4))
    rows = result.history
    assert len({row["valid_accuracy"] for row in rows}) < len(rows)
    ranks = [(row["valid_accuracy"], -row["valid_cross_entropy"]) for row in rows]
    assert result.best_epoch == ranks.index(max(ranks)) + 1


@pytest.mark.parametrize("patience", [1, 3])
def test_patience_stops_without_improvement(patience):
    settings = replace(SETTINGS, learning_rate=1e-30, patience=patience, epochs=9)
    _, result = train(settings)
    assert len(result.history) == 1 + patience
    assert result.best_epoch == 1


def test_without_patience_all_epochs_run():
    _, result = train(replace(SETTINGS, learning_rate=1e-30, epochs=4))
    assert len(result.history) == 4

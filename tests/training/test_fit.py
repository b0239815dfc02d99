"""fit: it learns, repeats bit for bit, resumes bit for bit, and returns the best epoch."""

import copy
import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from hadamrnn.errors import HadamrnnError
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.models.storage import BASELINES
from hadamrnn.prepared.coding import Coding
from hadamrnn.training.batches import Batches
from hadamrnn.training.checkpoint import Checkpoint
from hadamrnn.training.fit import fit
from hadamrnn.training.losses import FEW_CLASSES, cross_entropy, loss_of
from hadamrnn.training.run import HISTORY_COLUMNS, Listener
from hadamrnn.training.schedules import sign_factor, weight_factor
from hadamrnn.training.validation import evaluate
from tests.train_settings import train_settings

CLASSES, FEATURES, STEPS = 3, 2, 10
DENSE = Coding("dense")

SETTINGS = train_settings(
    hidden_size=16,
    epochs=5,
    batch_size=32,
    learning_rate=0.02,
    learning_rate_decay=0.9,
    warmup_steps=2,
    sign_learning_rate=0.1,
    sign_epochs=2,
)


def data(count=150, seed=0):
    """Each class adds its own direction to noise, at every step."""
    generator = np.random.default_rng(seed)
    targets = generator.integers(0, CLASSES, count)
    directions = np.array([[1, 0], [-1, 1], [-1, -1]])
    inputs = generator.standard_normal((count, STEPS, FEATURES)) + directions[targets][:, None]
    return inputs.astype(np.float32), targets.astype(np.uint8)


def batches(seed=1, size=32, count=150):
    return Batches(*data(count), coding=DENSE, batch_size=size, seed=seed)


def model(seed=0, **options):
    torch.manual_seed(seed)
    return HadamClassifier(FEATURES, SETTINGS.hidden_size, CLASSES, **options)


def train(settings=SETTINGS, checkpoint=None, listener=None, readout="last"):
    """(model, FitResult) of one small training."""
    network = model(readout=readout)
    sets = batches(), batches(seed=None, count=70)
    return network, fit(network, *sets, settings, checkpoint, listener)


def finer_model(class_of=(0, 1, 0)):
    return model(class_of=list(class_of))


def test_finer_classes_are_scored_by_the_classes_they_form():
    network, sets = finer_model(), batches(seed=None, count=90)
    logits = torch.cat([network(inputs) for inputs, _ in sets])
    targets = torch.cat([targets for _, targets in sets])
    best = logits.argmax(1)
    expected = ((best == 1) == (targets == 1)).double().mean().item()
    merged = torch.stack((logits[:, [0, 2]].amax(1), logits[:, 1]), 1)
    scores = evaluate(network, sets)
    assert scores["accuracy"] == pytest.approx(expected)
    loss = torch.nn.functional.cross_entropy(merged, (targets == 1).long()).item()
    assert scores["cross_entropy"] == pytest.approx(loss, rel=1e-5)


def test_the_loss_of_finer_classes_is_the_mean_of_both():
    logits, targets = torch.randn(8, 3), torch.tensor([0, 1, 2, 2, 1, 0, 0, 1])
    cross_entropy = torch.nn.functional.cross_entropy
    merged = torch.stack((logits[:, [0, 2]].amax(1), logits[:, 1]), 1)
    both = cross_entropy(logits, targets) + cross_entropy(merged, (targets == 1).long())
    assert loss_of(finer_model(), logits, targets).item() == pytest.approx(both.item() / 2)
    plain = cross_entropy(logits, targets)
    assert loss_of(model(), logits, targets).item() == pytest.approx(plain.item())


def test_finer_classes_are_learned():
    network = finer_model()
    result = fit(network, batches(), batches(seed=None, count=70), replace(SETTINGS, epochs=8))
    assert result.history[-1]["valid_accuracy"] > 0.85
    with torch.no_grad():
        inputs, targets = data(200, seed=1)
        finer = (network(torch.from_numpy(inputs)).argmax(1).numpy() == targets).mean()
    assert finer > 0.8


def without_seconds(history):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in history]


def same_parameters(first, second):
    pairs = zip(first.state_dict().items(), second.state_dict().items(), strict=True)
    return all(a[0] == b[0] and torch.equal(a[1], b[1]) for a, b in pairs)


class Recorder(Listener):
    """Keeps all it hears; raises Stop after ``stop_after`` (epoch, step)."""

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.starts, self.steps, self.rows = [], [], []

    def on_start(self, first_epoch, epochs, steps_per_epoch):
        self.starts.append((first_epoch, epochs, steps_per_epoch))

    def on_step(self, epoch, step, loss):
        self.steps.append((epoch, step))
        assert math.isfinite(loss)
        if self.stop_after == (epoch, step):
            raise Stop

    def on_epoch(self, row):
        self.rows.append(row)


class Stop(Exception):
    pass


# -------------------------------------------------------------------------------------- learning


@pytest.mark.parametrize("readout", ["last", "mean"])
@pytest.mark.parametrize("schedule", ["cosine", "exponential"])
def test_it_learns(readout, schedule):
    network, result = train(replace(SETTINGS, learning_rate_schedule=schedule), readout=readout)
    assert result.history[-1]["train_cross_entropy"] < 0.5 * math.log(CLASSES)
    scores = evaluate(network, batches(seed=None, count=500))
    assert scores["accuracy"] > 0.85
    assert scores["cross_entropy"] < 0.5 * math.log(CLASSES)


def test_it_learns_targets_at_every_step():
    inputs, _ = data()
    targets = (inputs[..., 0] > 0).astype(np.uint8)
    torch.manual_seed(0)
    network = HadamClassifier(FEATURES, 16, 2, per_step=True, q=16)
    sets = [Batches(inputs, targets, coding=DENSE, batch_size=32, seed=seed) for seed in (1, None)]
    result = fit(network, *sets, replace(SETTINGS, epochs=10))
    losses = [row["train_cross_entropy"] for row in result.history]
    assert losses[-1] < 0.9 * losses[0]
    assert losses[-1] < math.log(2)


def test_history_and_listener():
    listener = Recorder()
    _, result = train(listener=listener)
    assert listener.starts == [(0, 5, 5)]
    assert listener.steps == [(epoch, step) for epoch in range(1, 6) for step in range(1, 6)]
    assert all(tuple(row) == HISTORY_COLUMNS for row in result.history)
    assert [row["epoch"] for row in result.history] == [1, 2, 3, 4, 5]
    best = [row["epoch"] for row in listener.rows if row.pop("best")]
    assert listener.rows == result.history
    assert best[0] == 1
    assert best[-1] == result.best_epoch
    assert result.seconds == sum(row["seconds"] for row in result.history) > 0


@pytest.mark.parametrize("schedule", ["hold", "constant", "anneal", "warmup"])
def test_history_has_the_schedules_rates(schedule):
    settings = replace(SETTINGS, sign_schedule=schedule)
    _, result = train(settings)
    last_steps = [5 * epoch - 1 for epoch in range(1, 6)]
    assert [row["learning_rate"] for row in result.history] == [
        0.02 * weight_factor(settings, step, 5) for step in last_steps
    ]
    assert [row["sign_learning_rate"] for row in result.history] == [
        0.1 * sign_factor(settings, step, 5) for step in last_steps
    ]


def test_every_epoch_has_its_own_order():
    sets, epochs = batches(), []

    class Watch(Listener):
        def on_step(self, epoch, step, loss):
            epochs.append((epoch, sets.epoch))

    fit(model(), sets, batches(seed=None), SETTINGS, listener=Watch())
    assert epochs == [(epoch, epoch) for epoch in range(1, 6) for _ in range(5)]


# ----------------------------------------------------------------------------------------- signs


def test_held_signs_do_not_move():
    network, result = train()
    assert torch.equal(network.rnn.sign_weight, model().rnn.sign_weight)
    assert result.flips_per_step == 0
    assert {row["flips_per_step"] for row in result.history} == {0}
    assert not torch.equal(network.rnn.input_weight, model().rnn.input_weight)


def test_constant_signs_move_and_flips_are_counted():
    network = model()
    signs = [network.rnn.signs().detach().clone()]

    class Watch(Listener):
        def on_step(self, epoch, step, loss):
            signs.append(network.rnn.signs().detach().clone())

    settings = replace(SETTINGS, sign_schedule="constant")
    result = fit(network, batches(), batches(seed=None), settings, listener=Watch())
    flips = [int((a != b).sum()) for a, b in zip(signs, signs[1:], strict=False)]
    assert sum(flips) > 0
    assert result.flips_per_step == pytest.approx(sum(flips) / 25)
    for row, k in zip(result.history, range(0, 25, 5), strict=True):
        assert row["flips_per_step"] == sum(flips[k : k + 5]) / 5


def test_annealed_signs_stop_moving():
    _, result = train(replace(SETTINGS, sign_schedule="anneal"))
    assert result.history[0]["flips_per_step"] > 0
    assert [row["flips_per_step"] for row in result.history[2:]] == [0, 0, 0]


def test_warmed_up_signs_start_moving_late():
    _, result = train(replace(SETTINGS, sign_schedule="warmup"))
    assert [row["flips_per_step"] for row in result.history[:2]] == [0, 0]
    assert result.history[2]["flips_per_step"] > 0


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


# -------------------------------------------------------------------------------------- clipping


@pytest.mark.parametrize("schedule", ["hold", "constant"])
@pytest.mark.parametrize("clip", [None, 1e-3, 1e6])
def test_the_gradient_is_clipped_to_its_largest_norm(clip, schedule):
    network, norms = model(), []

    class Watch(Listener):
        def on_step(self, epoch, step, loss):
            gradients = [p.grad for p in network.parameters() if p.grad is not None]
            norms.append(torch.stack([g.norm() for g in gradients]).norm().item())

    settings = replace(SETTINGS, clip_gradient=clip, sign_schedule=schedule, learning_rate=1e-6)
    fit(network, batches(), batches(seed=None), settings, listener=Watch())
    assert len(norms) == 25
    assert max(norms) <= 1.001e-3 if clip == 1e-3 else min(norms) > 1e-2


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


# --------------------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize("value", [math.inf, math.nan])
@pytest.mark.parametrize("readout", ["last", "mean"])
def test_inputs_that_are_not_finite_are_named_as_such(readout, value, caplog):
    inputs, targets = data()
    inputs[:, 3, 1] = value
    sets = [Batches(inputs, targets, coding=DENSE, batch_size=32, seed=seed) for seed in (1, None)]
    words = (
        "training: the inputs must be finite numbers; got others in the batch of epoch 1, step 1"
    )
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        fit(model(readout=readout), *sets, SETTINGS)
    assert caplog.messages == []


def test_a_learning_rate_without_bounds_stops():
    words = r"the loss must stay finite; got (nan|inf) at epoch 1, step \d; lower learning_rate"
    with pytest.raises(HadamrnnError, match=words):
        train(replace(SETTINGS, learning_rate=1e25, warmup_steps=0))


def test_a_validation_loss_that_is_not_finite_leaves_no_checkpoint(tmp_path):
    network, checkpoint = model(), Checkpoint(tmp_path / "checkpoint.pt", {})

    class Spoil(Listener):
        def on_step(self, epoch, step, loss):
            if (epoch, step) == (2, 5):
                with torch.no_grad():
                    network.output_bias[0] = math.nan

    words = (
        "training: the validation loss must stay finite; got nan after epoch 2; "
        "lower learning_rate (now 0.02)"
    )
    sets = batches(), batches(seed=None, count=70)
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        fit(network, *sets, SETTINGS, checkpoint, Spoil())
    assert len(checkpoint.load()["history"]) == 1


# ---------------------------------------------------------------------------------------- metrics


@pytest.mark.parametrize("classes", [2, 9, FEW_CLASSES, FEW_CLASSES + 1])
@pytest.mark.parametrize("shape", [(7,), (3, 5)])
def test_cross_entropy_is_torchs(shape, classes):
    generator = torch.Generator().manual_seed(classes)
    logits = 20 * torch.randn(*shape, classes, generator=generator, dtype=torch.float64)
    targets = torch.randint(classes, shape, generator=generator)
    first, second = (logits.clone().requires_grad_() for _ in range(2))
    loss = cross_entropy(first, targets)
    rows = second.reshape(-1, classes)
    expected = torch.nn.functional.cross_entropy(rows, targets.reshape(-1))
    for one in (loss, expected):
        one.mul(3).backward()
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=1e-15)
    torch.testing.assert_close(first.grad, second.grad, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("size", [1, 7, 64, 500])
def test_metrics_accumulate_over_samples_whatever_the_batches(size):
    network = model()
    inputs, targets = (torch.from_numpy(array) for array in data())
    with torch.no_grad():
        logits = network(inputs)
    scores = evaluate(network, batches(seed=None, size=size))
    expected = torch.nn.functional.cross_entropy(logits, targets.long()).item()
    assert scores["cross_entropy"] == pytest.approx(expected, rel=1e-5)
    assert scores["accuracy"] == (logits.argmax(1) == targets).double().mean().item()


def test_metrics_of_targets_at_every_step_count_every_step():
    inputs, _ = data(10)
    targets = (inputs[..., 0] > 0).astype(np.uint8)
    torch.manual_seed(0)
    network = HadamClassifier(FEATURES, 16, 2, per_step=True)
    scores = evaluate(network, Batches(inputs, targets, coding=DENSE, batch_size=4))
    with torch.no_grad():
        logits = network(torch.from_numpy(inputs))
    wanted = torch.from_numpy(targets).long()
    assert scores["accuracy"] == pytest.approx((logits.argmax(2) == wanted).double().mean().item())
    assert scores["cross_entropy"] == pytest.approx(cross_entropy(logits, wanted).item(), rel=1e-5)


def test_training_loss_is_the_mean_over_samples():
    """At a standstill it equals the evaluation of the training set, although 150 = 4 x 32 + 22."""
    network, result = train(replace(SETTINGS, learning_rate=1e-30, epochs=1))
    scores = evaluate(network, batches(seed=None))
    assert result.history[0]["train_cross_entropy"] == pytest.approx(scores["cross_entropy"])


def copied(count, seed):
    """Targets at every step, nine of ten of which ask for nothing."""
    inputs, _ = data(count, seed)
    targets = np.where(np.arange(STEPS) < STEPS - 1, 0, 1 + (inputs[..., 0] > 0))
    return inputs, targets.astype(np.uint8)


def test_recalled_accuracy_counts_the_steps_that_ask_for_something(tmp_path):
    torch.manual_seed(0)
    network = HadamClassifier(FEATURES, 16, 3, per_step=True)
    train = Batches(*copied(150, 0), coding=DENSE, batch_size=32, seed=1)
    inputs, targets = copied(70, 1)
    valid = Batches(inputs, targets, coding=DENSE, batch_size=32)
    result = fit(network, train, valid, SETTINGS, score="recalled_accuracy")
    with torch.no_grad():
        predicted = network(torch.from_numpy(inputs)).argmax(2).numpy()
    assert result.score == "recalled_accuracy"
    last = result.best
    assert last["valid_accuracy"] == pytest.approx((predicted == targets).mean())
    asked = targets > 0
    assert last["valid_score"] == pytest.approx((predicted == targets)[asked].mean())
    assert last["valid_score"] < last["valid_accuracy"]


def test_the_own_score_chooses_no_epoch():
    """What params.yaml's select says decides, whatever the history leads with."""
    histories = []
    for score in ("accuracy", "recalled_accuracy"):
        torch.manual_seed(0)
        network = HadamClassifier(FEATURES, 16, 3, per_step=True)
        train = Batches(*copied(150, 0), coding=DENSE, batch_size=32, seed=1)
        valid = Batches(*copied(70, 1), coding=DENSE, batch_size=32)
        result = fit(network, train, valid, SETTINGS, score=score)
        histories.append([row["valid_accuracy"] for row in result.history] + [result.best_epoch])
    assert histories[0] == histories[1]

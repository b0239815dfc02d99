"""Learning-rate factors: where they start, which way they go, where they end."""

from types import SimpleNamespace

import pytest

from hadamrnn.training.schedules import sign_factor, weight_factor


def make(**changes):
    values = {
        "epochs": 8,
        "learning_rate_schedule": "cosine",
        "learning_rate_decay": 0.5,
        "warmup_steps": 0,
        "sign_schedule": "constant",
        "sign_epochs": 3,
    }
    return SimpleNamespace(**values | changes)


def curve(function, settings, per_epoch=10):
    return [function(settings, s, per_epoch) for s in range(settings.epochs * per_epoch)]


def falls(values):
    return all(a > b for a, b in zip(values, values[1:], strict=False))


def test_cosine_falls_from_one_to_nearly_zero():
    values = curve(weight_factor, make())
    assert values[0] == 1
    assert falls(values)
    assert values[40] == pytest.approx(0.5)
    assert 0 < values[-1] < 0.001
    assert weight_factor(make(), 80, 10) == 0


@pytest.mark.parametrize("warmup", [1, 5, 20])
def test_cosine_rises_over_the_warmup_first(warmup):
    plain, values = curve(weight_factor, make()), curve(weight_factor, make(warmup_steps=warmup))
    rises = [a / b for a, b in zip(values, plain, strict=True)]
    assert rises[:warmup] == pytest.approx([(k + 1) / (warmup + 1) for k in range(warmup)])
    assert values[warmup:] == plain[warmup:]
    assert all(0 < value <= 1 for value in values)


@pytest.mark.parametrize("epochs, steps", [(1, 1), (3, 10), (8, 10)])
def test_warm_up_takes_at_most_a_share_of_all_steps(epochs, steps):
    """With few data the default would last longer than the training."""
    settings = make(warmup_steps=100, epochs=epochs)
    values = curve(weight_factor, settings, steps)
    plain = curve(weight_factor, make(epochs=epochs), steps)
    most = int(0.35 * epochs * steps)
    assert values[most:] == plain[most:]
    assert max(values) > 0.7


def test_the_shortest_of_the_papers_runs_is_as_it_was():
    """har2 in batches of 256: 10 epochs of 29 steps."""
    values = curve(weight_factor, make(epochs=10, warmup_steps=100), 29)
    assert values[0] == pytest.approx(1 / 101, rel=1e-3) and values[99] < values[100] * 1.01


def test_exponential_is_constant_within_an_epoch():
    values = curve(weight_factor, make(learning_rate_schedule="exponential", warmup_steps=20))
    assert values == [0.5 ** (step // 10) for step in range(80)]


@pytest.mark.parametrize("schedule", ["cosine", "exponential"])
def test_held_signs_never_move(schedule):
    settings = make(sign_schedule="hold", learning_rate_schedule=schedule)
    assert set(curve(sign_factor, settings)) == {0}


@pytest.mark.parametrize("schedule", ["cosine", "exponential"])
def test_constant_signs_follow_the_weights(schedule):
    settings = make(learning_rate_schedule=schedule, warmup_steps=7)
    assert curve(sign_factor, settings) == curve(weight_factor, settings)


def test_anneal_falls_in_a_line_and_holds():
    values = curve(sign_factor, make(sign_schedule="anneal"))
    assert values[0] == 1
    assert values[:30] == pytest.approx([1 - step / 30 for step in range(30)])
    assert set(values[30:]) == {0}


def test_warmup_holds_the_signs_first():
    settings = make(sign_schedule="warmup")
    values = curve(sign_factor, settings)
    assert set(values[:30]) == {0}
    assert values[30:] == curve(weight_factor, settings)[30:]


def test_no_sign_epochs():
    assert set(curve(sign_factor, make(sign_schedule="anneal", sign_epochs=0))) == {0}
    settings = make(sign_schedule="warmup", sign_epochs=0)
    assert curve(sign_factor, settings) == curve(weight_factor, settings)

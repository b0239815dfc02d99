"""A stream: what it answers, within which bounds, and that C gives the same."""

import re
from dataclasses import replace

import numpy as np
import pytest

from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import Stream
from hadamrnn.integer.stream_settings import mean_bits, usual_shift
from tests.random_models import random_inputs, random_model

READOUTS = ("last", "mean", "log_mean")


def model_of(readout="log_mean", fade=3, seed=0, **fields):
    fields = {"max_steps": 100, "activation_bits": 10, **fields}
    return random_model(np.random.default_rng(seed), readout=readout, fade=fade, **fields)


def inputs_of(model, steps, seed=1):
    return random_inputs(np.random.default_rng(seed), model, sequences=1, steps=steps)[0]


@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize(("window", "hop"), [(12, 12), (12, 4), (10, 4), (9, 3), (7, 7), (12, 3)])
def test_windows_answer_as_sequences_of_their_own(readout, window, hop):
    """Every hop steps a window is read, with the logits of the same steps from a zero state."""
    model = model_of(readout, fade=0)
    x = inputs_of(model, 60)
    stream = model.stream(window=window, hop=hop)
    events = [event for event in map(stream.push_integers, x) if event]
    assert [event.step for event in events] == list(range(window, 61, hop))
    for event in events:
        (logits,) = model.run_logits(x[None, event.step - window : event.step])
        best, second = np.sort(logits)[:-3:-1]
        assert (event.class_id, event.margin) == (logits.argmax(), best - second)


@pytest.mark.parametrize("readout", READOUTS)
def test_states_that_fade_are_those_of_the_whole_recording(readout):
    model = model_of(readout, max_steps=300)
    x = inputs_of(model, 150)
    stream, state = model.stream(), model.initial_state()
    for row in x:
        stream.push_integers(row)
        model.step(state, row)
        assert (stream.states[0].hidden == state.hidden).all()


@pytest.mark.parametrize("shift", [0, 1, 3, 5])
def test_means_are_exponential_ones(shift):
    """Within a unit and a half of a state of the exact mean, and a plain mean at first."""
    model = model_of(max_steps=64, activation_bits=12)
    stream, exact = model.stream(shift=shift), np.zeros(model.hidden_size)
    for n, row in enumerate(inputs_of(model, 300)):
        stream.push_integers(row)
        seen = np.maximum(stream.states[0].hidden, 0)
        exact += (seen - exact) / 2 ** min(shift, (n + 1).bit_length() - 1)
        assert np.abs(stream.states[0].sums / 2 ** mean_bits(model) - exact).max() < 1.5


@pytest.mark.parametrize("readout", ["mean", "log_mean"])
def test_a_constant_state_is_read_as_a_window_of_it(readout):
    """A mean that has settled takes the place of the sums of 2^mean_bits steps of that state."""
    model = model_of(readout, fade=1, max_steps=64)
    stream, state = model.stream(shift=2, hop=400), model.initial_state()
    row = inputs_of(model, 1)[0]
    events = [stream.push_integers(row) for _ in range(400)]
    hidden, sums = stream.states[0].hidden, stream.states[0].sums
    assert np.abs(sums - (np.maximum(hidden, 0) << 6)).max() <= 64  # the dither's unit
    state.sums, state.steps = sums, 64
    best, second = np.sort(model.logits(state))[:-3:-1]
    assert events[-1].margin == best - second


@pytest.mark.parametrize("x", [-128, 127, None])
def test_means_stay_within_what_is_proven(x):
    """Inputs that saturate or alternate, the widest states, the largest shift."""
    for bits, steps in ((16, 1000), (9, 128), (12, 1 << 20), (2, 3)):
        model = model_of(max_steps=steps, activation_bits=bits, log_floor=1)
        most = mean_bits(model)
        assert 1 << most <= steps and model.state_limit << most < 1 << 30
        stream = model.stream(shift=most + 1)
        for n in range(200):
            stream.push_integers(np.full(3, (-128, 127)[n // 7 % 2] if x is None else x))
            sums = stream.states[0].sums
            assert 0 <= sums.min() <= sums.max() <= model.state_limit << most


def test_scores_are_smoothed_over_answers():
    model = model_of("last")
    x = inputs_of(model, 40)
    plain, smooth = model.stream(hop=2), model.stream(hop=2, smooth=2)
    scores = None
    for row in x:
        plain.push_integers(row)
        if smooth.push_integers(row):
            z = plain.scores
            scores = z if scores is None else scores - (scores >> 2) + (z >> 2)
            assert (smooth.scores == scores).all()


def test_an_unclear_answer_is_none():
    model = model_of()
    x = inputs_of(model, 300)
    clear = [event for event in map(model.stream(hop=5).push_integers, x) if event]
    limit = sorted(event.margin for event in clear)[len(clear) // 2]  # one of them
    events = [event for event in map(model.stream(hop=5, reject=limit).push_integers, x) if event]
    answer = None
    for event, other in zip(events, clear, strict=True):
        assert (event.best, event.margin) == (other.best, other.margin)
        assert event.class_id == (event.best if event.margin >= limit else None)
        assert event.changed == (event.class_id != answer)
        answer = event.class_id
    assert {event.changed for event in events} == {True, False}


def test_a_class_at_each_step_is_that_of_predict():
    model = model_of("last", per_step=True)
    x = inputs_of(model, 80)
    stream = model.stream(hop=1)
    found = [stream.push_integers(row).class_id for row in x]
    assert found == model.run_logits(x[None])[0].argmax(axis=-1).tolist() and len({*found}) > 1


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_an_answer_that_is_given_stays_while_its_class_is_the_best(share):
    model = model_of()
    x = inputs_of(model, 600)
    clear = [event for event in map(model.stream(hop=5).push_integers, x) if event]
    limit = sorted(event.margin for event in clear)[len(clear) // 2]
    settings = {"reject": limit, "hold": int(share * limit)}
    events = [event for event in map(model.stream(hop=5, **settings).push_integers, x) if event]
    held, answer = 0, None
    for event in events:
        least = limit - settings["hold"] if event.best == answer else limit
        assert event.class_id == (event.best if event.margin >= least else None)
        held += event.class_id is not None and event.margin < limit
        answer = event.class_id
    assert held and {event.class_id for event in events} > {None}


def test_readings_are_pushed_as_predict_reads_them():
    model = model_of()
    real = np.random.default_rng(3).normal(0, 0.3, (30, 3))
    integers = model.quantize_input(real[None])[0]
    wanted = [event for event in map(model.stream(hop=4).push_integers, integers) if event]
    assert model.stream(hop=4).run(real) == wanted and len(wanted) == 7


def test_reset_forgets_everything():
    for settings in ({"hop": 3, "smooth": 1}, {"window": 8, "hop": 3}):
        stream, x = model_of().stream(**settings), inputs_of(model_of(), 31)
        first = list(map(stream.push_integers, x))
        stream.reset()
        assert list(map(stream.push_integers, x)) == first


def test_a_refused_reading_changes_nothing():
    model = model_of()
    for settings in ({}, {"window": 4, "hop": 2}):
        stream, other = model.stream(**settings), model.stream(**settings)
        for row in inputs_of(model, 12):
            for wrong in ([1, 2, 300], [1, 2], [[1, 2, 3]]):
                with pytest.raises(HadamrnnError, match="inputs: "):
                    stream.push_integers(wrong)
            assert stream.push_integers(row) == other.push_integers(row)


@pytest.mark.parametrize(
    ("fields", "settings", "words"),
    [
        ({"fade": 0}, {}, "window: must be given for a model whose states do not fade; got none"),
        ({}, {"shift": 8}, "shift: must be an integer from 0 to 7; got 8"),
        ({"readout": "last"}, {"shift": 2}, "shift: must be 0 with a window or for readout last"),
        ({}, {"window": 20, "shift": 2}, "shift: must be 0 with a window or for readout last"),
        ({}, {"window": 101}, "window: must be an integer from 1 to 100; got 101"),
        ({}, {"window": 50, "hop": 12}, "hop: must be an integer from 13 to 50; got 12"),
        ({}, {"window": 50, "hop": 51}, "hop: must be an integer from 13 to 50; got 51"),
        ({}, {"hop": 0}, "hop: must be an integer from 1 to 4294967295; got 0"),
        ({}, {"smooth": 16}, "smooth: must be an integer from 0 to 15; got 16"),
        ({}, {"reject": -1}, "reject: must be an integer from 0 to 4294967295; got -1"),
        ({}, {"hold": 1}, "hold: must be an integer from 0 to 0; got 1"),
        ({}, {"reject": 9, "hold": 10}, "hold: must be an integer from 0 to 9; got 10"),
        ({}, {"hop": 2.5}, "hop: must be an integer from 1 to 4294967295; got 2.5"),
        ({"classes": 1}, {}, "stream: needs a model of two classes or more; got one of 1"),
    ],
)
def test_wrong_settings_are_named(fields, settings, words):
    with pytest.raises(HadamrnnError, match=re.escape(words)):
        Stream(model_of(**fields), **settings)


def test_the_usual_mean_is_over_a_third_of_a_window():
    shifts = [usual_shift(replace(model_of(), max_steps=n)) for n in (1, 2, 12, 100, 128, 784)]
    assert shifts == [0, 0, 2, 5, 5, 8]
    assert usual_shift(model_of("last")) == 0

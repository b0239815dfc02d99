"""A stream that C reads has the events, scores and states of NumPy's."""

import copy
import gc
import pickle
import shutil
from dataclasses import replace

import numpy as np
import pytest

from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import Stream, with_engine
from hadamrnn.integer.compiled_stream import CompiledStream
from hadamrnn.integer.recording import Recording
from tests.random_models import random_inputs, random_model, random_readings, random_recording

pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler"
)

SETTINGS = (
    {},
    {"hop": 7, "smooth": 2, "reject": 2000, "hold": 1500},
    {"window": 12},
    {"window": 12, "hop": 4, "smooth": 1},
    {"window": 10, "hop": 3, "reject": 500},
    {"window": 1},
)


def streams_of(rng, settings, readout="log_mean", fade=3, **fields):
    """(NumPy's, C's) stream of a random model; a window for states that do not fade."""
    fields = {"max_steps": 60, "activation_bits": 10, **fields}
    model = random_model(rng, readout=readout, fade=fade, **fields)
    streams = model.stream(**settings), with_engine(model, "c").stream(**settings)
    assert [type(s) for s in streams] == [Stream, CompiledStream]
    return streams


def same(wanted, found):
    """Everything that a stream shows."""
    assert wanted.steps == found.steps and wanted.settings == found.settings
    assert (wanted.scores is None) == (found.scores is None)
    if wanted.scores is not None:
        assert (wanted.scores == found.scores).all()
    for one, other in zip(wanted.states, found.states, strict=True):
        assert (one.hidden == other.hidden).all() and (one.sums == other.sums).all()
        assert one.steps == other.steps and one.hidden.dtype == other.hidden.dtype


@pytest.mark.parametrize("readout", ["last", "mean", "log_mean"])
@pytest.mark.parametrize("kind", ["dense", "symbol", "embedding"])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_events_scores_and_states_are_the_same(readout, kind, settings):
    rng = np.random.default_rng(0)
    for fade, block_size in ((4, 8), (0 if "window" in settings else 1, 32)):
        wanted, found = streams_of(
            rng, settings, readout, fade, block_size=block_size, kind=kind, input_bits=6
        )
        x, answers = random_inputs(rng, wanted.model, 1, 150)[0], 0
        for row in x:
            event = wanted.push_integers(row)
            assert found.push_integers(row) == event
            answers += event is not None
            same(wanted, found)
        assert answers
        for stream in (wanted, found):
            stream.reset()
        same(wanted, found)
        for row in x[:20]:
            assert wanted.push_integers(row.tolist()) == found.push_integers(row.tolist())


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int64, np.uint8])
@pytest.mark.parametrize("known", [True, False])
def test_readings_of_any_type_are_coded_alike(dtype, known):
    """Halves between two integers, ends of the range and what lies beyond included."""
    rng = np.random.default_rng(1)
    for number in range(12):
        model = random_model(rng, fade=3, max_steps=60, input_bits=2 + number % 7)
        readings = (rng.integers(-600, 600, (80, 3)) * model.input_scale) / 2
        readings[::9] *= 10.0 ** rng.integers(0, 12, readings[::9].shape)
        if known:
            model = replace(model, recording=random_recording(rng, model))
            readings = random_readings(rng, model, 1, 80)[0]
            readings[1::5] += model.recording.unit[0] / 2
        with np.errstate(all="ignore"):
            readings = readings.clip(0, 255) if dtype == np.uint8 else readings
            readings = readings.clip(-60000, 60000) if dtype == np.float16 else readings
            readings = readings.astype(dtype)
        wanted, found = model.stream(), with_engine(model, "c").stream()
        for row in readings:
            assert wanted.push(row) == found.push(row)
            same(wanted, found)
        assert wanted.run(readings.tolist()) == found.run(readings.tolist())


def test_readings_are_rounded_as_the_recorder_counts():
    """To float32 first, halves to the even count: where either shows in the input."""
    model = random_model(np.random.default_rng(12), fade=3, max_steps=60)
    known = Recording(
        unit=[0.001, 0.5, 2.0],
        offset=[-100.0, 0.0, 0.0],
        zero=[0] * 3,
        multiplier=[2] * 3,
        shift=[1] * 3,
        knee=[0] * 3,
        root_bits=[0] * 3,
    )
    model = replace(model, recording=known)
    wanted, found = model.stream(), with_engine(model, "c").stream()
    for count in range(200):
        reading = known.unit * (count + 0.5) + known.offset
        assert wanted.push(reading) == found.push(reading)
        same(wanted, found)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300, 2.0**53, 2**62, "a", None])
@pytest.mark.parametrize("known", [True, False])
def test_readings_that_c_leaves_to_numpy_end_alike(value, known):
    rng = np.random.default_rng(2)
    model = random_model(rng, fade=3, max_steps=60)
    if known:
        model = replace(model, recording=random_recording(rng, model))
    ends = []
    with np.errstate(all="ignore"):
        for stream in (model.stream(), with_engine(model, "c").stream()):
            try:
                ends.append(stream.push([0.5, value, 1.0]))
            except HadamrnnError as error:
                ends.append(str(error))
                assert stream.steps == 0 and not stream.states[0].hidden.any()
    assert ends[0] == ends[1]


@pytest.mark.parametrize(
    ("kind", "pushed", "given"),
    [
        ("dense", "push_integers", [0, 0, 128]),
        ("dense", "push_integers", [0.0, 0.0, 0.0]),
        ("dense", "push_integers", [[0, 0, 0]]),
        ("dense", "push_integers", [0, 0]),
        ("dense", "push", [0.0, 0.0]),
        ("dense", "push", 1.0),
        ("symbol", "push_integers", 3),
        ("symbol", "push_integers", [1]),
        ("symbol", "push", 3),
        ("symbol", "push", -1),
        ("symbol", "push", 0.5),
        ("symbol", "push", np.nan),
        ("embedding", "push", 70000),
    ],
)
def test_what_cannot_be_read_is_refused_in_the_same_words(kind, pushed, given):
    sentences = []
    for stream in streams_of(np.random.default_rng(3), {}, kind=kind):
        with pytest.raises(HadamrnnError) as caught:
            getattr(stream, pushed)(given)
        sentences.append(str(caught.value))
        assert stream.steps == 0 and not stream.states[0].hidden.any()
    assert sentences[0] == sentences[1]


@pytest.mark.parametrize("given", [1, 1.0, np.float32(1), np.uint16(1), np.uint64(1)])
def test_symbols_may_be_numbers_of_any_type(given):
    wanted, found = streams_of(np.random.default_rng(4), {}, kind="symbol")
    assert wanted.push(given) == found.push(given)
    same(wanted, found)


def test_settings_are_refused_in_the_same_words():
    model = random_model(np.random.default_rng(5), fade=0)
    for settings in ({}, {"window": 5, "hop": 1}, {"window": 5, "smooth": 16}, {"window": True}):
        sentences = []
        for one in (model, with_engine(model, "c")):
            with pytest.raises(HadamrnnError) as caught:
                one.stream(**settings)
            sentences.append(str(caught.value))
        assert sentences[0] == sentences[1]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("steps", [0, 1, 5, 12, 23, 40])
def test_copies_go_on_by_themselves_and_may_change_the_engine(settings, steps):
    wanted, found = streams_of(np.random.default_rng(6), settings)
    x = random_inputs(np.random.default_rng(7), wanted.model, 1, 90)[0]
    for row in x[:steps]:
        wanted.push_integers(row)
        found.push_integers(row)
    elsewhere = with_engine(wanted.model, "numpy").stream(**settings)
    elsewhere.resume(found.steps, found.scores, found._answer, found.states)
    again = [copy.copy(found), copy.deepcopy(found), pickle.loads(pickle.dumps(found)), elsewhere]
    assert all(isinstance(stream, CompiledStream) for stream in again[:3])
    for row in x[steps:]:
        event = wanted.push_integers(row)
        for stream in again:
            assert stream.push_integers(row) == event
            same(wanted, stream)
    assert found.steps == steps


def test_two_streams_of_a_model_do_not_touch_each_other():
    rng = np.random.default_rng(8)
    wanted, found = streams_of(rng, {"hop": 2})
    others = wanted.model.stream(hop=3), found.model.stream(hop=3)
    x = random_inputs(rng, wanted.model, 2, 50)
    for first, second in zip(*x, strict=True):
        assert wanted.push_integers(first) == found.push_integers(first)
        assert others[0].push_integers(second) == others[1].push_integers(second)
    same(wanted, found)
    same(*others)


def test_a_stream_outlives_every_name_of_its_model():
    rng = np.random.default_rng(9)
    model = random_model(rng, fade=2, max_steps=60)
    x = random_inputs(rng, model, 1, 40)[0]
    stream = with_engine(model, "c").stream()
    gc.collect()
    assert [stream.push_integers(r) for r in x] == [*map(model.stream().push_integers, x)]


def test_what_was_read_of_a_stream_stays():
    wanted, found = streams_of(np.random.default_rng(10), {})
    x = random_inputs(np.random.default_rng(11), wanted.model, 1, 4)[0]
    for stream in (wanted, found):
        stream.push_integers(x[0])
    read = [(s.scores, s.states[0].hidden, s.states[0].sums) for s in (wanted, found)]
    for row in x[1:]:
        found.push_integers(row)
    for one, other in zip(*read, strict=True):
        assert (one == other).all()

"""Streams in C equal integer Python: all states, means and events of every step."""

import itertools
import shutil

import numpy as np
import pytest

from hadamrnn.integer.state import IntegerState
from hadamrnn.integer.stream_settings import mean_bits
from hadamrnn.targets import streams
from hadamrnn.targets.processors import TARGETS
from tests.random_models import random_inputs, random_model, random_readings, recorded
from tests.targets.test_emulators import every_target

SETTINGS = (
    {"shift": 4},
    {"shift": 0, "hop": 7, "smooth": 3},
    {"hop": 5, "reject": 3000, "smooth": 15},
    {"hop": 3, "reject": 900, "hold": 900, "smooth": 1},
    {"window": 10, "hop": 5, "reject": 900, "hold": 400},
    {"window": 12, "hop": 12},
    {"window": 10, "hop": 4, "smooth": 1, "reject": 500},
    {"window": 12, "hop": 3},
)


def cases(seed=0):
    """Models of every read-out and input kind, with the settings that go with each."""
    rng = np.random.default_rng(seed)
    for number, (readout, kind, fade) in enumerate(
        itertools.product(("last", "mean", "log_mean"), ("dense", "symbol"), (0, 4))
    ):
        model = random_model(
            rng,
            block_size=2 ** (2 + number % 5),
            q=1 + number % 3,
            classes=2 + number % 3,
            activation_bits=8 + number % 9,
            readout=readout,
            kind=kind,
            fade=fade,
            max_steps=(12, 100, 3000)[number % 3],
            multiplied=number % 4 == 3,
        )
        for settings in SETTINGS:
            if "window" in settings or fade:
                chosen = dict(settings)
                if readout == "last":
                    chosen.pop("shift", None)
                yield model, chosen


@pytest.fixture(scope="module", params=[(), ("-DHR_LANES=1",)], ids=["words", "lanes of 1"])
def program(request):
    """The runtime, sanitized, compiled once for each form of the inner loops."""
    if not any(map(shutil.which, ("cc", "gcc", "clang"))):
        pytest.skip("needs a C compiler")
    with streams.HostStreams(sanitize=True, options=request.param) as made:
        yield made


def recording(model, steps=100):
    """Random inputs, with stretches that saturate states at either end."""
    (x,) = random_inputs(np.random.default_rng(1), model, sequences=1, steps=steps)
    x[50:60], x[70:80] = x.min(), x.max()
    return x


def test_c_equals_integer_python(program):
    """Every read-out, input kind and setting; saturating inputs among them."""
    for model, settings in cases():
        x = recording(model)
        stream = model.stream(**settings)
        run = program.run(model, stream.settings, x, 30)
        assert run.checksums.tolist() == streams.checksums(stream, x, 30).tolist(), (
            model,
            settings,
        )


def hashed(path, model):
    """What a traced program hashed: of every step the state, its mean and the event."""
    size = model.hidden_size
    fields = [("hidden", "<i2", size), ("mean", "<u4", size), ("step", "<u4"), ("margin", "<u4")]
    fields += [("class_id", "<u2"), ("best", "<u2"), ("due", "u1"), ("changed", "u1")]
    return np.fromfile(path, np.dtype(fields))


def assert_each_step_follows(model, settings, x, found):
    """Every row of ``found`` is what integer Python makes of the row before it, from zero."""
    before = np.zeros_like(found[:1], shape=len(found))
    before[1:] = found[:-1]
    hidden, mean = found["hidden"].astype(np.int64), found["mean"].astype(np.int64)
    for number in range(64):  # the period of the rounding constants
        rows = slice(number, None, 64)
        after = model.advance(before["hidden"][rows].astype(np.int64), number, x[rows])
        assert (after == hidden[rows]).all()
    bits = mean_bits(model)
    steps = np.arange(1, len(found) + 1)
    shift = np.minimum(settings.shift, np.floor(np.log2(steps)).astype(np.int64))[:, None]
    old = before["mean"].astype(np.int64)
    moved = ((np.maximum(hidden, 0) << bits) - old + ((1 << shift) >> 1)) >> shift
    assert (old + moved == mean).all()
    assert mean.max() <= model.state_limit << bits
    due = steps % settings.hop == 0
    logits = model.logits(IntegerState(hidden[due], mean[due], 1 << bits))
    best, ordered = logits.argmax(axis=1), np.sort(logits, axis=1)
    events = found[due]
    assert (events["step"] == steps[due]).all() and (events["best"] == best).all()
    assert (events["margin"] == ordered[:, -1] - ordered[:, -2]).all()
    assert (events["class_id"] == best).all() and (found["due"] == due).all()
    assert (events["changed"] == (np.diff(best, prepend=-1) != 0)).all()


def test_c_codes_readings_as_python(program):
    """Fading states and overlapping windows, several channels and samples a step."""
    rng = np.random.default_rng(4)
    for number in range(6):
        fade, settings = ((4, {"hop": 7}), (0, {"window": 10, "hop": 4}))[number % 2]
        model = random_model(rng, readout="log_mean", fade=fade, input_size=6)
        model = recorded(rng, model)
        x = random_readings(rng, model, sequences=6, steps=10)
        stream = model.stream(**settings)
        wanted = streams.checksums(stream, model.quantize_raw(x).reshape(60, -1), 30)
        x = x.reshape(60, -1)
        run = program.run(model, stream.settings, x, 30, raw=True)
        assert run.checksums.tolist() == wanted.tolist()


@pytest.mark.long
@pytest.mark.parametrize(("bits", "longest", "steps"), [(9, 128, 100_000), (14, 100, 1_000_000)])
def test_a_million_steps_without_a_reset(bits, longest, steps, tmp_path):
    """Means of 16 and of 32 bits: C and Python equal in every integer, and within their bounds.

    A stream in Python reads the beginning; then each of C's steps is compared with what Python
    makes of C's step before it, which says the same of all of them in a fraction of the time.
    """
    rng = np.random.default_rng(2)
    shape = {"block_size": 8, "q": 1, "readout": "log_mean", "fade": 4}
    model = random_model(rng, activation_bits=bits, max_steps=longest, **shape)
    assert model.sum_bits == (16 if bits == 9 else 32)
    stream = model.stream(shift=5, hop=50)
    (x,) = random_inputs(rng, model, sequences=1, steps=steps)
    x[10_000:10_500], x[60_000:60_500] = -128, 127
    trace = tmp_path / "trace.bin"
    with streams.HostStreams(options=[f'-DPORT_TRACE="{trace}"']) as program:
        run = program.run(model, stream.settings, x, 10_000)
    assert len(run.checksums) * 10_000 == steps
    assert run.checksums[:2].tolist() == streams.checksums(stream, x[:20_000], 10_000).tolist()
    assert_each_step_follows(model, stream.settings, x, hashed(trace, model))


@pytest.mark.slow
@every_target
def test_emulated_processors_equal_integer_python(name, tmp_path):
    """A stream of fading states, and three windows at a time."""
    rng = np.random.default_rng(3)
    shape = {"block_size": 32, "q": 1, "activation_bits": 10, "max_steps": 60, "name": "m"}
    for fade, settings in (
        (4, {"hop": 4, "smooth": 1, "reject": 900, "hold": 500}),
        (0, {"window": 9, "hop": 3}),
    ):
        for readout in ("log_mean", "last"):
            model = random_model(rng, readout=readout, fade=fade, **shape)
            stream = model.stream(**settings)
            (x,) = random_inputs(rng, model, sequences=1, steps=40)
            run = streams.emulate(TARGETS[name], model, stream.settings, x, 10, tmp_path)
            assert run.checksums.tolist() == streams.checksums(stream, x, 10).tolist()
            assert run.counts.min() > 0

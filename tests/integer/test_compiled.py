"""The C runtime in this process gives the integers of NumPy, whatever is asked of a model."""

import copy
import gc
import pickle
import shutil
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from hadamrnn.errors import HadamrnnError, HadamrnnWarning
from hadamrnn.integer import IntegerState, load, packed, with_engine
from tests.random_models import (
    STEPS,
    many_models,
    random_inputs,
    random_model,
    random_readings,
    recorded,
)

pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler"
)


def both(seed=0, **fields):
    """(NumPy's, C's) of a random model."""
    model = random_model(np.random.default_rng(seed), **fields)
    return model, with_engine(model, "c")


def same_state(mine, other):
    assert (mine.hidden == other.hidden).all() and mine.hidden.dtype == other.hidden.dtype
    assert (mine.sums == other.sums).all() and mine.sums.dtype == other.sums.dtype
    assert mine.steps == other.steps and mine.hidden.shape == other.hidden.shape


def test_every_kind_of_model_gives_the_same_integers():
    """All read-outs, fades, embeddings and widths: whole sequences of several lengths, and every
    state, sum and logit on the way, of one sequence and of a batch."""
    rng, formed = np.random.default_rng(1), 0
    for model in many_models(3):
        compiled = with_engine(model, "c")
        assert (model.engine, compiled.engine) == ("numpy", "c")
        for sequences, steps in ((5, STEPS), (1, 1), (2, 7)):
            x = random_inputs(rng, model, sequences, steps)
            wanted, found = model.run_logits(x, workers=1), compiled.run_logits(x)
            assert (wanted == found).all() and (wanted.dtype, wanted.shape) == (
                found.dtype,
                found.shape,
            )
            assert (model.predict_inputs(x) == compiled.predict_inputs(x)).all()
            for batch, rows in ((sequences, x), (None, x[0])):
                states = [m.initial_state(batch) for m in (model, compiled)]
                same_state(*states)
                for step in range(steps):
                    for m, state in zip((model, compiled), states, strict=True):
                        assert m.step(state, rows[:, step] if batch else rows[step]) is state
                    same_state(*states)
                    wanted, found = (
                        m.logits(s) for m, s in zip((model, compiled), states, strict=True)
                    )
                    assert (wanted == found).all() and wanted.dtype == found.dtype
                    assert wanted.shape == found.shape
        formed += 1
    assert formed == 108


def test_raw_readings_and_numbers_give_the_same_answers():
    rng = np.random.default_rng(2)
    for index in range(30):
        model = recorded(rng, random_model(rng, kind=("dense", "embedding")[index % 5 == 4]))
        if index % 3 == 0:
            model = replace(model, recording=replace(model.recording, numbers=True))
        compiled = with_engine(model, "c")
        if model.input_kind == "symbol":
            raw = random_inputs(rng, model)
        else:
            raw = random_readings(rng, model).astype((np.float64, np.float32)[index % 2])
        x = model.quantize_raw(raw)
        wanted, found = model.predict_inputs(x), compiled.predict_inputs(x)
        assert (wanted == found).all() and wanted.dtype == found.dtype
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", HadamrnnWarning)
            assert (compiled.predict(raw) == wanted).all()


def test_numbers_are_spread_to_the_widths_of_the_vectors():
    """The same numbers; narrow ones would run in the general form, many times as slow."""
    model, compiled = both(bits=2, input_weight_bits=3, bias_bits=6)
    held = packed.from_bytes(compiled._engine.packed.tobytes())
    assert (held.weight_bits, held.input_weight_bits, held.bias_bits) == (4, 4, 16)
    for name in ("input_weight", "output_weight", "bias"):
        assert (getattr(held, name) == getattr(model, name)).all()
    assert both(bits=9, bias_bits=9)[1]._engine.packed[7:9].tolist() == [9, 9]


def test_many_sequences_are_shared_among_threads():
    model, compiled = both(block_size=512, q=2, per_step=True)
    x = random_inputs(np.random.default_rng(3), model, sequences=101, steps=STEPS)
    wanted = model.run_logits(x)
    for workers in (None, 1, 2, 7):
        assert (compiled.run_logits(x, workers) == wanted).all()


@pytest.mark.parametrize("kind", ["dense", "symbol", "embedding"])
def test_inputs_may_be_arrays_of_any_kind_or_lists(kind):
    model, compiled = both(kind=kind, input_bits=6)
    x = random_inputs(np.random.default_rng(4), model)
    states = [m.initial_state() for m in (model, compiled)]
    row = np.abs(x[0, 0].astype(np.int64))
    row = np.minimum(row, 31) if kind == "dense" else row
    for made in (row, row.tolist(), *(row.astype(t) for t in (np.int8, np.uint16, np.uint64))):
        if (np.asarray(made) != row).any():
            continue
        for m, state in zip((model, compiled), states, strict=True):
            m.step(state, made)
        same_state(*states)
    for given in (x[:, ::2], np.asfortranarray(x), x.astype(np.int64), x[::-1]):
        assert (model.run_logits(given) == compiled.run_logits(given)).all()


@pytest.mark.parametrize(
    ("fields", "inputs"),
    [
        ({}, [0, 0, 32]),
        ({}, [0, -33, 0]),
        ({}, [2**40, 0, 0]),
        ({}, np.array([2**64 - 1, 0, 0], np.uint64)),
        ({}, [0.0, 0.0, 0.0]),
        ({}, [True, False, True]),
        ({}, [1, 2]),
        ({}, 1),
        ({}, [["a"]]),
        ({"kind": "symbol"}, 3),
        ({"kind": "symbol"}, -1),
        ({"kind": "symbol"}, 1.0),
        ({"kind": "embedding"}, 70000),
    ],
)
def test_wrong_inputs_are_refused_in_the_same_words(fields, inputs):
    sentences = []
    for model in both(input_bits=6, **fields):
        state = model.initial_state()
        before = state.hidden.copy()
        with pytest.raises(HadamrnnError) as caught:
            model.step(state, inputs)
        sentences.append(str(caught.value))
        assert (state.hidden == before).all() and state.steps == 0
        with pytest.raises(HadamrnnError) as caught:
            model.run_logits(np.asarray(inputs)[None, None])
        sentences.append(str(caught.value))
    assert sentences[:2] == sentences[2:]


def test_one_wrong_row_of_a_batch_changes_no_state():
    model, compiled = both()
    state = compiled.initial_state(3)
    x = np.zeros((3, 3), int)
    x[2, 1] = 128
    with pytest.raises(HadamrnnError, match="from -128 to 127"):
        compiled.step(state, x)
    assert not state.hidden.any() and state.steps == 0


def test_a_step_too_many_is_refused_in_the_same_words():
    for model in both(readout="mean", max_steps=2):
        state = model.initial_state()
        for _ in range(2):
            model.step(state, [1, 2, 3])
        before = state.hidden.copy()
        with pytest.raises(HadamrnnError, match="max_steps: the sums .* for 2 steps; got one more"):
            model.step(state, [1, 2, 3])
        assert (state.hidden == before).all() and state.steps == 2


def test_a_state_of_a_batch_takes_one_input_for_all_but_never_grows():
    model, compiled = both()
    states = [m.initial_state(4) for m in (model, compiled)]
    for m, state in zip((model, compiled), states, strict=True):
        m.step(state, [1, 2, 3])
    same_state(*states)
    with pytest.raises(HadamrnnError, match=r"inputs: must go with a state of shape \(16,\)"):
        compiled.step(compiled.initial_state(), np.zeros((2, 3), int))


def test_sequences_in_progress_do_not_touch_each_other():
    model, compiled = both(readout="mean")
    x = random_inputs(np.random.default_rng(5), model, sequences=2)
    apart = [compiled.initial_state() for _ in range(2)]
    for step in range(STEPS):
        for state, row in zip(apart, x, strict=True):
            compiled.step(state, row[step])
    assert [compiled.logits(s).tolist() for s in apart] == model.run_logits(x).tolist()


def test_threads_may_each_have_a_state():
    model, compiled = both(block_size=64, readout="log_mean")
    x = random_inputs(np.random.default_rng(6), model, sequences=16)

    def run(rows):
        state = compiled.initial_state()
        for row in rows:
            compiled.step(state, row)
        return compiled.logits(state).tolist()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(run, x)) == model.run_logits(x).tolist()


def test_what_was_read_of_a_state_stays_and_cannot_be_written_to():
    _, compiled = both(readout="mean")
    state = compiled.step(compiled.initial_state(), [5, -7, 100])
    hidden, sums, logits = state.hidden, state.sums, compiled.logits(state)
    kept = [a.copy() for a in (hidden, sums, logits)]
    compiled.step(state, [99, 3, -1])
    compiled.logits(state)
    assert all((a == b).all() for a, b in zip(kept, (hidden, sums, logits), strict=True))
    for array in (hidden, sums):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    logits[0] = 1  # its owner's


@pytest.mark.parametrize("readout", ["last", "mean"])
def test_what_is_assigned_to_a_state_is_taken(readout):
    model, compiled = both(readout=readout, activation_bits=6)
    states = [m.initial_state() for m in (model, compiled)]
    hidden = np.random.default_rng(7).integers(-31, 32, 16)
    for m, state in zip((model, compiled), states, strict=True):
        state.hidden, state.steps = hidden, 1
        state.sums = np.maximum(hidden, 0) * (readout != "last")
        m.step(state, [1, 2, 3])
    same_state(*states)
    for name, value, words in (
        ("hidden", hidden[:3], r"hidden: must be integers of shape \(16,\); got int64, \(3,\)"),
        ("hidden", hidden * 1.0, "hidden: must be integers .* got float64"),
        ("hidden", hidden + 40, "hidden: must lie from -31 to 31; got"),
        ("sums", hidden - 40, "sums: must lie from 0 to .*; got"),
    ):
        with pytest.raises(HadamrnnError, match=words):
            setattr(states[1], name, value)


def test_states_and_models_may_be_mixed():
    """A state that NumPy made is NumPy's; one of another model goes through NumPy too."""
    model, compiled = both(readout="mean")
    other = with_engine(model, "c")
    x = random_inputs(np.random.default_rng(8), model)[0]
    wanted = model.initial_state()
    mixed = [compiled.initial_state(), model.initial_state(), IntegerState(*np.zeros((2, 16), int))]
    for row in x:
        model.step(wanted, row)
        for runs, state in zip((other, compiled, compiled), mixed, strict=True):
            runs.step(state, row)
            same_state(state, wanted)
    for state in mixed:
        for runs in (model, compiled, other):
            assert (runs.logits(state) == model.logits(wanted)).all()
    changed, state = replace(compiled, signs=-model.signs, bias=model.bias // 2), mixed[0]
    assert (changed.logits(state) == model.logits(wanted)).all()
    wanted.steps = state.steps = 0
    with_engine(changed, "numpy").step(wanted, x[0])
    same_state(changed.step(state, x[0]), wanted)


def test_a_state_outlives_every_name_of_its_model():
    model = random_model(np.random.default_rng(9), block_size=64, kind="symbol", input_size=200)
    compiled = with_engine(model, "c")
    ids = random_inputs(np.random.default_rng(10), model)[0]
    state, step, logits = compiled.initial_state(), type(compiled).step, type(compiled).logits
    reads = state._model  # its own
    del compiled
    gc.collect()
    np.ones(1 << 20)  # over what might have been freed
    for x in ids:
        step(reads, state, x)
    assert (logits(reads, state) == model.run_logits(ids[None])[0]).all()


@pytest.mark.parametrize("batch", [None, 3])
@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_copies_of_a_state_go_on_by_themselves(copied, batch):
    model, compiled = both(readout="mean")
    x = random_inputs(np.random.default_rng(11), model, sequences=3)
    rows = x.swapaxes(0, 1) if batch else x[0]
    states = [m.initial_state(batch) for m in (model, compiled)]
    for row in rows[:5]:
        for m, state in zip((model, compiled), states, strict=True):
            m.step(state, row)
    again = copied(states[1])
    same_state(again, states[0])
    before = states[1].hidden
    for row in rows[5:]:
        model.step(states[0], row)
        (compiled if again.engine is states[1].engine else again._model).step(again, row)
    same_state(again, states[0])
    assert (states[1].hidden == before).all() and states[1].steps == 5


def test_copies_of_a_model_are_the_model():
    model, compiled = both(recording=None)
    x = random_inputs(np.random.default_rng(12), model)
    assert copy.copy(compiled) is compiled is copy.deepcopy(compiled)
    for prepared in (compiled, with_engine(model, "auto")):
        again = pickle.loads(pickle.dumps(prepared))
        assert again.engine == "c" and not again.signs.flags.writeable
        assert packed.to_bytes(again) == packed.to_bytes(model)
        assert (again.run_logits(x) == model.run_logits(x)).all()
    changed = replace(compiled, output_bias=compiled.output_bias + 1)
    assert changed.engine == "c" and with_engine(changed, "numpy").engine == "numpy"
    assert (changed.run_logits(x) == model.run_logits(x) + 1).all()


def test_the_checks_of_c_stay_checks_against_numpy(monkeypatch, tmp_path):
    """``trace`` and ``advance`` of a compiled model are NumPy's, also where C were wrong."""
    model, compiled = both(readout="mean")
    x = random_inputs(np.random.default_rng(13), model)
    compiled._engine.model[:] = 0
    for found, wanted in zip(compiled.trace(x), model.trace(x), strict=True):
        assert (found == wanted).all()
    first = x[0, 0].astype(np.int64)
    hidden = np.zeros(16, np.int64)
    assert (compiled.advance(hidden, 0, first) == model.advance(hidden, 0, first)).all()


def test_a_file_is_run_by_c_at_once(tmp_path):
    model = random_model(np.random.default_rng(14))
    packed.write(model, tmp_path / "m.hrnn")
    x = random_inputs(np.random.default_rng(15), model)
    assert {load(tmp_path / "m.hrnn", engine=e).engine for e in ("auto", "c")} == {"c"}
    assert load(tmp_path / "m.hrnn").engine == "c"
    assert load(tmp_path / "m.hrnn", "numpy").engine == "numpy"
    assert (load(tmp_path / "m.hrnn").run_logits(x) == model.run_logits(x)).all()

"""Models of numbers: the packed file says so, and C and Python give one number, bit for bit."""

import io
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from hadamrnn import cli, integer
from hadamrnn.cli.info import describe
from hadamrnn.compiler import compile_c
from hadamrnn.errors import HadamrnnError
from hadamrnn.export import firmware
from hadamrnn.export.freeze import freeze
from hadamrnn.export.spec import IntegerSpec
from hadamrnn.export.weights import FrozenWeights
from hadamrnn.integer import packed
from tests.random_models import random_model, random_readings, recorded

READOUTS = ("last", "mean", "log_mean")


def of_numbers(readout, outputs=1, seed=3):
    rng = np.random.default_rng(seed)
    model = recorded(rng, random_model(rng, readout=readout, classes=outputs, input_size=3))
    names = tuple(f"output {k}" for k in range(outputs))
    known = replace(model.recording, numbers=True)
    model = replace(model, sum_shift=2 if readout == "mean" else 0)
    return replace(model, recording=known, class_names=names, logit_scale=0.012345), rng


@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("outputs", [1, 2])
def test_predictions_are_real_logits(readout, outputs, tmp_path):
    model, rng = of_numbers(readout, outputs)
    packed.write(model, tmp_path / "model.hrnn")
    model = integer.load(tmp_path / "model.hrnn")
    assert model.numbers
    readings = random_readings(rng, model, steps=7)
    x_int = model.quantize_raw(readings)
    found, logits = model.predict_inputs(x_int), model.run_logits(x_int)
    factor = 2.0**model.sum_shift / 7 if readout == "mean" else 1
    wanted = logits * (0.012345 * factor)
    assert found.dtype == np.float64 and found.shape == ((3,) if outputs == 1 else (3, 2))
    assert np.array_equal(found.reshape(3, -1), wanted)
    assert any(
        line.split() == ["numbers", *", ".join(model.class_names).split()]
        for line in describe(model)
    )


VALUES = """
#define main example_main
#include "main.c"
#undef main
int main(void)
{
    int16_t input[NUMBER_INPUT_SIZE];
    int32_t logits[NUMBER_OUTPUT_SIZE];

    (void)example_main;
    (void)print_answer;
    while (read_step(input) == NUMBER_INPUT_SIZE) {
        (void)hr_step_raw(&number_model, &state, input);
        (void)hr_logits(&number_model, &state, logits);
        printf("%a\\n", NUMBER_VALUE(logits[0], state.steps));
    }
    return 0;
}
"""


@pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc")
@pytest.mark.parametrize("readout", READOUTS)
def test_c_gives_the_same_double_after_every_step(readout, tmp_path, capsys):
    model, rng = of_numbers(readout, seed=5)
    written = firmware.write(model, tmp_path, name="number")
    assert "stream.c" in written
    (tmp_path / "values.c").write_text(VALUES)
    sources = ["hadamrnn.c", "-o"]
    for name in ("values", "main"):
        compile_c(
            [f"{name}.c", *sources, name, "-std=c99", "-Wall", "-Wextra", "-Werror"], cwd=tmp_path
        )
    sequence = random_readings(rng, model, sequences=1, steps=9)[0]
    text = "".join(",".join(map(repr, row)) + "\n" for row in sequence.tolist())

    def printed(program):
        done = subprocess.run([tmp_path / program], input=text, capture_output=True, text=True)
        return done.stdout.split()

    x_int = model.quantize_raw(sequence[None])
    wanted = [model.predict_inputs(x_int[:, : k + 1])[0] for k in range(9)]
    assert [float.fromhex(value) for value in printed("values")] == wanted
    (tmp_path / "one.csv").write_text(text)
    packed.write(model, tmp_path / "model.hrnn")
    assert cli.main(["predict", str(tmp_path / "model.hrnn"), str(tmp_path / "one.csv")]) == 0
    assert capsys.readouterr().out.split() == ["0", *printed("main")]
    assert printed("main") == [f"{wanted[-1]:.9g}"]


@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("engine", ["numpy", "c"])
def test_windows_of_a_stream_have_the_numbers_of_their_sequences(readout, outputs, engine):
    if engine == "c" and not shutil.which("cc"):
        pytest.skip("needs a C compiler")
    model, rng = of_numbers(readout, outputs)
    x_int = model.quantize_raw(random_readings(rng, model, sequences=1, steps=12))
    stream = integer.with_engine(model, engine).stream(window=6, hop=3)
    events = [event for event in map(stream.push_integers, x_int[0]) if event]
    assert [event.step for event in events] == [6, 9, 12]
    for event in events:
        (wanted,) = model.predict_inputs(x_int[:, event.step - 6 : event.step])
        assert event.value == (wanted if outputs == 1 else tuple(wanted))


@pytest.mark.parametrize("readout", READOUTS)
def test_numbers_of_fading_states_are_those_of_a_long_sequence_of_one_reading(readout):
    """Where nothing changes the exponential mean is that of a sequence, and so is its number."""
    model, rng = of_numbers(readout)
    model = replace(model, fade=2)
    x_int = model.quantize_raw(random_readings(rng, model, sequences=1, steps=1))[0, 0]
    stream = model.stream(shift=0) if readout != "last" else model.stream()
    for _ in range(40):
        event = stream.push_integers(x_int)
    (state,) = stream.states
    assert event.value == model.real_logits(model.logits(state), state.steps)[0]
    assert event.value is not None and model.stream(smooth=1).settings.smooth == 1


def test_numbers_are_not_rejected():
    model, _ = of_numbers("last")
    for settings, key in (({"reject": 1}, "reject"), ({"hold": 1}, "hold")):
        with pytest.raises(HadamrnnError, match=f"^{key}: must be an integer from 0 to 0; got 1"):
            model.stream(window=4, **settings)


@pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc")
@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize(("outputs", "fade"), [(1, 0), (1, 3), (2, 3)])
def test_a_stream_in_c_prints_the_numbers_of_the_command(
    readout, outputs, fade, tmp_path, capsys, monkeypatch
):
    model, rng = of_numbers(readout, outputs)
    model = replace(model, fade=fade)
    firmware.write(model, tmp_path, name="number")
    sources = ["stream.c", "hadamrnn_stream.c", "hadamrnn.c", "-o", "stream"]
    compile_c([*sources, "-std=c99", "-Wall", "-Wextra", "-Werror"], cwd=tmp_path)
    rows = random_readings(rng, model, sequences=1, steps=40).reshape(-1, model.recording.channels)
    text = "".join(",".join(map(repr, row)) + "\n" for row in rows.tolist())
    done = subprocess.run([tmp_path / "stream"], input=text, capture_output=True, text=True)
    packed.write(model, tmp_path / "model.hrnn")
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    assert cli.main(["stream", str(tmp_path / "model.hrnn")]) == 0
    printed = capsys.readouterr().out
    assert done.stdout == printed
    wanted = model.stream(window=model.max_steps, hop=model.max_steps // 2).run(
        rows.reshape(40, -1)
    )
    assert [int(line.split()[0]) for line in printed.splitlines()] == [e.step for e in wanted]
    assert len(wanted) > 4 and len({*printed.split()}) > outputs + 5


@pytest.mark.parametrize("readout", READOUTS)
def test_outputs_are_in_the_units_of_the_targets(readout):
    """Frozen with units far from 0 and 1, a model is as near to them as in units of its own."""
    rng = np.random.default_rng(1)
    weights = FrozenWeights(
        signs=rng.choice([-1, 1], 16),
        block_size=8,
        input_weight_int=rng.integers(-7, 8, (16, 2)),
        input_weight_scale=0.1,
        bias=rng.normal(size=16) / 10,
        output_weight_int=rng.integers(-7, 8, (1, 16)),
        output_weight_scale=0.2,
        output_bias=np.array([0.3]),
        weight_bits=4,
        fade=3,
    )
    inputs = rng.normal(size=(40, 12, 2))
    spec = IntegerSpec(activation_bits=12, readout=readout)
    plain = freeze(weights, inputs, np.zeros(40), spec)
    units = 1e4, 250.0
    moved = freeze(weights.in_units(*units), inputs, np.full(40, 1e4), spec)
    x_int = plain.quantize_input(inputs)
    first, second = (m.real_logits(m.run_logits(x_int), 12) for m in (plain, moved))
    np.testing.assert_allclose((second - 1e4) / 250, first, atol=2e-3)
    with pytest.raises(HadamrnnError, match=r"must be finite numbers of shape \(40, 1\); got"):
        freeze(weights, inputs, np.full(40, np.nan), spec)
    with pytest.raises(HadamrnnError, match="output_bias: must fit 32 bits in units of"):
        freeze(weights.in_units(1e12, 1e-3), inputs, np.zeros(40), spec)

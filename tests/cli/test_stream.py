"""``hadamrnn stream``: events of lines of numbers, as they come."""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hadamrnn import cli
from hadamrnn.integer import packed
from tests.random_models import random_inputs, random_model, recorded

ROOT = Path(__file__).parents[2]


@pytest.fixture
def stream(tmp_path, monkeypatch, capsys):
    """Run the command on a model with text as standard input: (exit code, output, errors)."""

    def run(model, text, *options):
        path = tmp_path / "model.hrnn"
        path.write_bytes(packed.to_bytes(model))
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        code = cli.main(["stream", str(path), *options])
        return code, *capsys.readouterr()

    return run


def model_of(**fields):
    fields = {"readout": "log_mean", "fade": 3, "max_steps": 50, **fields}
    return random_model(np.random.default_rng(0), **fields)


def text_of(rows):
    return "".join(",".join(map(repr, np.atleast_1d(row).tolist())) + "\n" for row in rows)


def lines_of(model, events):
    names = model.class_names or list(map(str, range(model.output_size)))
    return "".join(
        f"{e.step}\t{'none' if e.class_id is None else names[e.class_id]}\t{e.margin}\n"
        for e in events
    )


def test_it_prints_what_a_stream_answers(stream):
    model = model_of(class_names=("still", "walk", "run", "jump"))
    real = np.random.default_rng(1).normal(0, 0.3, (200, 3))
    settings = {"shift": 4, "hop": 5, "smooth": 1}
    margins = [event.margin for event in model.stream(**settings).run(real)]
    settings["reject"] = int(np.median(margins))
    settings["hold"] = settings["reject"] - sorted(margins)[len(margins) // 4]
    options = [word for key, value in settings.items() for word in (f"--{key}", str(value))]
    wanted = model.stream(**settings).run(real)
    text = "\ufeffax,ay,az\n\n" + text_of(real)
    assert stream(model, text, *options, "--all") == (0, lines_of(model, wanted), "")
    assert wanted != model.stream(**{**settings, "hold": 0}).run(real)
    changes = [event for event in wanted if event.changed]
    assert len(changes) < len(wanted) and {event.class_id for event in changes} > {None}
    assert stream(model, text, *options) == (0, lines_of(model, changes), "")


def test_states_that_do_not_fade_take_windows(stream):
    model = model_of(fade=0)
    real = np.random.default_rng(1).normal(0, 0.3, (200, 3))
    wanted = lines_of(model, model.stream(window=50, hop=25).run(real))
    assert stream(model, text_of(real), "--all") == (0, wanted, "")
    wanted = lines_of(model, model.stream(window=20, hop=5).run(real))
    got = stream(model, text_of(real), "--all", "--window", "20", "--hop", "5")
    assert got == (0, wanted, "")


def test_a_file_is_read_as_standard_input_is(stream, tmp_path):
    model, path = model_of(), tmp_path / "log.csv"
    text = text_of(np.random.default_rng(1).normal(0, 0.3, (200, 3)))
    path.write_text("\ufeffa,b,c\n" + text, encoding="utf-8")
    wanted = stream(model, text, "--hop", "7", "--all")
    assert stream(model, "", str(path), "--hop", "7", "--all") == wanted and wanted[1]
    path.write_bytes(b"1,2,3\n\xff\n")
    for name, words in (
        (path, "log.csv: must be text in UTF-8; got the byte 0xff"),
        (tmp_path / "none.csv", "none.csv: must be a readable file; got No such file"),
    ):
        code, _, errors = stream(model, "", str(name))
        assert code == 1 and words in errors and errors.count("\n") == 1


def test_symbols_are_read_one_a_line(stream):
    model = model_of(kind="symbol", input_size=5)
    (x,) = random_inputs(np.random.default_rng(2), model, sequences=1, steps=60)
    wanted = [event for event in map(model.stream(hop=4).push_integers, x) if event]
    assert stream(model, text_of(x), "--hop", "4", "--all") == (0, lines_of(model, wanted), "")


def test_a_line_is_a_sample_of_a_model_that_reads_several(stream):
    rng = np.random.default_rng(3)
    while True:
        model = recorded(rng, model_of(input_size=6))
        if model.recording.frame == 3:
            break
    samples = np.round(rng.normal(0, 40, (90, 2)) + model.recording.offset, 2)
    wanted = [e for e in model.stream().run(samples.reshape(30, 6)) if e.changed]
    assert stream(model, text_of(samples)) == (0, lines_of(model, wanted), "")


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("1,2,3\n4,five,6\n", (), "row 2, column 2: must be a finite number, separated from "),
        ("1,2,3\n4,5,nan\n", (), "row 2, column 3: must be a finite number, separated from "),
        ("a,b,c\n\n1,2\n", (), "row 3: must hold 3 numbers; got 2"),
        ("a,b,c\nd,e,f\n", (), "row 2, column 1: must be a finite number, separated from "),
        ("1,2,3\n", ("--shift", "9"), "shift: must be an integer from 0 to 6; got 9"),
    ],
)
def test_a_line_that_cannot_be_read_ends_it_with_one_sentence(stream, text, options, words):
    code, _, errors = stream(model_of(), text, *options)
    assert code == 1 and words in errors and errors.count("\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="sends a signal")
def test_events_come_at_once_and_ctrl_c_ends_it():
    command = "from hadamrnn.cli import main; raise SystemExit(main())"
    model = str(ROOT / "shipped/har2/model.hrnn")
    with subprocess.Popen(
        [sys.executable, "-c", command, "stream", model],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""},
    ) as process:
        process.stdin.write(b"0,0,0,0,0,0,0,0,0\n")
        process.stdin.flush()
        assert process.stdout.readline().startswith(b"1\t")  # while more may come
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate()
    assert (process.returncode, rest, errors) == (0, b"", b"")

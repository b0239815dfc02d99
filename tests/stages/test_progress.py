"""What a training run shows: plain lines in a log, whatever the environment says."""

import io
import time

import pytest
from rich.console import Console

from stages import progress
from stages.progress import TrainingProgress

ROW = {
    "epoch": 1,
    "train_cross_entropy": 0.123456,
    "valid_cross_entropy": 0.01234567,
    "valid_score": 0.125,
    "valid_accuracy": 0.99,
    "flips_per_step": 0.0,
    "sign_learning_rate": 0.0,
    "best": True,
}


def shown(score="accuracy", held_out=True, row=None, first=0, console=None, epochs=300):
    stream = io.StringIO()
    console = console or Console(file=stream, width=40)
    with TrainingProgress("benchmark", score, held_out, console) as listener:
        listener.on_start(first, epochs, 2)
        for step in (1, 2):
            listener.on_step(1, step, 0.5)
        listener.on_epoch(ROW | (row or {}))
    return stream.getvalue()


def test_a_line_an_epoch_that_is_not_wrapped():
    (line,) = shown().splitlines()
    assert line.startswith(
        "benchmark epoch 1/300: loss 0.1235, valid 0.01235, accuracy 12.50 %, 0 s left *"
    )
    assert len(line) <= 80


def test_copy_leads_with_the_recalled_symbols():
    assert "recalled 12.50 %" in shown("recalled_accuracy") and "99.00" not in shown()


def test_rows_that_are_trained_on_are_not_called_validation():
    line = shown(held_out=False)
    assert "trained rows 0.01235" in line and "valid" not in line


def test_flips_are_shown_where_signs_move():
    moving = {"sign_learning_rate": 0.001, "flips_per_step": 2.5}
    assert "2.5 flips a step" in shown(row=moving) and "flips" not in shown()


def test_where_it_goes_on():
    assert shown(first=3).startswith("benchmark: goes on after epoch 3\n")


@pytest.mark.parametrize(
    "name, value", [("FORCE_COLOR", "1"), ("FORCE_COLOR", "3"), ("TERM", "xterm")]
)
def test_a_log_has_no_escape_codes(monkeypatch, capsys, name, value):
    monkeypatch.setenv(name, value)
    with TrainingProgress("benchmark") as listener:
        listener.on_start(1, 3, 2)
        listener.on_step(2, 1, 0.5)
        listener.on_epoch(ROW | {"epoch": 2})
    printed = capsys.readouterr().out
    assert "epoch 2/3" in printed and "\x1b" not in printed


def test_a_log_is_told_of_compilation_when_nothing_moves(monkeypatch, capsys):
    monkeypatch.setattr(progress, "PATIENCE", 0.01)
    with TrainingProgress("benchmark") as listener:
        listener.on_start(0, 3, 2)
        listener.waiting.join()
        listener.on_step(1, 1, 0.5)
    assert capsys.readouterr().out == (
        "benchmark: first step: kernels are compiled, once on a machine\n"
    )


def test_a_first_step_that_comes_at_once_needs_no_words(monkeypatch, capsys):
    monkeypatch.setattr(progress, "PATIENCE", 0.05)
    with TrainingProgress("benchmark") as listener:
        listener.on_start(0, 3, 2)
        listener.on_step(1, 1, 0.5)
        listener.waiting.join()
    assert capsys.readouterr().out == ""


def test_time_left_does_not_count_what_comes_before_the_first_step(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with TrainingProgress("benchmark") as listener:
        listener.on_start(0, 3, 2)
        now[0] = 1000.0  # compilation
        listener.on_step(1, 1, 0.5)
        now[0] = 1010.0
        listener.on_step(1, 2, 0.5)
        listener.on_epoch(ROW)
    assert "40 s left" in capsys.readouterr().out  # four steps of ten seconds


def test_a_terminal_shows_compilation_while_nothing_moves():
    stream = io.StringIO()
    console = Console(file=stream, width=120, force_terminal=True)
    with TrainingProgress("benchmark", console=console) as listener:
        listener.on_start(0, 3, 2)
        listener.bar.refresh()
        assert "kernels are compiled" in stream.getvalue()
        listener.on_step(1, 1, 0.5)
        listener.bar.refresh()
    assert "epoch 1/3 loss 0.5" in stream.getvalue()

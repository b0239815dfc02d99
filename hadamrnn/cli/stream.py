"""Answers while readings come in: a line of numbers each on standard input, or of a file.

A line holds what the recorder gives at one moment, numbers and commas, or a symbol id; a first line
without any number names the columns and is left out. An event is printed when the answer changes:
the step, the class ("none" where it is rejected) and the margin, with tabs between; of a model of
numbers every one that is due: the step and the number. It ends with the input, or at Ctrl-C.
"""

import argparse
import contextlib
import sys
from collections.abc import Iterable, Iterator
from typing import TextIO

import numpy as np

from hadamrnn import integer
from hadamrnn.cli import csv_file
from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import Event, IntegerModel, Stream

HELP = "answers from a recording that does not end, read from standard input"
NONE = "none"
WHERE = "standard input"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``hadamrnn stream``."""
    parser.add_argument("file", help="packed model, such as shipped/har2/model.hrnn")
    parser.add_argument("input", nargs="?", help="a file of such lines (default: standard input)")
    parser.add_argument(
        "--shift",
        type=int,
        help="means are over about 2^SHIFT steps (default: a third of a window, rounded down)",
    )
    parser.add_argument(
        "--window",
        type=int,
        help="steps of overlapping windows (default: none where states fade and tell classes, "
        "else the longest sequence of the model)",
    )
    parser.add_argument(
        "--hop", type=int, help="steps from an answer to the next (default: 1, or half a window)"
    )
    parser.add_argument(
        "--smooth", type=int, default=0, help="scores are smoothed over about 2^SMOOTH answers"
    )
    parser.add_argument(
        "--reject", type=int, default=0, help='answers with a smaller margin are "none"'
    )
    parser.add_argument(
        "--hold",
        type=int,
        default=0,
        help="so much smaller may be the margin of a class that is the answer (0 to REJECT)",
    )
    parser.add_argument("--all", action="store_true", help="print every answer that is due")


def run(options: argparse.Namespace) -> int:
    """Print the events as they happen."""
    model = integer.load(options.file)
    stream = _stream(model, options)
    where = options.input or WHERE
    with contextlib.ExitStack() as closing, contextlib.suppress(KeyboardInterrupt):
        lines = sys.stdin if options.input is None else closing.enter_context(_opened(where))
        try:
            for event in events(stream, lines, where):
                if event.changed or options.all or model.numbers:
                    print(f"{event.step}\t{answer(model, event)}", flush=True)
        except UnicodeDecodeError as error:
            raise HadamrnnError(
                f"{where}: must be text in UTF-8; got the byte {error.object[error.start]:#04x}"
            ) from error
    return 0


def _opened(path: str) -> TextIO:
    """A file of lines."""
    try:
        return open(path, encoding="utf-8")
    except OSError as error:
        raise HadamrnnError(f"{path}: must be a readable file; got {error.strerror}") from error


def _stream(model: IntegerModel, options: argparse.Namespace) -> Stream:
    """The stream that the options ask for."""
    window, hop = options.window, options.hop
    steady = not model.fade and model.readout != "last"
    if window is None and (steady or model.numbers):
        window = model.max_steps
    if hop is None and window is not None:
        hop = max(1, window // 2)
    return model.stream(
        shift=options.shift,
        window=window,
        hop=hop,
        smooth=options.smooth,
        reject=options.reject,
        hold=options.hold,
    )


def answer(model: IntegerModel, event: Event) -> str:
    """How an answer is printed: its numbers, or its class and margin."""
    if event.value is not None:
        values = event.value if isinstance(event.value, tuple) else (event.value,)
        return "\t".join(f"{value:.9g}" for value in values)
    label = NONE
    if event.class_id is not None:
        label = model.class_names[event.class_id] if model.class_names else str(event.class_id)
    return f"{label}\t{event.margin}"


def events(stream: Stream, lines: Iterable[str], where: str = WHERE) -> Iterator[Event]:
    """The events of lines of text.

    Parameters
    ----------
    stream : Stream
        Who reads.
    lines : iterable of str
        Numbers and commas, as many as the recorder has channels; of a model that reads several
        samples a step, a line is a sample.
    where : str
        How an error names them.

    Yields
    ------
    Event
        Wherever an answer is due.

    Raises
    ------
    HadamrnnError
        For a line that cannot be read, with its number.
    """
    model = stream.model
    symbol = model.input_kind == "symbol"
    frame = model.recording.frame if model.recording else 1
    width = 1 if symbol else model.input_size // frame
    waiting: list[float] = []
    first = True
    for line, text in enumerate(lines, start=1):
        cells = text.lstrip("\ufeff").strip().split(",")
        values = [csv_file.number(cell) for cell in cells]
        header = first and all(value is None for value in values)
        if not any(cells):
            continue
        first = False
        if header:
            continue
        waiting += _row(f"{where}: row {line}", cells, values, width)
        if len(waiting) == width * frame:
            numbers = np.array(waiting[0] if symbol else waiting)
            try:
                event = stream.push(numbers)
            except HadamrnnError as error:
                raise HadamrnnError(f"{where}: row {line}: {error}") from error
            waiting = []
            if event is not None:
                yield event


def _row(place: str, cells: list[str], values: list[float | None], width: int) -> list[float]:
    """The numbers of a line; HadamrnnError unless there are ``width``, all of them finite."""
    row = [value for value in values if value is not None]
    if len(row) < len(values):
        column = values.index(None)
        raise HadamrnnError(
            f"{place}, column {column + 1}: must be a finite number, separated from others by "
            f"commas; got {cells[column][:60]!r}"
        )
    if len(row) != width:
        raise HadamrnnError(f"{place}: must hold {width} numbers; got {len(row)}")
    return row

"""Progress of a training run: a live display on a terminal, one plain line an epoch elsewhere.

A log has no cursor to move: whatever FORCE_COLOR says, a file or a pipe gets plain lines. No line
is wrapped.
"""

import sys
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from hadamrnn.metrics import in_words
from hadamrnn.training.run import Listener

PATIENCE = 3.0
"""Seconds before a log is told why nothing happens yet."""
FIRST_STEP = "first step: kernels are compiled, once on a machine"
SCORES = {"accuracy": "accuracy", "recalled_accuracy": "recalled", "r2": "R2"}
"""Words for the benchmark's own measure (``metrics.own_score``)."""


class TrainingProgress(Listener):
    """Shows losses, the benchmark's own score, flips per step and time left.

    Parameters
    ----------
    benchmark : str
        Its name, in front of every line.
    score : str
        As ``metrics.own_score``.
    held_out : bool
        Whether validation rows are not trained on; else they are not called so.
    console : Console, optional
        Where to show it; standard output by default.
    """

    def __init__(
        self,
        benchmark: str,
        score: str = "accuracy",
        held_out: bool = True,
        console: Console | None = None,
    ) -> None:
        self.benchmark = benchmark
        self.score = score
        self.rows = "valid" if held_out else "trained rows"
        self.console = console or Console(force_terminal=sys.stdout.isatty())
        self.live = self.console.is_terminal
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self.live,
        )
        self.task = TaskID(0)
        self.total = 0
        self.per_epoch = 0
        self.steps = 0
        self.started = 0.0
        self.waiting = threading.Timer(PATIENCE, self.say, [FIRST_STEP])
        self.waiting.daemon = True

    def say(self, words: str) -> None:
        """Print one line, above the live display if there is one."""
        self.console.print(f"{self.benchmark}: {words}", highlight=False, soft_wrap=True)

    def __enter__(self) -> "TrainingProgress":
        self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.waiting.cancel()
        self.bar.stop()

    def on_start(self, first_epoch: int, epochs: int, steps_per_epoch: int) -> None:
        self.total, self.per_epoch = epochs, steps_per_epoch
        self.task = self.bar.add_task(
            self.benchmark,
            total=epochs * steps_per_epoch,
            completed=first_epoch * steps_per_epoch,
            note=FIRST_STEP,
        )
        if first_epoch:
            self.say(f"goes on after epoch {first_epoch}")
        if first_epoch < epochs and not self.live:
            self.waiting.start()

    def on_step(self, epoch: int, step: int, loss: float) -> None:
        self.steps += 1
        if self.steps == 1:  # what comes before it is compilation, and says nothing of the rest
            self.waiting.cancel()
            self.started = time.monotonic()
        if self.live:
            note = f"epoch {epoch}/{self.total} loss {loss:.4g}"
            self.bar.update(self.task, advance=1, note=note)

    def on_epoch(self, row: Mapping[str, Any]) -> None:
        epoch = row["epoch"]
        parts = [
            f"loss {row['train_cross_entropy']:.4g}",
            f"{self.rows} {row['valid_cross_entropy']:.4g}",
            f"{SCORES[self.score]} {in_words(self.score, row['valid_score'])}",
        ]
        if row["sign_learning_rate"] > 0:
            parts.append(f"{row['flips_per_step']:.2g} flips a step")
        if self.steps > 1:
            left = (self.total - epoch) * self.per_epoch / (self.steps - 1)
            parts.append(f"{left * (time.monotonic() - self.started):.0f} s left")
        best = " *" if row["best"] else ""
        words = f"{self.benchmark} epoch {epoch}/{self.total}: {', '.join(parts)}{best}"
        self.console.print(words, highlight=False, soft_wrap=True)

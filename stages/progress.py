"""Progress of a training: a live display on a terminal, one plain line an epoch elsewhere."""

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from hadamrnn.training.fit import Listener


class TrainingProgress(Listener):
    """Shows epoch, loss, validation accuracy, flips per step and time left."""

    def __init__(self, benchmark, console=None):
        self.benchmark, self.console = benchmark, console or Console()
        self.live = self.console.is_terminal
        self.bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(), console=self.console, disable=not self.live,
        )  # fmt: skip
        self.task, self.total, self.started = TaskID(0), 0, 0.0
        self.first, self.per_epoch = 0, 0

    def __enter__(self):
        self.bar.start()
        return self

    def __exit__(self, *failure):
        self.bar.stop()

    def on_start(self, first_epoch, epochs, steps_per_epoch):
        self.total, self.first, self.per_epoch = epochs, first_epoch, steps_per_epoch
        self.started = time.monotonic()
        self.task = self.bar.add_task(
            self.benchmark, total=epochs * steps_per_epoch,
            completed=first_epoch * steps_per_epoch, note="",
        )  # fmt: skip
        if first_epoch:
            self.console.print(f"{self.benchmark}: goes on after epoch {first_epoch}")

    def on_step(self, epoch, step, loss):
        if self.live:
            self.bar.update(
                self.task, advance=1, note=f"epoch {epoch}/{self.total} loss {loss:.4g}"
            )

    def on_epoch(self, row):
        epoch, elapsed = row["epoch"], time.monotonic() - self.started
        left = elapsed / (epoch - self.first) * (self.total - epoch)
        self.console.print(
            f"{self.benchmark} epoch {epoch}/{self.total}: "
            f"train loss {row['train_cross_entropy']:.5g}, "
            f"valid loss {row['valid_cross_entropy']:.5g}, "
            f"valid accuracy {100 * row['valid_accuracy']:.2f} %, "
            f"{row['flips_per_step']:.2g} flips a step, {left:.0f} s left"
            f"{' *' if row['best'] else ''}",
            highlight=False,
            soft_wrap=True,
        )

"""Stage train: prepared arrays -> models/<benchmark>/ and results/<benchmark>/history.csv."""

import contextlib
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from hadamrnn.errors import as_sentences
from hadamrnn.params import Settings
from hadamrnn.training import launch
from stages import common

if TYPE_CHECKING:
    import torch


def main(settings: Settings) -> Callable[[], None]:
    """Train a model, in as many processes as torchrun started; the call it returns tidies up."""
    # Imported here so that wrong parameters stop before torch is loaded.
    from hadamrnn.training import distributed

    with distributed.joined(settings.device) as where:
        return train_on(where, settings, distributed.share())


def train_on(where: "torch.device", given: Settings, share: tuple[int, int]) -> Callable[[], None]:
    """Train on one device; of several processes only number 0 shows and writes anything."""
    from hadamrnn.prepared import arrays
    from hadamrnn.training import automatic, chance
    from hadamrnn.training.job import Job
    from hadamrnn.training.run import FitResult
    from stages import trained
    from stages.progress import TrainingProgress

    name, folder = given.benchmark, common.prepared(given.benchmark)
    card = arrays.read_card(folder)

    def progress(job: Job, title: str) -> TrainingProgress | None:
        held_out = not job.settings.train.train_on_validation
        return TrainingProgress(title, job.score, held_out) if share[0] == 0 else None

    trials = []

    def tried(candidate: Settings) -> FitResult:
        trials.append(Job.of(automatic.trial(candidate), folder, card, where, share))
        shown = progress(trials[-1], f"{name}, trial of {automatic.named(candidate)}")
        with trials[-1].checkpoint.locked(), shown or contextlib.nullcontext():
            return trials[-1].fit(shown)

    settings = automatic.settled(given, card, tried)
    chosen = automatic.chosen(given, settings)
    job = Job.of(settings, folder, card, where, share)
    shown = progress(job, name)
    with job.checkpoint.locked(), shown or contextlib.nullcontext():
        if shown and chosen:
            words = ", ".join(f"{key} {value}" for key, value in chosen.items())
            shown.say(f"chosen from the data: {words}")
        result = job.fit(shown)
        if shown:
            trained.write(result, job, chosen)
            if warning := chance.warning(result, card, len(job.train)):
                shown.say(warning)

    afterwards = contextlib.ExitStack()
    for one in (*trials, job):
        afterwards.callback(one.checkpoint.remove)
    return afterwards.close


if __name__ == "__main__":
    with as_sentences():
        count = launch.asked()
        if count > 1:
            name = common.chosen().benchmark  # one process says what is wrong
            print(f"{name}: {count} processes train together", flush=True)
            launch.together(count, ["-m", "stages.train", *sys.argv[1:]])
    if count == 1:
        common.run(main, "train")

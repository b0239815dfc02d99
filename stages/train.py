"""Stage train: prepared arrays -> models/<benchmark>/ and results/<benchmark>/history.csv."""

import contextlib
from typing import TYPE_CHECKING

from hadamrnn.params import Settings
from stages import common

if TYPE_CHECKING:
    import torch


def main(settings: Settings) -> None:
    """Train the model of one benchmark, in as many processes as torchrun started."""
    # Imported here so that wrong parameters stop before torch is loaded.
    from hadamrnn.training import distributed

    with distributed.joined(settings.device) as where:
        train_on(where, settings, distributed.share())


def train_on(where: "torch.device", settings: Settings, share: tuple[int, int]) -> None:
    """Train on one device; of several processes only number 0 shows and writes anything."""
    from hadamrnn.metrics import own_score
    from hadamrnn.models import storage
    from hadamrnn.prepared import arrays
    from hadamrnn.training import chance, fit, step_threads
    from hadamrnn.training.checkpoint import checkpoint_for
    from hadamrnn.training.configuration import configuration
    from hadamrnn.training.data import batches_of
    from stages import trained
    from stages.progress import TrainingProgress

    folder, recipe = common.prepared(settings.benchmark), settings.train
    card = arrays.read_card(folder)
    config = configuration(settings, card)
    train, valid = batches_of(settings, folder, card, where, share)
    model = storage.build(config, settings.seed).to(where)
    step_threads.limit(model, train)
    checkpoint, first = checkpoint_for(settings, config, folder / "card.json"), share[0] == 0
    score, held_out = own_score(card), not recipe.train_on_validation
    shown = TrainingProgress(settings.benchmark, score, held_out) if first else None
    with checkpoint.locked(), shown or contextlib.nullcontext():
        result = fit.fit(model, train, valid, recipe, checkpoint, shown, score)
        if shown:
            trained.write(result, model, config, settings.benchmark, held_out)
            checkpoint.remove()
            warning = chance.warning(result, card, len(train))
            if warning:
                shown.say(warning)


if __name__ == "__main__":
    common.run(main, "train")

"""Stage train: prepared arrays -> models/<benchmark>/ and results/<benchmark>/history.csv."""

import contextlib

from stages import common


def main(settings):
    # Imported here so that wrong parameters stop before torch is loaded.
    from hadamrnn.training import distributed

    with distributed.joined(settings.device) as where:
        train_on(where, settings, *distributed.share())


def train_on(where, settings, process, processes):
    """Train on one device; of several processes only number 0 shows and writes anything."""
    from hadamrnn.models import storage
    from hadamrnn.prepared import arrays
    from hadamrnn.training import fit, step_threads
    from hadamrnn.training.checkpoint import checkpoint_for
    from hadamrnn.training.configuration import configuration
    from hadamrnn.training.data import batches_of
    from stages import trained
    from stages.progress import TrainingProgress

    folder = common.prepared(settings.benchmark)
    card = arrays.read_card(folder)
    train, valid = batches_of(settings, folder, card, where, (process, processes))
    config = configuration(settings, card)
    model = storage.build(config, settings.seed).to(where)
    step_threads.limit(model, train)
    recipe = settings.train
    checkpoint, first = checkpoint_for(settings, config, folder / "card.json"), process == 0
    with (
        checkpoint.locked(),
        TrainingProgress(settings.benchmark) if first else contextlib.nullcontext() as progress,
    ):
        result = fit.fit(model, train, valid, recipe, checkpoint, progress)
        if first:
            held_out = not recipe.train_on_validation
            trained.write(result, model, config, settings.benchmark, held_out)
            checkpoint.remove()


if __name__ == "__main__":
    common.run(main)

"""Stage train: prepared arrays -> models/<benchmark>/ and results/<benchmark>/history.csv."""

import contextlib
import hashlib
import json

from stages import common


def checkpoint_for(settings, config):
    """The checkpoint of exactly this training: its name carries a hash of what decides it."""
    from hadamrnn import distillation, distributed
    from hadamrnn.checkpoint import Checkpoint

    card = common.prepared(settings.benchmark) / "card.json"
    decisive = {
        **config, "seed": settings.seed, "train": vars(settings.train), "device": settings.device,
        "data": hashlib.sha256(card.read_bytes()).hexdigest(),
    }  # fmt: skip
    if settings.train.teacher is not None:
        decisive["teacher"] = distillation.fingerprint(settings.train.teacher)
    name = hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:12]
    path = f"checkpoints/{settings.benchmark}-{name}.pt"
    return Checkpoint(path, decisive, writes=distributed.share()[0] == 0)


def main(settings):
    # Imported here so that wrong parameters stop before torch is loaded.
    from hadamrnn import distributed

    with distributed.joined(settings.device) as where:
        train_on(where, settings, *distributed.share())


def train_on(where, settings, process, processes):
    """Train on one device; of several processes only number 0 shows and writes anything."""
    from hadamrnn import distillation, sign_draws, step_threads, storage, training
    from stages import arrays, trained
    from stages.progress import TrainingProgress

    card = common.read_json(common.prepared(settings.benchmark) / "card.json")
    train, valid = arrays.batches_of(settings, card, where, (process, processes))
    config = storage.configuration(settings, card)
    model = storage.build(config, settings.seed).to(where)
    step_threads.limit(model, train)
    recipe = settings.train
    teacher = distillation.load(recipe, config, where)
    checkpoint, first = checkpoint_for(settings, config), process == 0
    with (
        checkpoint.locked(),
        TrainingProgress(settings.benchmark) if first else contextlib.nullcontext() as progress,
    ):
        if recipe.sign_draws > 1 and checkpoint.load() is None:
            sign_draws.choose(model, train, valid, recipe, settings.seed, progress, teacher)
        result = training.fit(model, train, valid, recipe, checkpoint, progress, teacher)
        if first:
            held_out = not recipe.train_on_validation
            trained.write(result, model, config, settings.benchmark, held_out)
            checkpoint.remove()


if __name__ == "__main__":
    common.run(main)

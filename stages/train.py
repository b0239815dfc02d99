"""Stage train: prepared arrays -> models/<benchmark>/ and results/<benchmark>/history.csv."""

import contextlib
import hashlib
import json

from stages import common


def checkpoint_for(settings, config):
    """The checkpoint of exactly this training: its name carries a hash of what decides it."""
    from hadamrnn import distributed
    from hadamrnn.checkpoint import Checkpoint

    card = common.prepared(settings.benchmark) / "card.json"
    decisive = {
        **config, "seed": settings.seed, "train": vars(settings.train), "device": settings.device,
        "data": hashlib.sha256(card.read_bytes()).hexdigest(),
    }  # fmt: skip
    name = hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:12]
    path = f"checkpoints/{settings.benchmark}-{name}.pt"
    return Checkpoint(path, decisive, writes=distributed.share()[0] == 0)


def batches_of(settings, card, where, share):
    """Batches of the training and of the validation rows; both train for a final fit."""
    import numpy as np

    from hadamrnn import augmentation
    from hadamrnn.batches import Batches, InputCoding
    from hadamrnn.datasets import prepared

    folder, size = common.prepared(settings.benchmark), settings.train.batch_size
    coding = InputCoding(*(card["input"][key] for key in ("kind", "scale", "offset")))
    finer = settings.train.finer_classes
    inputs, targets = prepared.load(folder, "train", finer)
    held_out, answers = prepared.load(folder, "valid", finer)
    if settings.train.train_on_validation:
        inputs = np.concatenate((inputs, held_out))
        targets = np.concatenate((targets, answers))
    augment = augmentation.from_card(settings.train, card)
    balanced = settings.train.balanced
    return (
        Batches(inputs, targets, coding, size, where, settings.seed, balanced, augment, share),
        Batches(held_out, answers, coding, size, where, share=share),
    )


def main(settings):
    # Imported here so that wrong parameters stop before torch is loaded.
    from hadamrnn import distributed

    with distributed.joined(settings.device) as where:
        train_on(where, settings, *distributed.share())


def train_on(where, settings, process, processes):
    """Train on one device; of several processes only number 0 shows and writes anything."""
    from hadamrnn import storage, training
    from stages import trained
    from stages.progress import TrainingProgress

    card = common.read_json(common.prepared(settings.benchmark) / "card.json")
    train, valid = batches_of(settings, card, where, (process, processes))
    config = storage.configuration(settings, card)
    model = storage.build(config, settings.seed).to(where)
    checkpoint, first = checkpoint_for(settings, config), process == 0
    with (
        checkpoint.locked(),
        TrainingProgress(settings.benchmark) if first else contextlib.nullcontext() as progress,
    ):
        result = training.fit(model, train, valid, settings.train, checkpoint, progress)
        if first:
            held_out = not settings.train.train_on_validation
            trained.write(result, model, config, settings.benchmark, held_out)
            checkpoint.remove()


if __name__ == "__main__":
    common.run(main)

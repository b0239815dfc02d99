"""Stage train: prepared arrays -> models/<benchmark>/ and results/<benchmark>/history.csv."""

import csv
import hashlib
import json

from stages import common


def checkpoint_for(settings, config):
    """The checkpoint of exactly this training: its name carries a hash of what decides it."""
    from hadamrnn.checkpoint import Checkpoint

    card = common.prepared(settings.benchmark) / "card.json"
    decisive = {
        **config, "seed": settings.seed, "train": vars(settings.train), "device": settings.device,
        "data": hashlib.sha256(card.read_bytes()).hexdigest(),
    }  # fmt: skip
    name = hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:12]
    return Checkpoint(f"checkpoints/{settings.benchmark}-{name}.pt", decisive)


def write_history(rows, path):
    from hadamrnn.training import HISTORY_COLUMNS

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, HISTORY_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main(settings):
    # Imported here so that wrong parameters stop before torch is loaded.
    import numpy as np

    from hadamrnn import augmentation, batches, device, storage, training
    from hadamrnn.datasets import prepared
    from stages.progress import TrainingProgress

    folder = common.prepared(settings.benchmark)
    card, where = common.read_json(folder / "card.json"), device.resolve(settings.device)
    coding = batches.InputCoding(*(card["input"][key] for key in ("kind", "scale", "offset")))
    rows = {split: prepared.load(folder, split) for split in ("train", "valid")}
    if settings.train.train_on_validation:
        rows["train"] = [np.concatenate(pair) for pair in zip(*rows.values(), strict=True)]
    augmented = augmentation.from_card(settings.train, card)
    train, valid = (
        batches.Batches(
            inputs, targets, coding, settings.train.batch_size, where, seed, balanced, augment
        )
        for (inputs, targets), seed, balanced, augment in (
            (rows["train"], settings.seed, settings.train.balanced, augmented),
            (rows["valid"], None, False, None),
        )
    )
    config = storage.configuration(settings, card)
    model = storage.build(config, settings.seed).to(where)
    checkpoint = checkpoint_for(settings, config)
    with checkpoint.locked(), TrainingProgress(settings.benchmark) as progress:
        result = training.fit(model, train, valid, settings.train, checkpoint, progress)
        storage.save(model, config, common.models(settings.benchmark))
        summary = {
            "seconds": result.seconds,
            "epochs": len(result.history),
            "best_epoch": result.best_epoch,
            "validation_held_out": not settings.train.train_on_validation,
            "seconds_per_epoch": result.seconds / len(result.history),
            "flips_per_step": result.flips_per_step,
        }
        common.write_json(common.results(settings.benchmark) / "train.json", summary)
        write_history(result.history, common.results(settings.benchmark) / "history.csv")
        checkpoint.remove()


if __name__ == "__main__":
    common.run(main)

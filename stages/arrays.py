"""Prepared arrays as batches: what stage train learns from, and what it validates on."""

from stages import common


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

"""What a training run reads: prepared arrays as batches, coded and changed as its recipe asks."""

import numpy as np

from hadamrnn.prepared import arrays
from hadamrnn.prepared.coding import Coding
from hadamrnn.training import augmentation
from hadamrnn.training.batches import Batches


def batches_of(settings, folder, card, device, share):
    """Batches of the training and of the validation rows; both train for a final fit.

    settings : params.Settings; folder : of the prepared data; card : its card.json.
    """
    coding = Coding.from_card(card)
    size, finer = settings.train.batch_size, settings.train.finer_classes
    inputs, targets = arrays.load(folder, "train", finer)
    held_out, answers = arrays.load(folder, "valid", finer)
    if settings.train.train_on_validation:
        inputs = np.concatenate((inputs, held_out))
        targets = np.concatenate((targets, answers))
    augment = augmentation.from_card(settings.train, card)
    balanced = settings.train.balanced
    return (
        Batches(inputs, targets, coding, size, device, settings.seed, balanced, augment, share),
        Batches(held_out, answers, coding, size, device, share=share),
    )

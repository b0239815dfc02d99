"""What a training run reads: prepared arrays as batches, coded and changed as its recipe asks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hadamrnn.errors import HadamrnnError
from hadamrnn.params import Settings
from hadamrnn.prepared import arrays, lengths
from hadamrnn.prepared.coding import Coding
from hadamrnn.prepared.numbers import target_units
from hadamrnn.training import augmentation
from hadamrnn.training.batches import Batches


def batches_of(
    settings: Settings,
    folder: str | Path,
    card: Mapping[str, Any],
    device: str | torch.device,
    share: tuple[int, int],
) -> tuple[Batches, Batches]:
    """Batches of the training and of the validation rows; both train for a final fit.

    Parameters
    ----------
    settings : Settings
        Of the benchmark.
    folder : str or Path
        Of its prepared data.
    card : mapping
        Its card.json.
    device : str or torch.device
        Where batches go.
    share : (int, int)
        (k, n) for process k of n.

    Returns
    -------
    train, valid : Batches
        Shuffled and changed as the recipe asks; in stored order and unchanged.

    Raises
    ------
    HadamrnnError
        The data cannot be read, or an option does not suit them.
    """
    recipe, coding = settings.train, Coding.from_card(card)
    inputs, targets = arrays.load(folder, "train", recipe.finer_classes)
    held_out, answers = arrays.load(folder, "valid", recipe.finer_classes)
    if (units := target_units(card)) is not None:
        targets, answers = (units.standard(numbers) for numbers in (targets, answers))
    steps, held_out_steps = (lengths.read(folder, split, card) for split in ("train", "valid"))
    if steps is not None and settings.model != "hadamrnn":
        raise HadamrnnError(
            f"benchmark.{settings.benchmark}.data.lengths: must be pad or cut for model "
            f"{settings.model}; got 'mask'"
        )
    if recipe.train_on_validation:
        inputs = np.concatenate((inputs, held_out))
        targets = np.concatenate((targets, answers))
        if steps is not None and held_out_steps is not None:
            steps = np.concatenate((steps, held_out_steps))
    train = Batches(
        inputs,
        targets,
        coding=coding,
        batch_size=recipe.batch_size,
        device=device,
        seed=settings.seed,
        balanced=recipe.balanced,
        augmentation=augmentation.from_card(recipe, card),
        share=share,
        lengths=steps,
    )
    valid = Batches(
        held_out,
        answers,
        coding=coding,
        batch_size=recipe.batch_size,
        device=device,
        share=share,
        lengths=held_out_steps,
    )
    return train, valid

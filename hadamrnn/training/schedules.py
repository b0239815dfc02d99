"""Learning rates over a training, for the weights and, apart, for the signs.

One flipped sign changes W^T almost everywhere, so when the signs move is the key
hyper-parameter: ``hold`` keeps the initial draw, ``constant`` trains them throughout (the
official recipe), ``anneal`` lets their rate fall to zero over the first epochs and holds them
from then on, ``warmup`` holds them first.
"""

import math


def weight_factor(settings, step, steps_per_epoch):
    """Factor on the learning rate of U, V and the biases at a step counted from 0.

    settings : TrainSettings. Cosine: linear rise over warmup_steps, then half a cosine to 0 at
    the last step. Exponential: learning_rate_decay to the power of the finished epochs.
    """
    if settings.learning_rate_schedule == "exponential":
        return settings.learning_rate_decay ** (step // steps_per_epoch)
    progress = step / (settings.epochs * steps_per_epoch)
    rise = min(1.0, (step + 1) / (settings.warmup_steps + 1))
    return rise * 0.5 * (1 + math.cos(math.pi * progress))


def sign_factor(settings, step, steps_per_epoch):
    """Factor on sign_learning_rate at a step counted from 0; 0 where the signs are held."""
    if settings.sign_schedule == "hold":
        return 0.0
    epoch = step / steps_per_epoch
    if settings.sign_schedule == "anneal":
        return max(0.0, 1 - epoch / settings.sign_epochs) if settings.sign_epochs else 0.0
    if settings.sign_schedule == "warmup" and epoch < settings.sign_epochs:
        return 0.0
    return weight_factor(settings, step, steps_per_epoch)

"""Learning rates over a training run, for the weights and, apart, for the signs.

One flipped sign changes W^T almost everywhere, so when the signs move is the key
hyper-parameter: ``hold`` keeps the initial draw, ``constant`` trains them throughout (the
official recipe), ``anneal`` lets their rate fall to zero over the first epochs and holds them
from then on, ``warmup`` holds them first.
"""

import math

from hadamrnn.params import TrainSettings

WARMUP_SHARE = 0.35
"""Of all steps, the most that warm up: few data make few steps. The shortest of the paper's runs
has 290 steps, of which the default of 100 is still allowed."""


def weight_factor(settings: TrainSettings, step: int, steps_per_epoch: int) -> float:
    """Factor on the learning rate of U, V and the biases.

    Parameters
    ----------
    settings : TrainSettings
        Cosine: linear rise over warmup_steps, or a share of all steps if that is less, times half
        a cosine that ends at 0. Exponential: learning_rate_decay to the power of the finished
        epochs.
    step : int
        Counted from 0.
    steps_per_epoch : int
        Optimizer steps of an epoch.

    Returns
    -------
    float
        0 to 1.
    """
    if settings.learning_rate_schedule == "exponential":
        return settings.learning_rate_decay ** (step // steps_per_epoch)
    steps = settings.epochs * steps_per_epoch
    warmup = min(settings.warmup_steps, int(WARMUP_SHARE * steps))
    rise = min(1.0, (step + 1) / (warmup + 1))
    return rise * 0.5 * (1 + math.cos(math.pi * (step / steps)))


def sign_factor(settings: TrainSettings, step: int, steps_per_epoch: int) -> float:
    """Factor on sign_learning_rate; arguments as of ``weight_factor``.

    Returns
    -------
    float
        0 to 1; 0 where the signs are held.
    """
    if settings.sign_schedule == "hold":
        return 0.0
    epoch = step / steps_per_epoch
    if settings.sign_schedule == "anneal":
        return max(0.0, 1 - epoch / settings.sign_epochs) if settings.sign_epochs else 0.0
    if settings.sign_schedule == "warmup" and epoch < settings.sign_epochs:
        return 0.0
    return weight_factor(settings, step, steps_per_epoch)

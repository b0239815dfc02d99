"""How well a model does on rows that it is not trained on, as numbers that add up over samples."""

import math

import torch
from ignite.engine import Engine
from ignite.metrics import Accuracy, Loss

from hadamrnn.models.storage import Model
from hadamrnn.training import distributed
from hadamrnn.training.batches import Batch, Batches
from hadamrnn.training.losses import (
    cross_entropy,
    flatten,
    half_squared_error,
    of_classes,
    outputs_of,
)

Pair = tuple[torch.Tensor, torch.Tensor]


def recalled(output: Pair) -> Pair:
    """The logits and targets of the steps that ask for a symbol, whose target is not 0 (copy)."""
    logits, targets = output
    asked = targets > 0
    return logits[asked], targets[asked]


def evaluate(model: Model, batches: Batches, score: str = "accuracy") -> dict[str, float]:
    """Scores of a model over all samples, and all steps where each has a target.

    Parameters
    ----------
    model : Model
        Put into evaluation mode.
    batches : Batches
        The rows.
    score : {"accuracy", "recalled_accuracy", "r2"}
        What is measured besides; "r2" where targets are numbers.

    Returns
    -------
    dict
        "accuracy", "cross_entropy" in nats, and ``score``. Of numbers "cross_entropy" is half the
        squared error and "accuracy" is not a number.
    """
    if batches.targets.is_floating_point():
        return _of_numbers(model, batches)

    def step(engine: Engine, batch: Batch) -> Pair:
        inputs, targets, *facts = batch
        model.eval()
        with torch.no_grad():
            return flatten(*of_classes(model, outputs_of(model, inputs, *facts[:1]), targets))

    engine = Engine(step)
    where = distributed.metric_device()
    Accuracy(device=where).attach(engine, "accuracy")
    Loss(cross_entropy, device=where).attach(engine, "cross_entropy")
    if score == "recalled_accuracy":
        Accuracy(recalled, device=where).attach(engine, score)
    return dict(engine.run(batches).metrics)


@torch.no_grad()
def _of_numbers(model: Model, batches: Batches) -> dict[str, float]:
    """``evaluate`` where targets are numbers."""
    model.eval()
    outputs, targets = [], []
    for inputs, wanted, *facts in batches:
        outputs.append(outputs_of(model, inputs, *facts[:1]))
        targets.append(wanted)
    found, right = torch.cat(outputs), torch.cat(targets)
    error = float(half_squared_error(found, right))
    spread = float(half_squared_error(right.mean(0), right)) or 1.0
    return {"accuracy": math.nan, "cross_entropy": error, "r2": 1 - error / spread}

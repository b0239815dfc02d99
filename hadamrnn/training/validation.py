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
    existing,
    flatten,
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
            outputs = outputs_of(model, inputs, *facts[:1])
            outputs, targets, _ = existing(outputs, targets, *facts[:1])
            return flatten(*of_classes(model, outputs, targets))

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
    sums = torch.zeros(2 + 2 * batches.targets.shape[1], dtype=torch.float64)
    for inputs, wanted, *facts in batches:
        right = wanted.double()
        error = (outputs_of(model, inputs, *facts[:1]).double() - right).square().sum()
        parts = (right.new_tensor([len(right)]), error[None], right.sum(0), right.square().sum(0))
        sums += torch.cat(parts).cpu()
    sums = distributed.total(sums.to(distributed.metric_device())).cpu()
    count, missed = sums[0], float(sums[1])
    first, second = sums[2:].chunk(2)
    spread = float((second - first.square() / count).sum()) or 1.0
    error_of_one = missed / (2 * float(count))
    return {"accuracy": math.nan, "cross_entropy": error_of_one, "r2": 1 - missed / spread}

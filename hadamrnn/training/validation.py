"""How well a model does on rows that it is not trained on, as numbers that add up over samples."""

import torch
from ignite.engine import Engine
from ignite.metrics import Accuracy, Loss

from hadamrnn.models.storage import Model
from hadamrnn.training import distributed
from hadamrnn.training.batches import Batches
from hadamrnn.training.losses import cross_entropy, flatten, of_classes

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
    score : {"accuracy", "recalled_accuracy"}
        What is measured besides.

    Returns
    -------
    dict
        "accuracy", "cross_entropy" in nats, and ``score``.
    """

    def step(engine: Engine, batch: Pair) -> Pair:
        model.eval()
        with torch.no_grad():
            return flatten(*of_classes(model, model(batch[0]), batch[1]))

    engine = Engine(step)
    where = distributed.metric_device()
    Accuracy(device=where).attach(engine, "accuracy")
    Loss(cross_entropy, device=where).attach(engine, "cross_entropy")
    if score == "recalled_accuracy":
        Accuracy(recalled, device=where).attach(engine, score)
    return dict(engine.run(batches).metrics)

"""How many threads a training step is worth: a small one is over before they are awake.

torch wakes all its threads for a product of a few thousand numbers, and where they sleep in between
(stages set OMP_WAIT_POLICY=PASSIVE), each time costs more than the product. The estimate of cost.py
decides, not a measurement, so that a training run repeats exactly.
"""

import torch

from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.models.storage import Model
from hadamrnn.recurrence import cost, dispatch
from hadamrnn.training.batches import Batches

WORTH_SHARING = 5e-3
"""Estimated seconds of a step's recurrence on one thread from which on threads share it; measured
on two vCPUs with AVX2 (docs/method.md)."""


def limit(model: Model, batches: Batches) -> int:
    """Set torch's number of threads to one where a step is small.

    Parameters
    ----------
    model : Model
        Only a HadamClassifier on a CPU without an embedding, whose table is large, is limited.
    batches : Batches
        What it will be trained on.

    Returns
    -------
    int
        torch's number of threads from now on.
    """
    if type(model) is HadamClassifier and model.embedding is None and _on_cpu(batches):
        inputs, _ = batches.sample(1)
        symbols, rnn = inputs.dim() == 2, model.rnn
        work = cost.Work(
            rnn.hidden_size,
            rnn.block_size,
            rnn.input_size,
            inputs.shape[1],
            batches.batch_size,
            symbols,
        )
        krylov_able = not symbols and model.readout == "last" and not model.per_step
        if cost.seconds(dispatch.cheapest(work, krylov_able), work) < WORTH_SHARING:
            torch.set_num_threads(1)
    return torch.get_num_threads()


def _on_cpu(batches: Batches) -> bool:
    return torch.device(batches.device).type == "cpu"

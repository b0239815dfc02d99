"""How many threads a training step is worth: a small one is over before they are awake.

torch wakes all its threads for a product of a few thousand numbers, and where they sleep in between
(stages set OMP_WAIT_POLICY=PASSIVE), each time costs more than the product. The estimate of cost.py
decides, not a measurement, so that a training repeats exactly.
"""

import torch

from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.recurrence import cost, dispatch

WORTH_SHARING = 5e-3
"""Estimated seconds of a step's recurrence on one thread from which on threads share it; measured
on two vCPUs with AVX2 (docs/notebook/speed.md)."""


def limit(model, batches):
    """Set torch's number of threads to one where a step of ``model`` is small; returns the number.

    model : only a HadamClassifier on a CPU without an embedding, whose table is large, is limited.
    batches : Batches that it will be trained on.
    """
    if type(model) is HadamClassifier and model.embedding is None and _on_cpu(batches):
        inputs, _ = batches.sample(1)
        rnn = model.rnn
        work = cost.Work(
            rnn.hidden_size, rnn.block_size, rnn.input_size, inputs.shape[1], batches.batch_size,
            inputs.dim() == 2,
        )  # fmt: skip
        krylov_able = inputs.dim() == 3 and model.readout == "last" and not model.per_step
        if cost.seconds(dispatch.cheapest(work, krylov_able), work) < WORTH_SHARING:
            torch.set_num_threads(1)
    return torch.get_num_threads()


def _on_cpu(batches):
    return torch.device(batches.device).type == "cpu"

"""What is measured on a CUDA device: shapes of the benchmarks, our models and cuDNN's."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from hadamrnn.models.classifier import HadamClassifier


@dataclass(frozen=True)
class Problem:
    """A training problem without its data; ``readout``: "last", "mean" or "every" step."""

    name: str
    hidden_size: int
    steps: int
    input_size: int
    batch: int
    classes: int
    readout: str
    q: int = 1
    fade: int | None = None
    symbols: bool = False


PROBLEMS = (
    Problem("pmnist", 512, 784, 1, 100, 10, "last"),
    Problem("pmnist_1024", 1024, 784, 1, 100, 10, "last"),
    Problem("copy", 128, 1000, 10, 128, 9, "every", symbols=True),
    Problem("har2", 384, 128, 9, 64, 2, "mean", q=6, fade=5),
    Problem("sst2", 128, 128, 2000, 100, 2, "mean", symbols=True),
)
QUICK = tuple(replace(p, hidden_size=16 * p.q, steps=20, batch=4) for p in PROBLEMS)


class Recurrent(nn.Module):
    """cuDNN's network of equal size with a linear layer behind it, relu between them."""

    def __init__(self, kind: str, problem: Problem) -> None:
        super().__init__()
        network = nn.LSTM if kind == "lstm" else nn.RNN
        self.network = network(problem.input_size, problem.hidden_size, batch_first=True)
        self.linear = nn.Linear(problem.hidden_size, problem.classes)
        self.readout = problem.readout

    def forward(self, x: Tensor) -> Tensor:
        states = self.network(x)[0].relu()
        read = {"last": lambda: states[:, -1], "mean": lambda: states.mean(1)}
        return self.linear(read.get(self.readout, lambda: states)())


def build(contender: str, problem: Problem, device: str) -> nn.Module:
    """The model of a contender, seed 0."""
    torch.manual_seed(0)
    if contender in ("lstm", "rnn"):
        return Recurrent(contender, problem).to(device)
    every = problem.readout == "every"
    model = HadamClassifier(
        problem.input_size,
        problem.hidden_size,
        problem.classes,
        problem.q,
        readout="last" if every else problem.readout,
        per_step=every,
        fade=problem.fade,
    )
    model.rnn.backend = "reference" if contender == "step loop" else "auto"
    return model.to(device)


def inputs_of(problem: Problem, contender: str, device: str) -> Tensor:
    """Random inputs, seed 1; one-hot numbers for networks that take no ids."""
    generator = torch.Generator().manual_seed(1)
    size = (problem.batch, problem.steps)
    if not problem.symbols:
        return torch.rand(*size, problem.input_size, generator=generator).to(device)
    ids = torch.randint(problem.input_size, size, generator=generator).to(device)
    if contender in ("lstm", "rnn"):
        return nn.functional.one_hot(ids, problem.input_size).float()
    return ids

"""Time of one training step: forward, loss, backward, Adam, for this project and its peers.

Contenders take turns (A B C A B C ...), so that a change of the machine's load meets all of them;
a ratio is the median over rounds of the ratio within one round. Everybody gets the same batch, the
same loss, the optimizer of ``hadamrnn.training``, and the threads that serve it best (ways).
Before timing, this project and the dense step loop must give the same loss and gradients from the
same weights.
"""

import functools
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.speed import bounds
from benchmarks.speed.peers import DenseStepLoop, DiagonalRecurrence, TorchRecurrent
from hadamrnn.errors import HadamrnnError
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.models.embedding import PADDING
from hadamrnn.prepared import arrays
from hadamrnn.prepared.coding import Coding
from hadamrnn.training.fit import make_optimizer
from hadamrnn.training.losses import cross_entropy

OURS, LOOP = "hadamrnn", "dense_step_loop"
CONTENDERS = (OURS, LOOP, "lstm", "rnn", "diagonal")
UNBOUND = "dense_step_loop_unbound"
"""A kinder loop, for shapes with an embedding; see peers.DenseStepLoop."""
ROUNDS = 5
PREPARED = Path("data/prepared")
TOLERANCE = 1e-3
"""Largest relative difference (2-norm) of a float32 gradient between this project and the loop."""


@dataclass(frozen=True)
class Shape:
    """A training problem without its data.

    input_size : features, or symbols when ``symbols``; embedding : width of the learned table in
    front, 0 for none (symbols are then one-hot). readout is this project's; peers read the last
    step, or every step with ``per_step``. paper_steps : training steps of the paper's recipe.
    task : a prepared benchmark whose first training rows are the batch, where it is there: zeros,
    blanks and common words are what real batches consist of. filled : share of random inputs that
    are not zero, where it is not.
    """

    name: str
    hidden_size: int
    steps: int
    input_size: int
    batch: int
    classes: int
    symbols: bool = False
    embedding: int = 0
    per_step: bool = False
    readout: str = "last"
    paper_steps: int = 0
    task: str = ""
    filled: float = 1.0


MNIST_FILLED = 0.19
"""Share of MNIST's pixels that are not zero, measured on the 50,000 training images."""

SHAPES = (
    Shape(
        "pmnist", 512, 784, 1, 100, 10, paper_steps=200 * 500, task="pmnist", filled=MNIST_FILLED
    ),
    Shape("pmnist_dense", 512, 784, 1, 100, 10),
    Shape(
        "copy",
        128,
        1000,
        10,
        128,
        9,
        symbols=True,
        per_step=True,
        paper_steps=10 * 4000,
        task="copy",
    ),
    Shape("copy_random", 128, 1000, 10, 128, 9, symbols=True, per_step=True),
    Shape(
        "imdb",
        128,
        500,
        10_000,
        100,
        2,
        symbols=True,
        embedding=512,
        paper_steps=30 * 250,
        task="imdb",
    ),
    Shape("har2", 128, 128, 9, 64, 2, readout="mean", task="har2"),
)


def build(contender: str, shape: Shape, readout: str | None = None) -> nn.Module:
    """The model of a contender (a name of CONTENDERS) with seed 0."""
    torch.manual_seed(0)
    features, sizes = shape.embedding or shape.input_size, (shape.hidden_size, shape.classes)
    if contender == OURS:
        return HadamClassifier(
            shape.input_size,
            *sizes,
            readout=readout or shape.readout,
            per_step=shape.per_step,
            embedding_size=shape.embedding or None,
            hold_signs=False,  # peers train theirs
        )
    if contender in (LOOP, UNBOUND):
        unbound = contender == UNBOUND
        model = DenseStepLoop(features, *sizes, per_step=shape.per_step, unbound=unbound)
    elif contender == "diagonal":
        model = DiagonalRecurrence(features, *sizes, per_step=shape.per_step)
    else:
        model = TorchRecurrent(contender, features, *sizes, per_step=shape.per_step)
    if shape.embedding:
        table = nn.Embedding(shape.input_size, shape.embedding, padding_idx=PADDING)
        return nn.Sequential(table, model)
    return model


def _real_rows(shape):
    """(inputs, targets) as tensors: the first training rows of the shape's task; None without."""
    folder = PREPARED / shape.task
    if not shape.task or not (folder / arrays.CARD).is_file():
        return None
    inputs, targets = arrays.load(folder, "train")
    coding = Coding.from_card(arrays.read_card(folder))
    x, y = coding.decode(inputs[: shape.batch], torch), targets[: shape.batch]
    wanted = (shape.batch, shape.steps, *(() if shape.symbols else (shape.input_size,)))
    if tuple(x.shape) != wanted:
        raise HadamrnnError(
            f"{folder}: training rows must have the shape {wanted} of the measurement "
            f"{shape.name!r}; got {tuple(x.shape)}"
        )
    return x, torch.from_numpy(y).long()


def inputs_of(shape: Shape) -> dict[str, Any]:
    """What the inputs are, in words and numbers, for the report."""
    source = "random" if _real_rows(shape) is None else f"training rows of {shape.task}"
    inputs, _ = batch_of(shape, OURS)
    return {"source": source, "share_not_zero": float((inputs != 0).float().mean())}


def batch_of(shape: Shape, contender: str) -> tuple[Tensor, Tensor]:
    """(inputs, targets) as the contender takes them: rows of the task, or random with seed 1.

    Without an embedding, peers get one-hot numbers for symbols, made before the clock starts.
    """
    x, targets = _real_rows(shape) or _random(shape)
    if shape.symbols and contender != OURS and not shape.embedding:
        x = nn.functional.one_hot(x, shape.input_size).float()
    return x, targets


def _random(shape):
    generator = torch.Generator().manual_seed(1)
    size = (shape.batch, shape.steps)
    if shape.symbols:
        x = torch.randint(shape.input_size, size, generator=generator)
    else:
        x = torch.rand(*size, shape.input_size, generator=generator)
        x *= torch.rand(x.shape, generator=generator) < shape.filled
    target_size = size if shape.per_step else size[:1]
    return x, torch.randint(shape.classes, target_size, generator=generator)


def training_step(model: nn.Module, inputs: Tensor, targets: Tensor) -> Callable[[], float]:
    """A function that does one step and returns its seconds."""
    optimizer = make_optimizer(model, SimpleNamespace(learning_rate=1e-3, sign_schedule="constant"))

    def step() -> float:
        start = time.perf_counter()
        loss = cross_entropy(model(inputs), targets)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return time.perf_counter() - start

    return step


def agreement(shape: Shape) -> dict[str, Any]:
    """Compare this project with the dense loop on the same weights; raises if they differ.

    Both read the last step where this project's readout is another one.
    """
    ours, loop = (build(name, shape, readout="last") for name in (OURS, LOOP))
    pairs, theirs = [], loop
    if shape.embedding:
        theirs = loop[1]
        pairs.append((ours.embedding.weight, loop[0].weight))
    pairs += [(ours.rnn.sign_weight, theirs.signs), (ours.rnn.bias, theirs.bias)]
    pairs += [(ours.rnn.input_weight, theirs.input_weight)]
    pairs += [(ours.output_weight, theirs.output_weight), (ours.output_bias, theirs.output_bias)]
    with torch.no_grad():
        for own, other in pairs:
            own.copy_(other)
    losses = []
    for name, model in ((OURS, ours), (LOOP, loop)):
        inputs, targets = batch_of(shape, name)
        loss = cross_entropy(model(inputs), targets)
        loss.backward()
        losses.append(loss.item())
    errors = [float((a.grad - b.grad).norm() / b.grad.norm()) for a, b in pairs]
    errors.append(abs(losses[0] / losses[1] - 1))
    if not max(errors) <= TOLERANCE:  # also catches nan
        raise HadamrnnError(
            f"{shape.name}: loss and gradients must agree with the dense step loop within "
            f"{TOLERANCE}; got {max(errors):.2g}"
        )
    return {"loss": losses[0], "largest_relative_difference": max(errors)}


def alternate(
    steps: Mapping[Any, Callable[[], float]], rounds: int, seconds: float, most: int = 50
) -> dict[Any, list[float]]:
    """{name: [seconds of one step, one per round]}; ``steps``: {name: function -> seconds}.

    In its turn a contender steps for ``seconds``, once at least; the median of the turn counts.
    """
    times = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            turn = [step()]
            while sum(turn) < seconds and len(turn) < most:
                turn.append(step())
            times[name].append(statistics.median(turn))
    return times


def contenders_of(shape: Shape) -> tuple[str, ...]:
    """All that are measured on ``shape``."""
    return (*CONTENDERS, UNBOUND) if shape.embedding else CONTENDERS


def measure(
    shape: Shape,
    steppers: Mapping[str, Callable],
    contenders: Sequence[str] | None = None,
    rounds: int = ROUNDS,
    seconds: float = 0.3,
    progress: Callable[[Any], object] = print,
) -> dict:
    """Times and ratios of all contenders on one shape, each in the way that is best for it.

    steppers : {way: function (shape, contender) -> seconds of one step}, see ways; contenders :
    those of the shape where None. Returns a dictionary for JSON; "way" is the one with the least
    median, "rounds" its times.
    """
    contenders = contenders or contenders_of(shape)
    load = os.getloadavg()[0]
    progress(f"{shape.name}: compare loss and gradients with the dense step loop")
    result = {"shape": asdict(shape), "inputs": inputs_of(shape), "agreement": agreement(shape)}
    steps = {
        (name, way): functools.partial(step, shape, name)
        for name in contenders
        for way, step in steppers.items()
    }
    for (name, way), step in steps.items():
        progress(f"{shape.name}: first step of {name}, {way}: {step():.3g} s")
    times = alternate(steps, rounds, seconds)
    result["contenders"] = {name: _best(name, steppers, times) for name in contenders}
    for name, numbers in result["contenders"].items():
        pairs = zip(numbers["rounds"], result["contenders"][OURS]["rounds"], strict=True)
        numbers["ratio"] = statistics.median(a / b for a, b in pairs)
        milliseconds, way = 1e3 * numbers["seconds"], numbers["way"]
        progress(f"{shape.name}: {name:16} {milliseconds:9.1f} ms  x {numbers['ratio']:.1f}, {way}")
    result["bound"] = _bound(shape, result["contenders"][OURS]["seconds"])
    progress(f"{shape.name}: {OURS} / bound {result['bound']['times_bound']:.1f}")
    if shape.paper_steps:
        minutes = shape.paper_steps * result["contenders"][OURS]["seconds"] / 60
        result["paper_run_minutes"] = minutes
    return result | {"load_before_after": [load, os.getloadavg()[0]]}


def _bound(shape, seconds):
    """The time of the step's operations at the machine's peaks of this moment; see bounds."""
    count = bounds.operations(build(OURS, shape), batch_of(shape, OURS)[0])
    peak = bounds.peaks()
    bound = count.seconds(peak)
    numbers = {"operations": asdict(count), "peaks": asdict(peak), "seconds": bound}
    return numbers | {"times_bound": seconds / bound}


def _best(name, ways, times):
    """The contender's best way, its times there, and the median of every way."""
    medians = {way: statistics.median(times[name, way]) for way in ways}
    way = min(medians, key=medians.get)
    return {"seconds": medians[way], "way": way, "rounds": times[name, way], "ways": medians}

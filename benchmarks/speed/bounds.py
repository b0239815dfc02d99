"""What a training step must cost at least on this machine, and what it costs beside that.

    python -m benchmarks.speed.bounds [--rounds 5] [--only pmnist,copy] [--out results/bounds.json]

A step's bound is the time that its additions and multiply-adds take at the machine's peaks, which
are measured in the same run: those of a large product, and those of a long transform of ours.
Counted is what the recurrence, the read-out and the embedding cannot do without, forward and
backward; quantizers, the loss and Adam are left out, and so is memory. Shapes have the pipeline's
own settings, here with random inputs.
"""

import argparse
import importlib.util
import json
import math
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.machine import commit, machine
from hadamrnn.kernels import library
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.prepared.copy_task import expand_copy
from hadamrnn.training.fit import make_optimizer
from hadamrnn.training.losses import cross_entropy

MNIST_FILLED = 0.19
"""Share of MNIST's pixels that are not zero."""


@dataclass(frozen=True)
class Operations:
    """Additions (of transforms, mostly) and multiply-adds."""

    additions: float
    multiply_adds: float

    def seconds(self, peaks: "Operations") -> float:
        """The time that they take at these rates a second."""
        sums, products = self.additions / peaks.additions, self.multiply_adds / peaks.multiply_adds
        return sums + products


def operations(model: HadamClassifier, inputs: Tensor) -> Operations:
    """Of one training step of ``model`` on (batch, time[, features]) inputs.

    Examples
    --------
    >>> model = HadamClassifier(1, 8, 2)
    >>> operations(model, torch.ones(5, 10, 1))
    Operations(additions=960.0, multiply_adds=1360)
    """
    rnn, (batch, steps) = model.rnn, inputs.shape[:2]
    d, levels, moving = rnn.hidden_size, math.log2(rnn.block_size), rnn.sign_weight.requires_grad
    classes = len(model.output_weight)
    reads = batch * (steps if model.per_step else 1)
    products = 3 * reads * d * classes  # logits, gradients of states and of V
    dense = inputs.is_floating_point()
    if dense and model.readout == "last" and not model.per_step:  # Krylov: vectors, not sequences
        numbers = steps * (inputs.shape[2] + 1) * d
        walks = 3 if moving else 2  # powers, their adjoint, powers again
        filled = int((inputs != 0).sum())
        products += walks * numbers + moving * numbers + 2 * filled * d
        return Operations(walks * numbers * levels, products)
    numbers = batch * steps * d
    sums = 3 * numbers * levels  # states, adjoint, states again
    products += 3 * numbers + moving * numbers
    if dense:  # U x_t twice, gradient of U
        products += 3 * numbers * inputs.shape[2]
    else:
        sums += 3 * numbers
    sums += 2 * numbers * (model.readout != "last" and not model.per_step)
    if model.embedding is not None:
        words = len(inputs.unique())
        products += 3 * words * d * model.embedding.weight.shape[1]
    return Operations(sums, products)


def _best(work: Callable[[], object], seconds: float = 0.2) -> float:
    """The least time of ``work`` in about so many seconds."""
    work()
    times = []
    while not times or sum(times) < seconds:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def peaks(size: int = 1024) -> Operations:
    """Additions and multiply-adds a second, of as many threads as torch uses."""
    left, right = torch.rand(2, size, size)
    products = size**3 / _best(lambda: left @ right)
    return Operations(_transforms(batch=16 * library.lanes("float32")), products)


def _transforms(batch: int, steps: int = 200, d: int = 512) -> float:
    """Additions a second of the scan where all sequences read one symbol: h = scale (S h) + a."""
    array, ids = np.zeros((batch, d), np.float32), np.zeros((batch, steps), np.int32)
    weight, scale = np.zeros((1, d), np.float32), np.full(d, d**-0.5, np.float32)
    sizes = {"batch": batch, "steps": steps, "hidden": d, "block_size": d, "features": 1}
    arrays = {"ids": ids, "weight": weight, "bias": weight[0], "scale": scale, "initial": array}
    tiles = -(-batch // library.lanes("float32"))

    def forward() -> None:
        library.run("forward", tiles, "float32", kind=1, mode=0, **sizes, **arrays, last=array)

    return batch * steps * d * (math.log2(d) + 1) / _best(forward)


def fht_cpu(batch: int = 8192, d: int = 512) -> float | None:
    """Additions a second of the package fht_cpu, the peer of our transform; None without it."""
    if importlib.util.find_spec("fht_cpu") is None:
        return None
    import fht_cpu

    vectors, threads = np.zeros((batch, d), np.float32), torch.get_num_threads()
    time_of_one = _best(lambda: fht_cpu.fht(vectors, num_threads=threads))
    return batch * d * math.log2(d) / time_of_one


@dataclass(frozen=True)
class Shape:
    """A benchmark's training problem as shipped; ``options`` are those of HadamClassifier."""

    name: str
    input_size: int
    hidden_size: int
    classes: int
    steps: int
    batch: int
    filled: float = 1.0
    options: dict[str, Any] = field(default_factory=dict)

    def model(self) -> HadamClassifier:
        torch.manual_seed(0)
        sizes = self.input_size, self.hidden_size, self.classes
        return HadamClassifier(*sizes, **self.options)

    def batch_of(self) -> tuple[Tensor, Tensor]:
        """(inputs, targets), seed 1."""
        generator = torch.Generator().manual_seed(1)
        size = (self.batch, self.steps)
        if self.options.get("per_step"):
            symbols = torch.randint(1, 9, (self.batch, 10), generator=generator)
            x, y = expand_copy(symbols.numpy().astype(np.int64), self.steps)
            return torch.from_numpy(x).long(), torch.from_numpy(y).long()
        targets = torch.randint(self.classes, size[:1], generator=generator)
        if "embedding_size" in self.options:  # common words are frequent
            ranks = torch.rand(size, generator=generator) ** 3
            return (ranks * self.input_size).long(), targets
        x = torch.rand(*size, self.input_size, generator=generator)
        return x * (torch.rand(x.shape, generator=generator) < self.filled), targets


def _pmnist(name: str, hidden_size: int) -> Shape:
    options = {"output_weight_bits": 2, "quantizer": "lsq"}
    return Shape(name, 1, hidden_size, 10, 784, 100, MNIST_FILLED, options)


_SENSORS = {"readout": "log_mean", "fade": 4}
SHAPES = (
    _pmnist("pmnist_512", 512),
    _pmnist("pmnist_1024", 1024),
    _pmnist("pmnist_2048", 2048),
    Shape("copy", 10, 128, 9, 1000, 128, options={"per_step": True}),
    Shape("har2", 9, 384, 6, 128, 64, options=_SENSORS | {"q": 12}),
    Shape("dsa19", 45, 512, 19, 125, 64, options=_SENSORS | {"q": 8, "weight_bits": 2}),
    Shape("imdb", 10_000, 128, 2, 500, 100, options={"embedding_size": 512, "hold_signs": False}),
    Shape("sst2", 30_522, 128, 2, 128, 100, options={"embedding_size": 256, "readout": "mean"}),
)


def stepper(model: HadamClassifier, inputs: Tensor, targets: Tensor) -> Callable[[], None]:
    """A training step as the pipeline makes it."""
    schedule = "constant" if model.rnn.sign_weight.requires_grad else "hold"
    settings = SimpleNamespace(learning_rate=1e-3, sign_schedule=schedule)
    optimizer = make_optimizer(model, settings)

    def step() -> None:
        loss = cross_entropy(model(inputs), targets)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return step


def measure(shape: Shape, rounds: int, seconds: float, peak: Operations) -> dict[str, Any]:
    """A step's least time in every round, their median, and both beside the bound."""
    model = shape.model()
    inputs, targets = shape.batch_of()
    step = stepper(model, inputs, targets)
    times = [_best(step, seconds) for _ in range(rounds)]
    count = operations(model, inputs)
    bound, median = count.seconds(peak), statistics.median(times)
    result = {"seconds": median, "best": min(times), "rounds": times, **asdict(count)}
    return result | {"bound": bound, "times_bound": median / bound, "options": shape.options}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="bounds", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a shape in a round")
    parser.add_argument("--only", default=",".join(shape.name for shape in SHAPES))
    parser.add_argument("--out", type=Path, help="JSON to write")
    options = parser.parse_args(arguments)
    chosen = options.only.split(",")
    if not set(chosen) <= {shape.name for shape in SHAPES}:
        parser.error(f"--only: must name shapes; got {options.only}")
    conditions = {"machine": machine(), "commit": commit(), "load_before": os.getloadavg()}
    peak = peaks()
    peer = fht_cpu()
    print(f"{peak.additions / 1e9:.0f} G additions, {peak.multiply_adds / 1e9:.0f} G multiply-adds")
    if peer is not None:
        print(f"fht_cpu: {peer / 1e9:.0f} G additions")
    results = {}
    for shape in SHAPES:
        if shape.name in chosen:
            found = measure(shape, options.rounds, options.seconds, peak)
            results[shape.name] = found
            print(
                f"{shape.name:12} {1e3 * found['seconds']:8.2f} ms, best {1e3 * found['best']:8.2f}"
                f", bound {1e3 * found['bound']:7.3f}, x {found['times_bound']:.1f}",
                flush=True,
            )
    conditions["load_after"] = os.getloadavg()
    if options.out:
        rates = asdict(peak) | {"fht_cpu_additions": peer}
        text = json.dumps({"conditions": conditions, "peaks": rates, "shapes": results}, indent=1)
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""What one round of each loop takes on each target: hadamrnn/targets/costs.json.

    python -m benchmarks.targets.fit_costs [TARGET ...]

emulates models of many shapes, about five minutes, and finds the least-squares price of every term
of ``hadamrnn.targets.costs``, none below zero. To be run again when the C runtime changes;
tests/targets/test_bench.py says when.
"""

import itertools
import json
import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy.optimize import nnls

from hadamrnn import files
from hadamrnn.errors import HadamrnnError, as_sentences
from hadamrnn.integer import IntegerModel, load
from hadamrnn.integer.c_inputs import takes_readings
from hadamrnn.targets import costs, emulation
from hadamrnn.targets.processors import TARGETS, Target
from tests.random_models import random_inputs, random_model, random_readings, recorded

STEPS, SEQUENCES = 6, 1
SHIPPED = ("har2", "pdigits", "copy")
PAPER = ("har2-uno-seed1", "har2-small-seed1", "dsa19-small-seed1")


def models() -> Iterator[IntegerModel]:
    """Exported models, and random ones of the shapes that small processors are given."""
    yield from (load(f"shipped/{name}/model.hrnn") for name in SHIPPED)
    yield from (load(f"results/paper/{name}.hrnn") for name in PAPER)
    rng = np.random.default_rng(1)
    shapes = [(64, 1, 10), (128, 1, 9), (64, 2, 10), (32, 6, 11), (256, 1, 8), (16, 8, 12)]
    shapes += [(64, 3, 12), (128, 2, 12), (256, 1, 12)]  # transforms of 32 bits
    readouts = itertools.cycle(["mean", "log_mean", "last"])
    inputs = itertools.cycle([1, 3, 9, 18, 6, 45])
    bits = itertools.cycle([4, 2, 4, 3])
    for number, (shape, fade) in enumerate(itertools.product(shapes, [0, 4, 0])):
        yield random_model(
            rng,
            block_size=shape[0],
            q=shape[1],
            activation_bits=shape[2],
            readout=next(readouts),
            input_size=next(inputs),
            bits=next(bits),
            classes=2 + number % 9,
            fade=fade,
            max_steps=128,
            multiplied=number % 5 == 0,
            bias_shift=4,
        )
    for m, q, a, features, fade in ((64, 2, 10, 8, 0), (32, 3, 11, 10, 4), (128, 2, 9, 1, 5)):
        shape = {"block_size": m, "q": q, "activation_bits": a, "input_size": features}
        yield random_model(rng, **shape, bits=4, fade=fade, readout="mean", bias_shift=4)
    yield random_model(rng, block_size=64, q=1, activation_bits=10, bits=8, input_size=6)
    yield random_model(rng, block_size=128, q=1, activation_bits=12, bits=6, input_size=3)
    for features, bent in ((3, True), (18, True), (12, False), (45, False)):
        shape = {"block_size": 64, "q": 2, "activation_bits": 10, "input_size": features}
        model = recorded(rng, random_model(rng, **shape, bits=4))
        if model.recording and not bent:
            straight = np.zeros_like(model.recording.knee)
            recording = replace(model.recording, knee=straight, root_bits=straight)
            model = replace(model, recording=recording)
        yield model
    for kind, size in itertools.product(["symbol"], [10, 40]):
        yield random_model(rng, block_size=64, q=2, activation_bits=10, kind=kind, input_size=size)


def measured(target: Target, model: IntegerModel, raw: bool = False) -> dict[str, int] | None:
    """What emulation says, or None where the model does not fit."""
    if costs.state_bytes(model, target.avr) > 0.8 * target.ram_bytes:
        return None
    make = random_readings if raw else random_inputs
    x = make(np.random.default_rng(0), model, SEQUENCES, steps=STEPS)
    checksums = model.trace(model.quantize_raw(x) if raw else x)[1]
    try:
        return emulation.measure(target, model, x, checksums, raw)
    except HadamrnnError:  # a stack that does not fit ends the program
        return None


def prices(
    rounds: list[costs.Terms], counts: list[float], wholes: list[float] | None = None
) -> dict[str, float]:
    """Least squares of relative errors: the price of each term, none below zero.

    Parameters
    ----------
    rounds : list of mapping
        How often each term occurs, of each model.
    counts : list of float
        What is to be explained.
    wholes : list of float, optional
        What errors are relative to; without, ``counts``.
    """
    names = sorted(set().union(*rounds))
    scale = 1 / np.array(wholes or counts)
    matrix = np.array([[terms.get(name, 0) for name in names] for terms in rounds])
    found = nnls(matrix * scale[:, None], np.array(counts) * scale)[0]
    error = np.abs((matrix @ found - counts) * scale)
    print(f"    {len(counts)} models, largest error {100 * error.max():.1f} %")
    return {name: round(float(value), 4) for name, value in zip(names, found, strict=True) if value}


def fit(target: Target, chosen: list[IntegerModel]) -> dict[str, dict[str, float]]:
    """Prices of a target for step, logits, code, stack, static memory, and of coding readings."""
    rows = [(model, measured(target, model)) for model in chosen]
    pairs = [(model, row) for model, row in rows if row]
    keys = {"step": "step_median", "logits": "logits_median"}
    keys |= {"code": "flash_text_bytes", "stack": "stack_bytes"}
    table = {}
    for name, key in keys.items():
        print(f"  {name}")
        rounds = [costs.TERMS[name](model, target.form) for model, _ in pairs]
        table[name] = prices(rounds, [row[key] for _, row in pairs])
    recorded_ones = [(model, row) for model, row in pairs if takes_readings(model)]
    both = [(model, row, measured(target, model, raw=True)) for model, row in recorded_ones]
    for name, (of, terms) in costs.MORE.items():
        print(f"  {name}")
        key = keys[of]
        there = [(model, row[key], raw[key]) for model, row, raw in both if raw]
        rounds = [terms(model, target.form) for model, *_ in there]
        more = [whole - plain for _, plain, whole in there]
        table[name] = prices(rounds, more, [whole for *_, whole in there])
    beyond = [
        row["ram_static_bytes"] - costs.state_bytes(model, target.avr) for model, row in pairs
    ]
    return table | {"static": {"program": float(np.median(beyond))}}


def main() -> None:
    """All targets, or those that are named, whose prices replace the ones that were there."""
    chosen = list(models())
    names = sys.argv[1:]
    table = json.loads(costs.TABLE.read_text(encoding="utf-8")) if names else {}
    for name in names or TARGETS:
        print(name, flush=True)
        table[name] = fit(TARGETS[name], chosen)
    files.write_json(costs.TABLE, table)


if __name__ == "__main__":
    with as_sentences():
        main()

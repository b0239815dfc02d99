"""Random integer models of any shape, with the largest proven number of fraction bits."""

import itertools
from dataclasses import replace

import numpy as np

from hadamrnn.integer.model import IntegerModel
from hadamrnn.integer.proof import (
    INT32_MAX,
    accumulator_bound,
    block_scale,
    input_bounds,
    smallest_sum_shift,
    state_limit,
)
from hadamrnn.integer.recording import Recording

STEPS = 12


def random_model(
    rng,
    block_size=8,
    q=2,
    input_size=3,
    classes=4,
    activation_bits=8,
    bits=4,
    input_weight_bits=None,
    ternary=False,
    kind="dense",
    readout="last",
    per_step=False,
    input_bits=8,
    max_steps=STEPS,
    bias_shift=0,
    fade=0,
    bias_bits=16,
    multiplied=False,
    **fields,
):
    """A model whose states move over their whole range; ``fields`` replace any field.

    Of kind "embedding" it reads symbols, which stand for input_size numbers.
    """
    d = block_size * q
    u_bits = input_weight_bits or bits

    def weights(shape, width):
        limit = 1 << (width - 1)
        return rng.integers(-1, 2, shape) if ternary else rng.integers(-limit, limit, shape)

    u, v = weights((d, input_size), u_bits), weights((classes, d), bits)
    c = rng.integers(-1000, 1000, classes)
    bounds = input_bounds(u, kind == "symbol", input_bits)
    for fraction in range(20, block_scale(block_size)[0] + max(fade - 1, 0), -1):
        unit = (1 << fraction) * state_limit(activation_bits)
        multiplier = max(1, int(unit / 2 / max(1, max(bounds))))
        b = rng.integers(-unit // 4, unit // 4 + 1, d) >> bias_shift
        b = np.clip(b, -(1 << (bias_bits - 1)), (1 << (bias_bits - 1)) - 1)
        if (
            accumulator_bound(
                block_size, activation_bits, fraction, bounds, multiplier, b, bias_shift, fade
            )
            <= INT32_MAX
        ):
            break
    values = {
        "name": "random",
        "input_kind": "dense" if kind == "dense" else "symbol",
        "readout": readout,
        "per_step": per_step,
        "block_size": block_size,
        "weight_bits": bits,
        "input_weight_bits": u_bits,
        "activation_bits": activation_bits,
        "input_bits": input_bits,
        "fraction_bits": fraction,
        "bias_shift": bias_shift,
        "input_multiplier": multiplier,
        "max_steps": max_steps,
        "sum_shift": 0
        if readout == "log_mean"
        else smallest_sum_shift(v, c, readout, activation_bits, max_steps),
        "log_floor": int(rng.integers(1, 9)) if readout == "log_mean" else 0,
        "input_scale": 1 / 255,
        "input_zero_point": -128,
        "state_scale": 0.01,
        "logit_scale": 0.001,
        "signs": rng.choice([-1, 1], d),
        "input_weight": u,
        "bias": b,
        "output_weight": v,
        "output_bias": c,
        "fade": fade,
        "bias_bits": bias_bits,
        "row_multipliers": rng.integers(0, 1 << 15, classes) if multiplied else None,
    }
    if kind == "embedding":
        values["embedding"] = weights((int(rng.integers(1, 300)), input_size), input_bits)
    return IntegerModel(**(values | fields))


def random_recording(rng, model):
    """A recording of any coding that fits 32 bits, for ``model``."""
    symbol = model.input_kind == "symbol"
    divisors = [n for n in (1, 2, 3) if model.input_size % n == 0]
    frame = 1 if symbol else int(rng.choice(divisors))
    channels = 0 if symbol else model.input_size // frame
    knee = rng.integers(1, 1 << int(rng.integers(1, 17)), channels) * rng.integers(0, 2, channels)
    return Recording(
        unit=rng.choice([0.001, 0.5, 2.0], channels),
        offset=rng.choice([0.0, -100.0], channels),
        zero=rng.integers(-2000, 2000, channels),
        multiplier=rng.integers(1, 20000, channels),
        shift=rng.integers(1, 25, channels),
        knee=knee,
        root_bits=np.where(knee > 0, rng.integers(0, 30, channels), 0),
        frame=frame,
        rate_hz=float(rng.choice([0.0, 50.0])),
        window=int(rng.integers(0, 200)),
        hop=int(rng.integers(0, 100)),
        parameters_hash=bytes(rng.integers(0, 256, 8, dtype=np.uint8)),
        data_hash=bytes(rng.integers(0, 256, 8, dtype=np.uint8)),
    )


def recorded(rng, model):
    """``model`` with a random recording."""
    return replace(model, recording=random_recording(rng, model))


def random_inputs(rng, model, sequences=3, steps=STEPS):
    """Inputs over the model's whole range: int8 features or uint16 symbols."""
    if model.input_kind == "symbol":
        return rng.integers(0, model.input_size, (sequences, steps)).astype(np.uint16)
    half = 1 << (model.input_bits - 1)
    shape = (sequences, steps, model.input_size)
    return rng.integers(-half, half, shape).astype(np.int8)


def random_readings(rng, model, sequences=3, steps=STEPS):
    """Readings over the whole range of the recorder, its ends and what lies beyond included."""
    known, shape = model.recording, (sequences, steps, model.input_size)
    counts = rng.integers(-33000, 33000, shape) >> rng.integers(0, 16, shape)
    unit, offset = (np.tile(v, known.frame) for v in (known.unit, known.offset))
    return unit * counts + offset


def many_models(seed=0):
    """A model for every block size 2 to 512 with each input kind and readout; widths rotate."""
    rng = np.random.default_rng(seed)
    blocks = [2**i for i in range(1, 10)]
    readouts = [("last", False), ("last", True), ("mean", False), ("log_mean", False)]
    shapes = itertools.chain(
        itertools.product(blocks, ("dense", "symbol"), readouts),
        itertools.product(blocks, ("embedding",), readouts),
    )
    for index, (m, kind, (readout, each)) in enumerate(shapes):
        yield random_model(
            rng,
            block_size=m,
            q=1 + index % (4 if m < 128 else 2),
            input_size=int(rng.integers(1, 6)),
            classes=int(rng.integers(1, 12)),
            activation_bits=4 + index % (12 if m == 512 else 13),
            bits=2 + index % 7,
            input_weight_bits=int(rng.integers(2, 17)) if index % 5 == 0 else None,
            ternary=index % 7 == 0,
            kind=kind,
            readout=readout,
            per_step=each,
            input_bits=2 + index % 7,
            bias_shift=index % 4,
            max_steps=[STEPS, 1000, 70000][index % 3],
            fade=[0, 0, 1, 5][index // 4 % 4],
            bias_bits=[16, 16, 6, 9][index // 2 % 4],
            multiplied=index % 5 == 2,
        )

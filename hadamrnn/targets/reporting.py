"""A model on this computer and on every emulated target: what device.json holds, and its lines."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn.integer import IntegerModel, c_header
from hadamrnn.targets import emulation, host
from hadamrnn.targets.processors import TARGETS, Target

STEPS = 12_800
"""Per target in a report, so that simulators need minutes."""
FEWEST, MOST = 10, 100
"""Sequences of a report on a target."""
SIZES = ("hidden_size", "block_size", "input_size", "output_size")
BITS = ("weight_bits", "activation_bits", "input_bits", "transform_bits")
FACTS = ("name", *SIZES, "readout", *BITS)


def spread(inputs: np.ndarray) -> np.ndarray:
    """The sequences of ``inputs`` that a report runs on a target: 10 to 100, spread evenly.

    >>> len(spread(np.zeros((2947, 128, 9)))), len(spread(np.zeros((2000, 1000))))
    (100, 12)
    """
    count = max(FEWEST, min(MOST, STEPS // inputs.shape[1]))
    return inputs[:: max(1, len(inputs) // count)][:count]


def report(
    model: IntegerModel,
    inputs: np.ndarray,
    targets: Iterable[str] = TARGETS,
    raw: bool = False,
) -> dict[str, Any]:
    """The model's facts, C of all sequences on this computer, and what each target measured.

    Parameters
    ----------
    model : IntegerModel
        What runs.
    inputs : (sequences, time, features) or (sequences, time) integers
        As ``model.quantize_input`` gives, or readings.
    targets : iterable of str
        Names among ``processors.TARGETS``.
    raw : bool
        Whether inputs are readings in the recorder's units, which C codes (``hr_step_raw``).

    Returns
    -------
    dict
        "model": FACTS; "host": of all sequences; "targets": ``measure_all`` of ``spread(inputs)``.
    """
    x_int = model.quantize_raw(inputs) if raw else inputs
    computer: dict[str, Any] = {**host.parity(model, x_int, trace=True)}
    computer["us_per_step"] = round(host.latency_us(model, x_int[0]) / x_int.shape[1], 4)
    return {
        "model": {name: getattr(model, name) for name in FACTS},
        "host": computer,
        "targets": measure_all(model, spread(inputs), targets, raw),
    }


def lines(report: dict[str, Any]) -> Iterator[str]:
    """A report as text, one line for this computer and one for each target."""
    computer = report["host"]
    yield (
        f"this computer: {computer['us_per_step']} us a step, "
        f"{computer['c_mismatches']} of {computer['sequences']} sequences differ"
    )
    for name, result in report["targets"].items():
        if "not_run" in result:
            yield f"{name}: not run, {result['not_run']}"
            continue
        time = f" ({result['ms_per_step']} ms)" if "ms_per_step" in result else ""
        yield (
            f"{name}: {result['step_median']} {result['unit']} a step{time}, "
            f"{result['flash_bytes']} bytes of flash, {result['ram_bytes']} of RAM, "
            f"{result['mismatches']} of {result['sequences']} sequences differ"
        )


def measure_all(
    model: IntegerModel,
    inputs: npt.ArrayLike,
    targets: Iterable[str] = TARGETS,
    raw: bool = False,
) -> dict[str, dict[str, Any]]:
    """{name: ``emulation.measure`` of it} for every target, or {"not_run": why, as text}.

    Not run is a target whose memory the state alone exceeds, or whose tools are not installed.
    """
    checksums = model.trace(model.quantize_raw(inputs) if raw else inputs)[1]
    results = {}
    for name in targets:
        target = TARGETS[name]
        reason = _reason_not_to_run(target, model)
        if reason:
            results[name] = {"not_run": reason}
        else:
            results[name] = emulation.measure(target, model, inputs, checksums, raw)
    return results


def _reason_not_to_run(target: Target, model: IntegerModel) -> str:
    needed, missing = c_header.state_bytes(model), target.missing()
    if target.avr and model.transform_bits == 16:  # in place, see c_header.state_bytes
        needed -= 2 * model.hidden_size - 4
    if needed > target.ram_bytes:
        return f"the state takes {needed} bytes, its memory has {target.ram_bytes}"
    return f"missing {', '.join(missing)}" if missing else ""

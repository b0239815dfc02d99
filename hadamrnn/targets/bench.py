"""What a model costs on a target: emulated where that is possible, else counted."""

import dataclasses
from dataclasses import dataclass

import numpy as np

from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import IntegerModel, c_inputs
from hadamrnn.integer.recording import HIGHEST, LOWEST
from hadamrnn.targets import costs, emulation
from hadamrnn.targets.processors import Target

STEPS = 16
"""Of the one random sequence that is emulated; a step takes about the same for any input."""


@dataclass(frozen=True)
class Cost:
    """What a model takes on a target.

    Attributes
    ----------
    source : str
        "emulated" or "counted".
    unit : str
        Of ``step`` and ``logits``: "cycles" or "instructions".
    step, logits : int
        What one ``hr_step`` and one ``hr_logits`` take.
    ms : float or None
        Milliseconds of a step at the target's clock, where the unit is cycles.
    flash_bytes, table_bytes : int
        Code and tables; the tables alone.
    ram_bytes, stack_bytes : int
        Variables and the deepest stack; the stack alone.
    fits : bool
        Whether the RAM of the target suffices. What does not fit is counted, not emulated.
    raw : Cost or None
        The same with ``hr_step_raw`` in place of ``hr_step``, which codes raw readings first; None
        where the model does not take any.
    """

    source: str
    unit: str
    step: int
    logits: int
    ms: float | None
    flash_bytes: int
    table_bytes: int
    ram_bytes: int
    stack_bytes: int
    fits: bool
    raw: "Cost | None" = None


def _inputs(model: IntegerModel, raw: bool) -> np.ndarray:
    """Random inputs of one sequence, or readings of every magnitude."""
    least, most = c_inputs.input_range(model)
    steps = STEPS if model.readout == "last" else min(STEPS, model.max_steps)
    shape = (1, steps) if model.input_kind == "symbol" else (1, steps, model.input_size)
    rng = np.random.default_rng(0)
    if raw and (known := model.recording) is not None:
        unit, offset = (np.tile(v, known.frame) for v in (known.unit, known.offset))
        counts = rng.integers(LOWEST, HIGHEST + 1, shape) >> rng.integers(0, 16, shape)
        readings: np.ndarray = unit * counts + offset
        return readings
    return rng.integers(least, most + 1, shape)


def cost(model: IntegerModel, target: Target, counted: bool = False) -> Cost:
    """Flash, RAM, stack and time of a model on a target.

    Parameters
    ----------
    model : IntegerModel
        What would run.
    target : Target
        Where; see ``processors.TARGETS``.
    counted : bool
        Whether to count even where the target's emulator is installed.

    Returns
    -------
    Cost
        By emulation, in which every integer is compared with Python, else by ``costs.counted``.

    Raises
    ------
    HadamrnnError
        If the emulated program computes other integers.
    """
    plain = _cost(model, target, counted, raw=False)
    if not c_inputs.takes_readings(model):
        return plain
    return dataclasses.replace(plain, raw=_cost(model, target, counted, raw=True))


def _cost(model: IntegerModel, target: Target, counted: bool, raw: bool) -> Cost:
    found = costs.counted(target.name, model, target.form, raw)
    fits = found["ram_bytes"] <= target.ram_bytes
    source = "counted"
    if fits and not counted and not target.missing():
        x = _inputs(model, raw)
        checksums = model.trace(model.quantize_raw(x) if raw else x)[1]
        found = emulation.measure(target, model, x, checksums, raw)
        source = "emulated"
        if found["mismatches"]:
            raise HadamrnnError(
                f"{target.name}: must compute the integers of {model.name!r}; got others"
            )
    return Cost(
        source=source,
        unit=target.unit,
        step=found["step_median"],
        logits=found["logits_median"],
        ms=1000 * found["step_median"] / target.clock_hz if target.clock_hz else None,
        flash_bytes=found["flash_bytes"],
        table_bytes=found["flash_table_bytes"],
        ram_bytes=found["ram_bytes"],
        stack_bytes=found["stack_bytes"],
        fits=fits,
    )

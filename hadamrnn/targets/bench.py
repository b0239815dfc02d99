"""What a model costs on a target: emulated where that is possible, else counted."""

from dataclasses import dataclass

import numpy as np

from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import IntegerModel, c_inputs
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


def _inputs(model: IntegerModel) -> np.ndarray:
    least, most = c_inputs.input_range(model)
    steps = STEPS if model.readout == "last" else min(STEPS, model.max_steps)
    shape = (1, steps) if model.input_kind == "symbol" else (1, steps, model.input_size)
    return np.random.default_rng(0).integers(least, most + 1, shape)


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
    found = costs.counted(target.name, model, target.form)
    fits = found["ram_bytes"] <= target.ram_bytes
    source = "counted"
    if fits and not counted and not target.missing():
        x = _inputs(model)
        found = emulation.measure(target, model, x, model.trace(x)[1])
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

"""From a fitted classifier to a folder for a device."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy.typing as npt

from hadamrnn.estimators.sequences import Sequences
from hadamrnn.export import calibration, checked, from_torch
from hadamrnn.export.freeze import freeze
from hadamrnn.export.recorded import recording
from hadamrnn.export.spec import IntegerSpec
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.prepared import lengths
from hadamrnn.prepared.coding import Coding
from hadamrnn.prepared.numbers import Units


def write(
    module: HadamClassifier,
    coding: Coding,
    found: Sequences,
    targets: npt.NDArray[Any],
    class_names: tuple[str, ...],
    name: str,
    folder: str | Path,
    units: Units | None = None,
) -> checked.Exported:
    """Freeze a classifier, compare its forms and write them; the model takes readings as recorded.

    Parameters
    ----------
    module : HadamClassifier
        Trained, on the CPU.
    coding : Coding
        Of the readings that it was trained on.
    found : Sequences
        Training sequences, as recorded.
    targets : (n,) array of int, or (n, outputs) array of float
        Their class ids, or their numbers as the module learned them.
    class_names : tuple of str
        In the order of the ids; of numbers empty.
    name : str
        Of the model.
    folder : str or Path
        Made if it is not there.
    units : Units, optional
        Of numbers, as users have them.

    Returns
    -------
    Exported

    Raises
    ------
    HadamrnnError
        A width cannot be proven, or C or ONNX differ.
    """
    stored = lengths.continued(found.values, found.lengths)
    readings = coding.decode(stored)
    spec = IntegerSpec(
        name=name,
        activation_bits=12,
        input_kind="dense",
        readout=module.readout,
        max_steps=readings.shape[1],
        class_names=class_names,
    )
    span = calibration.input_range(stored, coding)
    weights = from_torch.frozen_weights(module)
    if units is not None:
        weights = weights.in_units(units.zero, units.scale)
        targets = units.real(targets)
    model = freeze(weights, readings, targets, spec, span)
    quantization = model.input_scale, model.input_zero_point
    facts = {"window": readings.shape[1], "numbers": units is not None}
    known = recording(coding, stored, quantization, **facts)
    model = dataclasses.replace(model, recording=known)
    sequences = [coding.decode(one) for one in found.each()]
    return checked.write(module, model, folder, sequences, units)

"""The integer model of a benchmark: trained weights and prepared training data put together."""

from pathlib import Path
from typing import Any

from hadamrnn.export import calibration, from_torch
from hadamrnn.export.freeze import freeze
from hadamrnn.export.spec import IntegerSpec
from hadamrnn.integer import IntegerModel
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.params import Settings
from hadamrnn.prepared import arrays
from hadamrnn.prepared.coding import Coding


def freeze_prepared(
    settings: Settings, folder: Path, model: HadamClassifier, card: dict[str, Any]
) -> IntegerModel:
    """The integer model of a trained torch model, calibrated on its prepared training data.

    Parameters
    ----------
    settings : Settings
        Of the benchmark.
    folder : Path
        Prepared data.
    model : HadamClassifier
        Trained on it.
    card : dict
        card.json of the folder.

    Returns
    -------
    IntegerModel
        Proven.

    Raises
    ------
    HadamrnnError
        For data that is not as the card says, or a width that cannot be proven.
    """
    finer = model.class_of is not None
    inputs, targets = arrays.load(folder, "train", finer)
    names = (arrays.finer_classes(card) if finer else card["output"])["names"]
    coding = Coding.from_card(card)
    span = calibration.input_range(inputs, coding) if coding.kind == "dense" else None
    chosen = calibration.choose(len(inputs))
    spec = IntegerSpec(
        name=settings.benchmark,
        activation_bits=settings.activation_bits,
        input_bits=settings.input_bits,
        bias_bits=settings.bias_bits,
        input_kind=coding.kind,
        readout=model.readout,
        per_step=model.per_step,
        max_steps=card["steps"],
        class_names=tuple(names),
    )
    weights = from_torch.frozen_weights(model)
    return freeze(weights, coding.decode(inputs[chosen]), targets[chosen], spec, span)

"""The integer model of a benchmark: trained weights and prepared training data put together."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hadamrnn import files
from hadamrnn.export import calibration, from_torch
from hadamrnn.export.freeze import freeze
from hadamrnn.export.recorded import recording
from hadamrnn.export.spec import IntegerSpec
from hadamrnn.integer import IntegerModel
from hadamrnn.integer.recording import HASH_BYTES
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.params import Settings
from hadamrnn.prepared import arrays, lengths
from hadamrnn.prepared.coding import Coding
from hadamrnn.prepared.numbers import target_units


def freeze_prepared(
    settings: Settings, folder: Path, classifier: HadamClassifier, card: dict[str, Any]
) -> IntegerModel:
    """The integer model of a trained torch model, calibrated on its prepared training data.

    It says what raw readings are: those that the prepared folder stores.

    Parameters
    ----------
    settings : Settings
        Of the benchmark.
    folder : Path
        Prepared data.
    classifier : HadamClassifier
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
        For data that is not as the card says, a width that cannot be proven, or a coding of
        readings that 32-bit integers cannot follow.
    """
    finer = classifier.class_of is not None
    inputs, targets = arrays.load(folder, "train", finer)
    steps = lengths.read(folder, "train", card)
    inputs = lengths.continued(inputs, steps)
    if classifier.per_step:
        targets = lengths.continued(targets, steps)
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
        readout=classifier.readout,
        per_step=classifier.per_step,
        max_steps=card["steps"],
        class_names=tuple(names),
    )
    weights, units = from_torch.frozen_weights(classifier), target_units(card)
    if units is not None:
        weights = weights.in_units(units.zero, units.scale)
    model = freeze(weights, coding.decode(inputs[chosen]), targets[chosen], spec, span)
    known = recording(
        coding,
        inputs,
        (model.input_scale, model.input_zero_point),
        numbers=units is not None,
        window=card["steps"],
        parameters_hash=_hash(
            {**vars(settings), "train": vars(settings.train), "data": dict(settings.data)}
            | {"device": None}
        ),
        data_hash=_hash(card["checksums"]),
    )
    return dataclasses.replace(model, recording=known)


def _hash(content: Mapping[str, Any]) -> bytes:
    """The first bytes of the SHA-256 of ``content`` as JSON."""
    text = json.dumps(content, sort_keys=True, default=str)
    return bytes.fromhex(files.checksum(text.encode()))[:HASH_BYTES]

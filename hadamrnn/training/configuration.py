"""What model a benchmark's settings and data ask for, as ``models.storage.build`` wants it."""

from collections.abc import Mapping
from typing import Any

from hadamrnn.errors import HadamrnnError
from hadamrnn.params import Settings
from hadamrnn.prepared.arrays import finer_classes


def configuration(settings: Settings, card: Mapping[str, Any]) -> dict[str, Any]:
    """The model's name and its constructor's arguments.

    Parameters
    ----------
    settings : Settings
        Of the benchmark.
    card : mapping
        card.json of its prepared data.

    Returns
    -------
    dict
        "model", "arguments", and where asked for "class_of" (the class of each finer one,
        metrics.merge) and "state_noise_bits" (models.state_noise).

    Raises
    ------
    HadamrnnError
        For an embedding of inputs that are numbers, not symbols, and for finer classes of a data
        set that has none.
    """
    recipe, size = settings.train, card["output"]["size"]
    if recipe.embedding_size is not None and card["input"]["kind"] != "symbol":
        raise HadamrnnError(
            f"embedding_size: must be null for {settings.benchmark}, whose inputs are numbers and "
            f"not symbols; got {recipe.embedding_size}"
        )
    class_of = finer_classes(card)["class_of"] if recipe.finer_classes else None
    arguments = {
        "input_size": card["input"]["size"],
        "hidden_size": recipe.hidden_size,
        "output_size": size if class_of is None else len(class_of),
        "q": settings.q,
        "weight_bits": settings.weight_bits,
        "readout": "last" if card["output"]["per_step"] else settings.readout,
        "per_step": card["output"]["per_step"],
        "embedding_size": recipe.embedding_size,
    }
    if settings.fade is not None:
        arguments["fade"] = settings.fade
    if settings.model == "hadamrnn":
        arguments |= _parts(settings)
    some = {"class_of": class_of, "state_noise_bits": recipe.state_noise_bits}
    some = {name: value for name, value in some.items() if value is not None}
    return {"model": settings.model, "arguments": arguments, **some}


def _parts(settings: Settings) -> dict[str, Any]:
    """How U, V and an embedding are quantized where that differs from the default."""
    found: dict[str, Any] = {}
    for key in ("input_weight_bits", "output_weight_bits"):
        if getattr(settings, key) != settings.weight_bits:
            found[key] = getattr(settings, key)
    if settings.train.embedding_bits is not None:
        found["embedding_bits"] = settings.train.embedding_bits
    if settings.train.quantizer != "max":
        found["quantizer"] = settings.train.quantizer
    return found

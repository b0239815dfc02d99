"""The runs of paper.yaml, their parameters, and the commands that repeat them."""

import json
from collections.abc import Mapping
from typing import Any

from benchmarks.paper import commands
from hadamrnn import params
from hadamrnn.errors import HadamrnnError
from hadamrnn.report.records import Record

TOP = (
    "model",
    "q",
    "readout",
    "fade",
    "weight_bits",
    "input_weight_bits",
    "output_weight_bits",
    "activation_bits",
    "input_bits",
    "bias_bits",
    "seed",
    "device",
)
"""Parameters outside of ``train`` and ``data``."""


def parameters(document: Mapping[str, Any], benchmark: str) -> dict[str, Any]:
    """All parameters of one benchmark.

    Parameters
    ----------
    document : mapping
        A params.yaml.
    benchmark : str
        One of its sections.

    Returns
    -------
    dict
        TOP, none of them auto; ``train`` without what TOP has, in the file's order; ``data``.

    Raises
    ------
    HadamrnnError
        For a wrong key or value.
    """
    settings = params.check({**document, "benchmarks": [benchmark]})[benchmark]
    top = {key: getattr(settings, key) for key in TOP}
    train = {key: getattr(settings.train, key) for key in document["train"] if key not in top}
    return {**top, "train": train, "data": dict(settings.data)}


def changed(document: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A params.yaml with some values set.

    Parameters
    ----------
    document : mapping
        A params.yaml; it stays as it is.
    changes : mapping
        By dotted keys.

    Returns
    -------
    dict
        The changed copy.
    """
    copy = json.loads(json.dumps(document))
    for key, value in changes.items():
        *parents, last = key.split(".")
        place = copy
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return copy


def command(record: Record, document: Mapping[str, Any]) -> str:
    """The command that repeats a run.

    Parameters
    ----------
    record : dict
        The run.
    document : mapping
        The shipped params.yaml.

    Returns
    -------
    str
        Sets what differs from ``document``; for a run with options or values that are gone, its
        own command at its own commit.
    """
    benchmark = record["benchmark"]
    if benchmark not in document["benchmark"]:
        return commands.earlier(record)
    shipped = parameters(document, benchmark)
    try:
        changes = commands.differences(record, shipped, document)
        parameters(changed(document, changes), benchmark)
    except HadamrnnError:  # today's params.yaml cannot say what the run did
        return commands.earlier(record)
    if commands.gone(record, shipped):
        return commands.earlier(record)
    return commands.command(changes, document)

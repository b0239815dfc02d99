"""From params.yaml to the settings of each benchmark, every key of every section checked."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hadamrnn.errors import HadamrnnError
from hadamrnn.hadamard import block_size_of
from hadamrnn.params import combinations, document
from hadamrnn.params.sections import (
    AUTOMATIC,
    HADAMARD_MODELS,
    Document,
    ExportSettings,
    Facts,
    Section,
    Settings,
    TrainSection,
    TrainSettings,
)
from hadamrnn.params.sentences import read, shown

FindFacts = Callable[[str, Mapping[str, Any]], Facts | None]
"""Checks a section ``data`` by the benchmark's name, and tells what is known of its data."""


def check(given: object, find_facts: FindFacts | None = None) -> dict[str, Settings]:
    """Check a whole params.yaml document.

    Parameters
    ----------
    given : object
        What YAML holds; it is left as it is.
    find_facts : callable, optional
        Without it neither ``data`` nor what depends on the data set is checked.

    Returns
    -------
    dict of str to Settings
        Of the benchmarks that ``benchmarks`` lists, in its order.

    Raises
    ------
    HadamrnnError
        In one sentence with key, rule and value, for the first fault.

    Examples
    --------
    >>> check({"benchmarks": ["copy"]})
    Traceback (most recent call last):
    ...
    hadamrnn.errors.HadamrnnError: model: is missing from params.yaml
    """
    top = read(Document, given, "")
    defaults = vars(read(TrainSection, top.train, "train"))
    defaults |= vars(read(ExportSettings, top.export, "export"))
    combinations.check_names([*top.benchmark])
    sections = {
        name: read(Section, own, f"benchmark.{name}", defaults)
        for name, own in top.benchmark.items()
    }
    if not sections:
        raise HadamrnnError("benchmark: must have a section for at least one benchmark; got {}")
    listed = _listed(top.benchmarks, top.benchmark)
    facts = {}
    if find_facts is not None:
        for name in (*listed, *sections):
            if "data" not in top.benchmark[name]:
                raise HadamrnnError(
                    f"benchmark.{name}.data: is missing from params.yaml, where DVC needs it; "
                    "write data: {} for a data set without settings"
                )
            facts[name] = find_facts(name, sections[name].data)
    settings = {name: _resolve(top, name, sections[name]) for name in listed}
    for name, one in settings.items():
        combinations.check(one, facts.get(name), top.benchmark[name].get("readout"))
    return settings


def load(
    path: str | Path = "params.yaml", find_facts: FindFacts | None = None
) -> dict[str, Settings]:
    """Read and check params.yaml.

    Parameters
    ----------
    path : str or Path
        Of a params.yaml.
    find_facts : callable, optional
        As for ``check``.

    Returns
    -------
    dict of str to Settings
        Of the listed benchmarks.

    Raises
    ------
    HadamrnnError
        For a file that cannot be read, or its first fault.
    """
    return check(document.read(path), find_facts)


def _listed(names: object, sections: Mapping[str, object]) -> list[str]:
    """``benchmarks``: different names of sections, one at least."""
    if not isinstance(names, list) or not names:
        raise _no_list(names)
    for position, name in enumerate(names):
        if name in names[:position]:
            raise _no_list(names)
    for name in names:
        if not isinstance(name, str) or name not in sections:
            known = ", ".join(sections)
            raise HadamrnnError(f"benchmarks: must be among {known}; got {shown(name)}")
    return names


def _no_list(names: object) -> HadamrnnError:
    rule = "must be a list of one or more different names"
    return HadamrnnError(f"benchmarks: {rule}; got {shown(names)}")


def _resolve(top: Document, name: str, section: Section) -> Settings:
    """Top-level keys over the benchmark's own where they are not "auto"."""
    values: dict[str, Any] = {"model": top.model, "seed": top.seed, "device": top.device}
    written = {f.name: getattr(section, f.name) for f in dataclasses.fields(TrainSettings)}
    left = [key for key in AUTOMATIC if written[key] == "auto"]
    recipe = {**written, **{key: AUTOMATIC[key] for key in left}}
    auto = [key for key in left if getattr(top, key, "auto") == "auto"]
    for key in ("q", "readout", "fade", "weight_bits", "activation_bits", "input_bits"):
        value = getattr(top, key)
        own = recipe[key] if key in recipe else getattr(section, key)
        values[key] = own if value == "auto" else value
    for key in ("input_weight_bits", "output_weight_bits"):
        value = getattr(section, key) if top.weight_bits == "auto" else "auto"
        values[key] = values["weight_bits"] if value == "auto" else value
    values["bias_bits"] = section.bias_bits
    train = TrainSettings(**recipe)
    if top.model in HADAMARD_MODELS:
        block_size_of(train.hidden_size, values["q"])
    data = MappingProxyType(section.data)
    return Settings(benchmark=name, train=train, data=data, auto=tuple(auto), **values)

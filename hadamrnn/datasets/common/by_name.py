"""The modules of ``hadamrnn.datasets`` by the names of their benchmarks, and their settings.

A data set is a module with ``prepare(folder, settings)``. One that also has a class ``Data``, a
subclass of ``params.Data``, gets its settings as an instance of it, checked before any work; one
without gets the mapping under ``data`` in params.yaml as it stands. A section whose ``data`` has a
``type`` needs no module: it describes the user's own files (``hadamrnn.datasets.formats``).
"""

import importlib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from hadamrnn import params
from hadamrnn.datasets.formats import settings as formats
from hadamrnn.errors import HadamrnnError


def module_of(name: str) -> ModuleType:
    """The module that prepares a benchmark.

    Parameters
    ----------
    name : str
        A section under ``benchmark`` in params.yaml.

    Returns
    -------
    module

    Raises
    ------
    HadamrnnError
        Where there is none, or it cannot be imported.
    """
    path = f"hadamrnn.datasets.{name}"
    module: ModuleType | None = None
    try:
        module = importlib.import_module(path)
    except (ImportError, SyntaxError) as error:
        if getattr(error, "name", None) != path:
            raise HadamrnnError(
                f"hadamrnn/datasets/{name}.py: must be a module that can be imported; got {error}"
            ) from error
    if module is None or not hasattr(module, "prepare"):
        raise HadamrnnError(
            "benchmarks: every name needs a module hadamrnn/datasets/<name>.py, or a type in its "
            f"section data; got {name!r}"
        )
    return module


def data_of(name: str) -> type[params.Data] | None:
    """The model of a benchmark's settings; None where its module declares none.

    Parameters
    ----------
    name : str
        Of the data set, a module here.

    Returns
    -------
    type or None
        For ``params.load``.

    Raises
    ------
    HadamrnnError
        As ``module_of``.
    """
    return getattr(module_of(name), "Data", None)


def settings_of(
    name: str, given: Mapping[str, Any]
) -> params.Data | formats.Settings | dict[str, Any]:
    """What a benchmark's ``prepare`` gets as its settings.

    Parameters
    ----------
    name : str
        Of the data set, a module here.
    given : mapping
        What stands under ``data`` in its section of params.yaml.

    Returns
    -------
    params.Data, formats.settings.Settings or dict

    Raises
    ------
    HadamrnnError
        For an unknown key or a wrong value, and as ``module_of``.
    """
    if "type" in given:
        return formats.read(given, f"benchmark.{name}.data")
    model = data_of(name)
    if model is None:
        return {**given}
    return params.read(model, {**given}, f"benchmark.{name}.data")


def facts_of(name: str, given: Mapping[str, Any]) -> params.Facts | None:
    """What is known of a benchmark's data before they are prepared, its settings being right.

    Parameters
    ----------
    name : str
    given : mapping
        As for ``settings_of``.

    Returns
    -------
    params.Facts or None
        For ``params.load``.

    Raises
    ------
    HadamrnnError
        As ``settings_of``.
    """
    settings = settings_of(name, given)
    return None if isinstance(settings, dict) else settings.facts


def prepare(folder: Path, name: str, given: Mapping[str, Any]) -> None:
    """Write a benchmark's prepared folder.

    Parameters
    ----------
    folder : Path
        Written to.
    name : str
    given : mapping
        As for ``settings_of``.

    Raises
    ------
    HadamrnnError
        As ``settings_of``, and for raw data that cannot be had or is wrong.
    """
    settings = settings_of(name, given)
    if isinstance(settings, formats.Settings):
        from hadamrnn.datasets.formats import own  # with pandas, which checking settings has not

        own.prepare(folder, settings)
    else:
        module_of(name).prepare(folder, settings)

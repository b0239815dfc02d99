"""The command that repeats a run: what differs from the shipped params.yaml, and no more."""

import shlex
from collections.abc import Mapping
from typing import Any

from hadamrnn.errors import HadamrnnError
from hadamrnn.report.records import Record
from hadamrnn.sweeps.runs import options, text_of

PARTS = ("input_weight_bits", "output_weight_bits")
"""Parameters of a run that params.yaml has in its sections alone, as it has bias_bits."""
DATA = {"sst2": {"lengths": "pad", "pieces": None}}
"""Settings of data sets that came later, and what runs did before."""


def command(changes: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """The experiment as a user types it.

    Parameters
    ----------
    changes, document : mapping
        As of ``options``.

    Returns
    -------
    str
        For a POSIX shell.

    Examples
    --------
    >>> command({"benchmarks": ["har2"], "seed": 1}, {"benchmarks": ["copy"], "seed": 1})
    "dvc exp run -S 'benchmarks=[har2]' -S seed=1"
    """
    words = ["dvc", "exp", "run"]
    for option in options(changes, document):
        words += ["-S", option]
    return shlex.join(words)


def _as_today(name: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """A run's parameters, with what all runs did before states faded and parts had own bits."""
    before = dict.fromkeys(PARTS, params["weight_bits"]) | {"bias_bits": 16, "fade": None}
    train = {"quantizer": "max", "min_steps": None, "distortion": 0, **params["train"]}
    data = {**DATA.get(name, {}), **params["data"]}
    return {**before, **params, "train": train, "data": data}


def differences(
    record: Record, shipped: Mapping[str, Any], document: Mapping[str, Any]
) -> dict[str, Any]:
    """What to set on top of params.yaml to have the parameters of a run.

    Parameters
    ----------
    record : dict
        The run.
    shipped : mapping
        The benchmark's parameters as params.yaml has them; keys as of ``record["params"]``.
    document : mapping
        That params.yaml.

    Returns
    -------
    dict
        By dotted keys; ``benchmarks`` is the first and ``seed`` the last. A key of ``train`` that
        the benchmark's own section sets is set there.

    Raises
    ------
    HadamrnnError
        Where the run's version did not have a parameter yet that the benchmark's section sets.
    """
    name, params = record["benchmark"], _as_today(record["benchmark"], record["params"])
    section = document["benchmark"][name]
    changes: dict[str, Any] = {"benchmarks": [name]}
    bits = ("weight_bits", *PARTS)
    together = len({params[key] for key in bits}) == 1
    places = [("", shipped)]
    places += [(f"{part}.", shipped[part]) for part in ("train", "data")]
    for prefix, values in places:
        given = params[prefix.removesuffix(".")] if prefix else params
        for key, value in values.items():
            if key in ("seed", "train", "data"):
                continue
            if key in PARTS and together:
                continue
            if key == "weight_bits" and together:  # at the top: of all parts
                if any(params[one] != shipped[one] for one in bits):
                    changes[key] = params[key]
                continue
            if key in bits:
                if params[key] != value:
                    folder = f"benchmark.{name}" if key in section else "train"
                    changes[f"{folder}.{key}"] = params[key]
                continue
            own = prefix == "data." or (prefix == "train." and key in section)
            own = own or (key == "bias_bits" and key in section)
            if key not in given:
                if own:
                    raise HadamrnnError(
                        f"params of {record['command']}: must say {prefix}{key}, which "
                        f"benchmark.{name} of params.yaml sets"
                    )
                continue  # switched off: what the run's version did
            if given[key] != value:
                outside = "export." if key == "bias_bits" else prefix
                place = f"benchmark.{name}.{prefix.removeprefix('train.')}" if own else outside
                changes[place + key] = given[key]
    return {**changes, "seed": record["seed"]}


def gone(record: Record, shipped: Mapping[str, Any]) -> list[str]:
    """Options that a run set and that params.yaml no longer has.

    Parameters
    ----------
    record : dict
        The run.
    shipped : mapping
        As of ``differences``.

    Returns
    -------
    list of str
        Dotted keys, as the run set them.
    """
    known = {"benchmarks", *shipped, *shipped["train"], *shipped["data"]}
    return [key for key in record["set"] if key.split(".")[-1] not in known]


def earlier(record: Record) -> str:
    """The command for a run that only the code of its time can repeat.

    Parameters
    ----------
    record : dict
        The run.

    Returns
    -------
    str
        Goes to the run's commit first.
    """
    options = [word for k, v in record["set"].items() for word in ("-S", f"{k}={text_of(v)}")]
    words = shlex.join(["dvc", "exp", "run", *options])
    return f"git switch --detach {record['commit'][:7]} && {words}"

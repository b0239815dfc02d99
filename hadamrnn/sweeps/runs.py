"""The runs of a sweep: rows of paper.yaml, or all combinations of the values of a grid."""

import hashlib
import itertools
import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hadamrnn import params
from hadamrnn.errors import HadamrnnError

COLLECTED = Path("results/paper")
"""Where rows of paper.yaml have their results, once they are collected."""
PAPER = "paper-"
"""In front of the names of their experiments."""
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./:-]*")
"""Texts that need no quotes in a value of ``-S``."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of the pipeline.

    Parameters
    ----------
    name : str
        Of its experiment.
    settings : tuple of str
        Values of ``dvc exp run -S``.
    benchmarks : tuple of str
        What it trains.
    """

    name: str
    settings: tuple[str, ...]
    benchmarks: tuple[str, ...]

    @property
    def targets(self) -> list[str]:
        """Stages that make its results, without the report of all runs."""
        return [f"evaluate@{name}" for name in self.benchmarks]


def text_of(value: object) -> str:
    """A value as ``dvc exp run -S key=value`` reads it.

    Parameters
    ----------
    value : None, bool, int, float, str or list of these
        Of a key of params.yaml.

    Returns
    -------
    str
        Without exponents, which YAML would read as text.

    Examples
    --------
    >>> [text_of(value) for value in (None, False, 1e-05, "last", ["har2", "copy"])]
    ['null', 'false', '0.00001', 'last', '[har2,copy]']
    """
    if isinstance(value, list):
        return f"[{','.join(map(text_of, value))}]"
    if isinstance(value, float):
        return repr(value) if "e" not in repr(value) else f"{value:.20f}".rstrip("0")
    if isinstance(value, str) and PLAIN.fullmatch(value):
        return value
    return json.dumps(value)


def options(changes: Mapping[str, Any], document: Mapping[str, Any]) -> list[str]:
    """Values of ``-S`` for a params.yaml.

    Parameters
    ----------
    changes : mapping
        By dotted keys, as ``benchmark.har2.hidden_size``.
    document : mapping
        The params.yaml that they change.

    Returns
    -------
    list of str
        ``key=value``, with a ``+`` in front for a key that the document lacks: DVC refuses to set
        it otherwise.

    Examples
    --------
    >>> options({"q": 4, "train.epochs": 2}, {"q": "auto", "train": {}})
    ['q=4', '+train.epochs=2']
    """
    found = []
    for key, value in changes.items():
        place: Any = document
        for part in key.split("."):
            place = place.get(part, KeyError) if isinstance(place, Mapping) else KeyError
        found.append(f"{'+' if place is KeyError else ''}{key}={text_of(value)}")
    return found


def expand(plan: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The runs of a plan.

    Parameters
    ----------
    plan : mapping
        As in paper.yaml.

    Returns
    -------
    dict of str to dict
        {run name: {dotted key of params.yaml: value}}.

    Examples
    --------
    >>> expand({"a": {"set": {"benchmarks": ["har2"]}, "sweep": {"q": [1, 2]}, "seeds": [3]}})
    {'a-q1-seed3': {'benchmarks': ['har2'], 'q': 1, 'seed': 3}, 'a-q2-seed3': {'benchmarks': \
['har2'], 'q': 2, 'seed': 3}}
    """
    runs = {}
    for name, entry in plan.items():
        sweep = entry.get("sweep", {})
        for values in itertools.product(*sweep.values()):
            chosen = dict(zip(sweep, values, strict=True))
            words = [f"{key.split('.')[-1]}{text_of(value)}" for key, value in chosen.items()]
            for seed in entry["seeds"]:
                run = "-".join([name, *words, f"seed{seed}"]).replace("_", "")
                runs[run] = {**entry["set"], **chosen, "seed": seed}
    return runs


def of_paper(
    entries: Mapping[str, Any], names: Sequence[str], document: Mapping[str, Any]
) -> list[Run]:
    """Runs of entries of paper.yaml.

    Parameters
    ----------
    entries : mapping
        All of paper.yaml.
    names : sequence of str
        Some of them; none stands for all.
    document : mapping
        params.yaml.

    Returns
    -------
    list of Run

    Raises
    ------
    HadamrnnError
        For a name that is no entry.
    """
    for name in names:
        if name not in entries:
            raise HadamrnnError(f"NAME: must be an entry of paper.yaml; got {name!r}")
    chosen = expand({name: entries[name] for name in names or entries})
    return [
        Run(
            name=PAPER + name,
            settings=tuple(options(changes, document)),
            benchmarks=tuple(changes["benchmarks"]),
        )
        for name, changes in chosen.items()
    ]


def of_grid(values: Sequence[str], label: str, document: Mapping[str, Any]) -> list[Run]:
    """All combinations of the values of a grid.

    Parameters
    ----------
    values : sequence of str
        As of ``dvc exp run -S``: ``q=1,2``, ``seed=range(0,3)``.
    label : str
        Begins the names of the runs.
    document : mapping
        params.yaml.

    Returns
    -------
    list of Run
        A run's name tells what it does not share with the others, and ends with a checksum of all
        its values, so that another grid never takes it for its own.

    Raises
    ------
    HadamrnnError
        For a value that DVC or params.yaml refuses.
    """
    from dvc.exceptions import DvcException
    from dvc.utils.hydra import get_hydra_sweeps
    from hydra.errors import HydraException

    try:
        found = [tuple(one["params.yaml"]) for one in get_hydra_sweeps({"params.yaml": [*values]})]
    except (DvcException, HydraException) as error:
        raise HadamrnnError(f"-S: must be as of dvc exp run; got {_reason(error)}") from None
    shared = set.intersection(*map(set, found))
    return [
        Run(name=_name(label, one, shared), settings=one, benchmarks=_checked(one, document))
        for one in found
    ]


def _name(label: str, settings: Sequence[str], shared: set[str]) -> str:
    own = (text.lstrip("+~").partition("=") for text in settings if text not in shared)
    words = [f"{key.rpartition('.')[2]}{value}" for key, _, value in own]
    checksum = hashlib.sha256("\n".join(sorted(settings)).encode()).hexdigest()[:6]
    return re.sub(r"[^A-Za-z0-9.-]", "", "-".join([label, *words, checksum])).replace("..", ".")


def _checked(settings: Sequence[str], document: Mapping[str, Any]) -> tuple[str, ...]:
    """Benchmarks of a params.yaml with some values set, all of it checked."""
    from dvc.exceptions import DvcException
    from dvc.utils.hydra import apply_overrides

    from hadamrnn.datasets.common import by_name

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "params.json")  # read and written faster than YAML with its comments
        path.write_text(json.dumps(document), encoding="utf-8")
        try:
            apply_overrides(path, [*settings])
        except DvcException as error:
            raise HadamrnnError(f"-S: must fit params.yaml; got {_reason(error)}") from None
        changed = json.loads(path.read_text(encoding="utf-8"))
    return tuple(params.check(changed, by_name.facts_of))


def _reason(error: Exception) -> str:
    """The first line of what lies behind an error of DVC."""
    return str(error.__cause__ or error).strip().splitlines()[0]

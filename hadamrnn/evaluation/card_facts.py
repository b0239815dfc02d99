"""What a model card tells of, gathered."""

import dataclasses
import json
import subprocess
from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from hadamrnn.integer import IntegerModel


def commit() -> str:
    """The commit of the working folder; empty without Git."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"],
            capture_output=True,
            check=False,
            encoding="utf-8",
        )
    except OSError:
        return ""
    return done.stdout.strip()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Facts:
    """What a card tells of.

    Parameters
    ----------
    name : str
        Of the benchmark.
    metrics : dict
        metrics.json.
    score : str
        The benchmark's own measure (``metrics.own_score``).
    card : dict
        card.json of the prepared data.
    parameters : dict
        All of the run, nested, as YAML can write them; "model" is its name.
    predicted, targets : array of int, (n,) or (n, time)
        Class ids of the test rows.
    model : IntegerModel or None
        As exported; None of a baseline.
    commit : str
        Of the project; by default that of the working folder.
    """

    name: str
    metrics: Mapping[str, Any]
    score: str
    card: Mapping[str, Any]
    parameters: Mapping[str, Any]
    predicted: npt.NDArray[Any]
    targets: npt.NDArray[Any]
    model: IntegerModel | None
    commit: str = dataclasses.field(default_factory=commit)

    @property
    def scored(self) -> Mapping[str, float]:
        """Scores of what ships: the integer model, of a baseline the float model."""
        found: Mapping[str, float] = self.metrics["integer"] or self.metrics["float"]
        return found


def _plain(value: Any) -> Any:
    """What JSON does not know: frozen settings, mappings that cannot be changed, and the rest."""
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return dict(value) if isinstance(value, Mapping) else str(value)


def parameters(settings: Any, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """What decided a run, as YAML can write it.

    Parameters
    ----------
    settings : params.Settings
        Of the benchmark.
    chosen : mapping
        What became of keys that were ``auto``, from train.json.

    Returns
    -------
    dict
    """
    given: dict[str, Any] = json.loads(json.dumps(settings, default=_plain))
    automatic = given.pop("auto")
    given["train"] = {k: v for k, v in given["train"].items() if k not in automatic}
    found = {k: v for k, v in given.items() if k not in automatic}
    return found | ({"chosen_from_the_data": dict(chosen)} if chosen else {})

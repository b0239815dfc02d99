"""What all studies share: settings of a changed params.yaml, one training run, and a table that
loses nothing when the study is stopped.

No study reads test data: models are scored on validation rows, or on people left out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from benchmarks.table import Table
from hadamrnn import params
from hadamrnn.errors import HadamrnnError
from hadamrnn.models import storage
from hadamrnn.params import Settings
from hadamrnn.prepared import arrays
from hadamrnn.training import device, fit
from hadamrnn.training.configuration import configuration
from hadamrnn.training.data import batches_of
from hadamrnn.training.run import FitResult, Listener
from stages import common

Change = tuple[str, Any]


def settings_of(benchmark: str, changes: Iterable[Change] = ()) -> Settings:
    """The settings of one benchmark, with changes made to params.yaml first.

    Parameters
    ----------
    benchmark : str
        A section of params.yaml.
    changes : iterable of (dotted key, value)
        For example ``[("benchmark.har2.hidden_size", 64)]``.

    Raises
    ------
    HadamrnnError
        For a wrong key or value, as every stage does.
    """
    document = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    for path, value in (("benchmarks", [benchmark]), *changes):
        *above, key = path.split(".")
        section = document
        for name in above:
            section = section.get(name)
            if not isinstance(section, dict):
                raise HadamrnnError(f"change: must name keys of params.yaml; got {path}")
        section[key] = value
    return params.check(document)[benchmark]


def train(settings: Settings, listener: Listener | None = None) -> FitResult:
    """Train a new model of ``settings`` on its prepared data and device, without a checkpoint."""
    folder, where = common.prepared(settings.benchmark), device.resolve(settings.device)
    card = arrays.read_card(folder)
    rows, held_out = batches_of(settings, folder, card, where, (0, 1))
    model = storage.build(configuration(settings, card), settings.seed).to(where)
    return fit.fit(model, rows, held_out, settings.train, listener=listener)


def scores(result: FitResult) -> dict[str, Any]:
    """The columns of a training run that most studies keep."""
    best = result.history[result.best_epoch - 1]
    return {
        "valid_accuracy": round(best["valid_accuracy"], 5),
        "valid_cross_entropy": round(best["valid_cross_entropy"], 5),
        "best_epoch": result.best_epoch,
        "flips_per_step": round(result.flips_per_step, 5),
        "seconds": round(result.seconds, 1),
    }


def fill(
    table: Table,
    cases: Iterable[Mapping[str, Any]],
    row_of: Callable[..., Mapping[str, Any]],
    progress: Callable[[Any], None] = print,
) -> None:
    """Append a row for every case that the table does not hold yet.

    Parameters
    ----------
    table : Table
        Of columns that begin with the names of every case.
    cases : iterable of mappings
        What decides a row, by column, all with the same names.
    row_of : callable
        ``row_of(**case)`` gives the other columns; those that the table lacks are left out.
    progress : callable
        Called with every new row.
    """
    for case in cases:
        names: Sequence[str] = tuple(case)
        if tuple(str(value) for value in case.values()) in table.done(names):
            continue
        row = {**case, **row_of(**case)}
        table.append({name: row[name] for name in table.columns if name in row})
        progress(row)

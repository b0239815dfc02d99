"""How many bits do weights and states need? Integer cross-entropy and file size of both widths.

    python -m benchmarks.studies.rounding copy --weight-bits 2 3 4 5 6 8

For every weight width one model is trained with the recipe of params.yaml (kept in models/studies,
so that a second start goes on; see ``benchmarks.studies.trained``), then frozen at every
activation width, calibrated as the export does, and scored on **validation** data. Writes
results/studies/rounding_<benchmark>.csv, a row for each pair of widths in the order of the widths;
existing rows of the same recipe are skipped. A width that the export cannot prove is
listed as refused. ``--weight-bits null`` is full precision (12 bits in the file).
"""

import argparse
import dataclasses
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from torch import nn

from benchmarks.studies import study, trained
from benchmarks.table import Table
from hadamrnn import metrics
from hadamrnn.errors import HadamrnnError, as_sentences
from hadamrnn.evaluation import assessment
from hadamrnn.export.prepared import freeze_prepared
from hadamrnn.integer import packed
from hadamrnn.metrics import merge
from hadamrnn.params import Settings
from hadamrnn.prepared import arrays
from hadamrnn.prepared.coding import Coding
from hadamrnn.training import batches
from stages import common

WEIGHT_BITS = (1, 2, 3, 4, 5, 6, 8)
ACTIVATION_BITS = (8, 9, 10, 11, 12, 13, 14, 16)
COLUMNS = (
    "weight_bits",
    "activation_bits",
    "cross_entropy",
    "accuracy",
    "float_cross_entropy",
    "packed_bytes",
    "recipe",
    "note",
)


def rows_of(path: Path) -> dict[tuple[str, str], dict]:
    """The rows of an earlier run as {(weight_bits, activation_bits): row}, all values as text."""
    return {
        (row["weight_bits"], row["activation_bits"]): row for row in Table(path, COLUMNS).rows()
    }


def write_rows(rows: dict[tuple[str, str], dict], path: Path) -> None:
    """Write all rows, narrow widths first, full precision ("null") last."""
    order = sorted(rows, key=lambda widths: [99 if w == "null" else int(w) for w in widths])
    Table(path, COLUMNS).replace(rows[widths] for widths in order)


def validation(settings: Settings) -> tuple:
    """(Batches of the validation split, its targets, the card) of one benchmark."""
    folder = common.prepared(settings.benchmark)
    card = arrays.read_card(folder)
    inputs, targets = arrays.load(folder, "valid")
    return (
        batches.Batches(inputs, targets, coding=Coding.from_card(card), batch_size=250),
        targets,
        card,
    )


def score(settings: Settings, model: nn.Module, data: tuple) -> dict:
    """Columns of one pair of widths: the integer model's scores on validation data, and its size.

    settings : with the activation_bits to freeze at; model : torch, trained; data : validation().
    """
    valid, targets, card = data
    try:
        frozen = freeze_prepared(settings, common.prepared(settings.benchmark), model, card)
    except HadamrnnError as error:
        return {"note": f"refused: {error}"}
    readings = valid.inputs.numpy()
    logits = frozen.run_logits(frozen.quantize_raw(readings), workers=1)
    logits = merge(frozen.real_logits(logits, readings.shape[1]), model.class_of)
    scores = metrics.scores(logits, targets)
    return {**scores, "packed_bytes": len(packed.to_bytes(frozen))}


def fill(
    benchmark: str,
    weight_widths: Iterable[int | None],
    activation_widths: Iterable[int],
    path: Path,
    progress: Callable[[Any], object] = print,
) -> None:
    """Train, freeze and score every pair of widths that ``path`` does not hold yet."""
    rows = rows_of(path)
    for weight_bits in weight_widths:
        settings = study.settings_of(benchmark, (("weight_bits", weight_bits),))
        recipe, name = trained.recipe(settings), "null" if weight_bits is None else str(weight_bits)
        missing = [
            bits
            for bits in activation_widths
            if rows.get((name, str(bits)), {}).get("recipe") != recipe
        ]
        if not missing:
            continue
        model = trained.model_of(settings, progress)
        data = validation(settings)
        valid, targets, _ = data
        logits = merge(assessment.float_logits(model, valid), model.class_of)
        loss = metrics.scores(logits, targets)["cross_entropy"]
        for bits in missing:
            changed = dataclasses.replace(settings, activation_bits=bits)
            rows[name, str(bits)] = {
                "weight_bits": name,
                "activation_bits": bits,
                "float_cross_entropy": loss,
                "recipe": recipe,
                **score(changed, model, data),
            }
            write_rows(rows, path)
            progress(rows[name, str(bits)])


def _width(text):
    return None if text == "null" else int(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("benchmark")
    parser.add_argument("--weight-bits", type=_width, nargs="+", default=WEIGHT_BITS)
    parser.add_argument("--activation-bits", type=int, nargs="+", default=ACTIVATION_BITS)
    given = parser.parse_args()
    path = Path(f"results/studies/rounding_{given.benchmark}.csv")
    fill(given.benchmark, given.weight_bits, given.activation_bits, path)


if __name__ == "__main__":
    with as_sentences():
        main()

"""What the moving rounding constant of the step is worth: integer cross-entropy of three rules.

    python -m benchmarks.studies.rounding_rules copy

The trained model of params.yaml (kept in models/studies) is frozen and scored on **validation**
data with the constant R_n of the integer model (``fixed_point.rounding_constant``), with the fixed
2^(F-1) of plain rounding half up, and with 0, which truncates downwards; calibration runs under
the same rule. Writes results/studies/rounding_rules_<benchmark>.csv. A smaller constant stays
within the proven widths.
"""

import dataclasses
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.studies import rounding, study, trained
from benchmarks.table import Table
from hadamrnn.errors import as_sentences
from hadamrnn.integer import batch, fixed_point

RULES = {
    "moving": fixed_point.rounding_constant,
    "half up": lambda step, fraction_bits, k: 1 << (fraction_bits - 1),
    "truncate": lambda step, fraction_bits, k: 0,
}
ACTIVATION_BITS = (8, 10, 12)
COLUMNS = ("q", "activation_bits", "rule", "cross_entropy", "accuracy", "recipe", "note")


@contextmanager
def rule(name: str) -> Iterator[None]:
    """The integer model over many sequences rounds by RULES[name] while this is open."""
    original = batch.rounding_constant
    batch.rounding_constant = RULES[name]
    try:
        yield
    finally:
        batch.rounding_constant = original


def rows_of(benchmark: str, q: int, progress: Callable[[Any], object] = print) -> Iterator[dict]:
    """The rows of one trained model: a row for each width and rule."""
    settings = study.settings_of(benchmark, (("q", q),))
    model, data = trained.model_of(settings, progress), rounding.validation(settings)
    for bits in ACTIVATION_BITS:
        changed = dataclasses.replace(settings, activation_bits=bits)
        for name in RULES:
            with rule(name):
                scores = rounding.score(changed, model, data)
            row = {"q": q, "activation_bits": bits, "rule": name, **scores}
            progress(row)
            yield {key: row[key] for key in COLUMNS if key in row} | {
                "recipe": trained.recipe(settings)
            }


def main() -> None:
    benchmark, *blocks = sys.argv[1:]
    rows = [row for q in map(int, blocks or ["1"]) for row in rows_of(benchmark, q)]
    Table(f"results/studies/rounding_rules_{benchmark}.csv", COLUMNS).replace(rows)


if __name__ == "__main__":
    with as_sentences():
        main()

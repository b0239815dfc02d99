"""What the bits of each part cost: U, V and biases apart, steps from the largest weight or learned.

    python -m benchmarks.studies.bits pmnist hidden_size=2048 epochs=20 --output 2 3 --bias 16 8 6
    python -m benchmarks.studies.bits har2 --input 4 2 --quantizer max lsq --seeds 1 2 3

For every width of U and V, quantizer and seed one model is trained with the recipe of params.yaml
and the changes named (kept in models/studies; see ``benchmarks.studies.trained``), then frozen with
every width of the biases, calibrated as the export does, and scored in C on **validation** rows.
Appends a row for each to results/studies/bits.csv; existing rows are skipped. Benchmarks that train
on their validation rows do not here.
"""

import argparse
import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from benchmarks.studies import study, trained
from benchmarks.studies.rounding import validation
from benchmarks.table import Table
from hadamrnn import metrics
from hadamrnn.errors import as_sentences
from hadamrnn.evaluation import assessment
from hadamrnn.export.prepared import freeze_prepared
from hadamrnn.integer import packed
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.params import Settings
from hadamrnn.targets.host import HostProgram
from stages import common

PATH = Path("results/studies/bits.csv")
COLUMNS = (
    "benchmark",
    "options",
    "input_weight_bits",
    "output_weight_bits",
    "quantizer",
    "bias_bits",
    "seed",
    "accuracy",
    "cross_entropy",
    "float_accuracy",
    "packed_bytes",
)


def settings_of(
    benchmark: str, changes: Mapping[str, Any], widths: Mapping[str, Any], seed: int
) -> Settings:
    """The recipe of params.yaml with ``changes`` and ``widths``, keys of the benchmark's section.

    No row of the validation split is trained on.
    """
    always = {"train_on_validation": False}
    own = {**always, **changes, **widths}
    named = ((f"benchmark.{benchmark}.{key}", value) for key, value in own.items())
    return study.settings_of(benchmark, (("seed", seed), *named))


def score(settings: Settings, model: HadamClassifier) -> dict[str, Any]:
    """The integer model's columns of one row, and the float model's accuracy."""
    valid, targets, card = validation(settings)
    frozen = freeze_prepared(settings, common.prepared(settings.benchmark), model, card)
    readings = valid.inputs.numpy()
    with HostProgram(frozen) as program:
        logits = program.run(frozen, frozen.quantize_raw(readings)).logits
    logits = metrics.merge(frozen.real_logits(logits, readings.shape[1]), model.class_of)
    exact = metrics.merge(assessment.float_logits(model, valid), model.class_of)
    found = metrics.scores(logits, targets)
    return {
        "accuracy": round(found["accuracy"], 5),
        "cross_entropy": float(f"{found['cross_entropy']:.4g}"),
        "float_accuracy": round(metrics.scores(exact, targets)["accuracy"], 5),
        "packed_bytes": len(packed.to_bytes(frozen)),
    }


def fill(
    benchmark: str,
    options: Sequence[str],
    parts: Mapping[str, Sequence[Any]],
    seeds: Sequence[int],
    path: Path = PATH,
    progress: Callable[[Any], object] = print,
) -> None:
    """Train, freeze and score every combination that ``path`` does not hold yet.

    Parameters
    ----------
    benchmark : str
        A section of params.yaml.
    options : sequence of str
        ``key=value`` of that section.
    parts : mapping of str to sequence
        Values of ``input_weight_bits``, ``output_weight_bits``, ``quantizer`` and ``bias_bits``.
    seeds : sequence of int
        Of initial weights and batch order.
    path : Path
        The table.
    progress : callable
        Called with every new row, and told of every training.
    """
    changes = {key: yaml.safe_load(value) for key, _, value in (o.partition("=") for o in options)}

    def row_of(seed: int, **case: Any) -> dict[str, Any]:
        widths = {key: None if case[key] == "null" else case[key] for key in parts}
        settings = settings_of(benchmark, changes, widths, seed)
        # The biases are rounded by the export: one training serves all of their widths.
        shared = dataclasses.replace(settings, bias_bits=16)
        model = trained.model_of(shared, progress)
        assert isinstance(model, HadamClassifier)
        return score(settings, model)

    combinations = itertools.product(seeds, *parts.values())
    cases = [
        {
            "benchmark": benchmark,
            "options": " ".join(options),
            **dict(zip(parts, values, strict=True)),
            "seed": seed,
        }
        for seed, *values in combinations
    ]
    study.fill(
        Table(path, COLUMNS),
        cases,
        lambda benchmark, options, **case: row_of(**case),
        progress,
    )


def _width(text: str) -> int | str:
    return text if text == "null" else int(text)


def main() -> None:
    """Read the command line and fill the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("benchmark")
    parser.add_argument("change", nargs="*", help="key=value of the benchmark's section")
    parser.add_argument("--input", type=_width, nargs="+", default=[4], help="bits of U")
    parser.add_argument("--output", type=_width, nargs="+", default=[4], help="bits of V")
    parser.add_argument("--quantizer", nargs="+", default=["max"])
    parser.add_argument("--bias", type=int, nargs="+", default=[16], help="bits of the biases")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    given = parser.parse_args()
    parts = {
        "input_weight_bits": given.input,
        "output_weight_bits": given.output,
        "quantizer": given.quantizer,
        "bias_bits": given.bias,
    }
    fill(given.benchmark, given.change, parts, given.seeds)


if __name__ == "__main__":
    with as_sentences():
        main()

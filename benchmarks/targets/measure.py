r"""Another model of a benchmark on the emulated microcontrollers, beside the shipped one.

    python -m benchmarks.targets.measure har2 d64 \
        benchmark.har2.hidden_size=64 q=1 activation_bits=10

trains the recipe of params.yaml with these changes (kept in models/studies, see
``benchmarks.studies.trained``), exports it, and writes shipped/har2/device-d64.json: what stage
``device`` writes, and the changes and test scores of this model. Needs data/prepared/har2.
"""

import argparse
from collections.abc import Callable, Collection, Iterable
from typing import Any

import yaml

from benchmarks.studies import study, trained
from hadamrnn import files, metrics
from hadamrnn.errors import HadamrnnError, as_sentences
from hadamrnn.evaluation import assessment
from hadamrnn.export.prepared import freeze_prepared
from hadamrnn.integer import packed
from hadamrnn.metrics import merge
from hadamrnn.prepared import arrays
from hadamrnn.prepared.coding import Coding
from hadamrnn.targets import reporting
from hadamrnn.training import batches
from stages import common


def change(text: str) -> tuple[str, Any]:
    """("dotted key", value) of "key=value", the value read as YAML.

    >>> change("benchmark.har2.hidden_size=64")
    ('benchmark.har2.hidden_size', 64)
    """
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise HadamrnnError(f"change: must be key=value with a key of params.yaml; got {text!r}")
    return key, yaml.safe_load(value)


def measure(
    benchmark: str,
    changes: Iterable[tuple[str, Any]],
    targets: Collection[str] = reporting.TARGETS,
    progress: Callable[[Any], object] = print,
) -> dict:
    """The device report of one model, with "changes", "float" and "integer" test scores."""
    settings = study.settings_of(benchmark, changes)
    model = trained.model_of(settings, progress)
    folder = common.prepared(benchmark)
    card = arrays.read_card(folder)
    inputs, targets_ = arrays.load(folder, "test")
    test = batches.Batches(inputs, targets_, coding=Coding.from_card(card), batch_size=250)
    frozen = freeze_prepared(settings, folder, model, card)
    x_int = frozen.quantize_raw(inputs)
    logits = {
        "float": assessment.float_logits(model, test),
        "integer": frozen.real_logits(frozen.run_logits(x_int), x_int.shape[1]),
    }
    scores = {
        name: metrics.scores(merge(values, model.class_of), targets_)
        for name, values in logits.items()
    }
    return {
        "changes": dict(changes),
        "float": scores["float"],
        "integer": scores["integer"] | {"packed_file_bytes": len(packed.to_bytes(frozen))},
        **reporting.report(frozen, inputs, targets, raw=True),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("benchmark")
    parser.add_argument("name", help="of shipped/<benchmark>/device-<name>.json")
    parser.add_argument("changes", nargs="*", metavar="key=value", help="as in dvc exp run -S")
    given = parser.parse_args()
    try:
        report = measure(given.benchmark, [change(text) for text in given.changes])
    except HadamrnnError as error:
        parser.exit(1, f"error: {error}\n")
    files.write_json(common.shipped(given.benchmark) / f"device-{given.name}.json", report)
    print("\n".join(reporting.lines(report)))


if __name__ == "__main__":
    with as_sentences():
        main()

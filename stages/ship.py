"""Put the present model and results of benchmarks into Git's folder: python -m stages.ship har2.

Not a stage: it copies exports/<benchmark> and results/<benchmark> to shipped/<benchmark>, for a
commit. Reports of other models on microcontrollers, device-<name>.json, stay there. The exports of
texts, megabytes of word vectors, do not ship.
"""

import shutil
import sys
from pathlib import Path

from hadamrnn.errors import HadamrnnError, as_sentences
from stages import common

RESULTS = ("metrics.json", "history.csv", "confusion.csv", "device.json")
MOST_BYTES = 2**20
"""Models larger than this stay out of Git."""


def ship(benchmark: str) -> list[Path]:
    """Replace what shipped/<benchmark> holds of this model; returns the files written there."""
    results, exports = common.results(benchmark), common.exports(benchmark)
    if not (results / "metrics.json").exists():
        raise HadamrnnError(
            f"{results / 'metrics.json'}: must exist before it ships; "
            f"run dvc exp run -S 'benchmarks=[{benchmark}]'"
        )
    folder = common.shipped(benchmark)
    folder.mkdir(parents=True, exist_ok=True)
    models = sorted(exports.iterdir())
    if sum(path.stat().st_size for path in models) > MOST_BYTES:
        models = []
    for path in folder.iterdir():
        if not path.name.startswith("device-"):
            path.unlink()
    there = [path for name in RESULTS if (path := results / name).exists()]
    return [Path(shutil.copy(path, folder)) for path in (*models, *there)]


def main() -> None:
    """Ship the benchmarks of the command line."""
    for benchmark in sys.argv[1:]:
        for path in ship(benchmark):
            print(path)


if __name__ == "__main__":
    with as_sentences():
        main()

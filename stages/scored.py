"""What evaluate leaves: metrics.json, confusion.csv, the model card, and their checksums.

results/<benchmark>/SHA256SUMS also lists the files that tell which model was scored, so that scores
of another one are never taken for those of the present model.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hadamrnn import files
from hadamrnn.errors import HadamrnnError
from stages import common

CARD = "README.md"
SCORES = ("metrics.json", "confusion.csv", CARD)


def _model(benchmark: str) -> list[str]:
    """As seen from the results, the files that hold the checksums of the model."""
    made = (common.models(benchmark) / "config.json", common.exports(benchmark) / files.SUMS)
    return [Path("../..", path).as_posix() for path in made]


def write(
    benchmark: str,
    metrics: Mapping[str, Any],
    confusion: Iterable[Mapping[str, Any]],
    card: str,
) -> None:
    """Write the scores of the present model.

    Parameters
    ----------
    benchmark : str
        Its name.
    metrics : mapping
        Content of metrics.json: figures alone, since DVC's tables show all of it.
    confusion : iterable of mappings
        "actual" and "predicted" class of every test sequence.
    card : str
        The model card.
    """
    folder = common.results(benchmark)
    files.write_json(folder / SCORES[0], dict(metrics))
    files.write_csv(folder / SCORES[1], ("actual", "predicted"), confusion)
    files.write_text(folder / CARD, card)
    files.write_sums(folder, (*SCORES, *_model(benchmark)))


def check(benchmark: str) -> None:
    """Raise HadamrnnError unless the scores are as written."""
    remedy = f"run dvc repro evaluate@{benchmark}"
    files.check_sums(common.results(benchmark), SCORES, remedy)


def of_present_model(benchmark: str) -> bool:
    """Whether the scores are those of the model that lies there now."""
    try:
        files.check_sums(common.results(benchmark), _model(benchmark))
    except HadamrnnError:
        return False
    return True


def checked(benchmarks: Iterable[str]) -> list[str]:
    """Check scores; a line of those that tell of a model that does not lie there now, or none."""
    known = [name for name in benchmarks if (common.results(name) / files.SUMS).exists()]
    for name in known:
        check(name)
    older = ", ".join(name for name in sorted(known) if not of_present_model(name))
    return [f"of other models than the present ones: {older}; run dvc repro"] if older else []


def drop_those_of_another_model(benchmark: str) -> None:
    """Remove scores that a failing evaluation would leave as if they were the present model's."""
    if not of_present_model(benchmark):
        for name in (*SCORES, files.SUMS):
            (common.results(benchmark) / name).unlink(missing_ok=True)

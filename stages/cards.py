"""The model card beside the exported model, where the hub and people look for it.

Stage evaluate keeps it with the scores, results/<benchmark>/README.md, and stage export writes its
folder anew: both put a copy into exports/<benchmark>, which DVC is told to overlook (.dvcignore).
"""

from hadamrnn import files
from hadamrnn.errors import as_sentences
from stages import common, scored


def check_exports(benchmark: str) -> None:
    """End with a sentence unless the exports are those that their SHA256SUMS lists.

    That file alone decides whether scores of an earlier time are taken: the folder as a whole,
    which the card lies in, would be another one after each evaluation.
    """
    folder = common.exports(benchmark)
    if (folder / files.SUMS).exists():
        listed = (folder / files.SUMS).read_text(encoding="utf-8", errors="replace").splitlines()
        names = [line.split("  ", 1)[-1] for line in listed]
        with as_sentences():
            files.check_sums(folder, names, f"run dvc repro export@{benchmark}")


def place(benchmark: str) -> None:
    """Put the card beside the model that it describes; where scores are of another one, none."""
    target = common.exports(benchmark) / scored.CARD
    if scored.of_present_model(benchmark):
        source = common.results(benchmark) / scored.CARD
        files.write_text(target, source.read_text(encoding="utf-8"))
    else:
        target.unlink(missing_ok=True)

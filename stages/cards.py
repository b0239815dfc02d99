"""The model card beside the exported model, where the hub and people look for it.

Stage evaluate keeps it with the scores, results/<benchmark>/README.md, and stage export writes its
folder anew: both put a copy into exports/<benchmark>, which DVC is told to overlook (.dvcignore).
"""

from hadamrnn import files
from stages import common, scored


def place(benchmark: str) -> None:
    """Put the card beside the model that it describes; where scores are of another one, none."""
    target = common.exports(benchmark) / scored.CARD
    if scored.of_present_model(benchmark):
        source = common.results(benchmark) / scored.CARD
        files.write_text(target, source.read_text(encoding="utf-8"))
    else:
        target.unlink(missing_ok=True)

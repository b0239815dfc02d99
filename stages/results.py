"""Print the results of every evaluated benchmark: python -m stages.results [--md] [--shipped].

Not a stage: it only reads results/*/metrics.json, which runs here left, and with --shipped the
shipped/*/metrics.json in Git beside them.
"""

import sys
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from hadamrnn import files
from hadamrnn.checkup import committed
from hadamrnn.errors import as_sentences
from hadamrnn.metrics import reached
from stages import scored

COLUMNS = ("benchmark", "float", "integer", "loss", "bytes", "C differs", "C, ms", "training")
"""Of the test set: accuracy of both models (copy: of the recalled symbols; of numbers R2), loss of
the integer model (of numbers root mean squared error), its packed file, sequences in which C
differs from Python, time of a sequence in C, seconds of training."""
WIDTHS = {"results": 80, "shipped": 90}
"""Columns of what is printed into logs and pipes, which have no width of their own."""


def row(path: Path) -> list[str]:
    """The cells of one metrics.json; of a baseline, floats alone, size and loss are theirs."""
    metrics, name = files.read_json(path), path.parent.name
    if path.parts[0] == "shipped":
        name += ", shipped"
    size, parity = metrics["size"], metrics["parity"]
    scores = metrics["integer"] or metrics["float"]
    return [
        name,
        reached(metrics["float"]),
        reached(scores) if parity else "",
        f"{scores.get('cross_entropy', scores.get('rmse')):.2g}",
        f"{size['packed_file_bytes' if parity else 'total_bytes']:,}",
        f"{parity['c_mismatches']}/{parity['sequences']:,}" if parity else "",
        f"{metrics['latency_us']['c_sequence'] / 1000:.2f}" if parity else "",
        f"{metrics['train']['seconds']:.0f} s",
    ]


def main() -> None:
    """Print the table."""
    folders = ("results", "shipped") if "--shipped" in sys.argv[1:] else ("results",)
    found = [path for folder in folders for path in Path(folder).glob("*/metrics.json")]
    older = scored.checked(path.parent.name for path in found if path.parts[0] == "results")
    rows = [row(path) for path in sorted(found, key=lambda p: (p.parent.name, p.parts[0]))]
    if not rows:
        sys.exit("error: results/*/metrics.json: must exist before they are shown; run dvc repro")
    if "--md" in sys.argv[1:]:
        print("| " + " | ".join(COLUMNS) + " |")
        print("| --- " * len(COLUMNS) + "|")
        for cells in rows:
            print("| " + " | ".join(cells) + " |")
        return
    table = Table(title="Test set results", box=SIMPLE_HEAD, show_edge=False, collapse_padding=True)
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == "benchmark" else "right")
    for cells in rows:
        table.add_row(*cells)
    if differs := committed.note():
        print(differs)
    Console(width=None if sys.stdout.isatty() else WIDTHS[folders[-1]]).print(table)
    print(*older, sep="\n", end="\n" * bool(older))
    print("models and C: exports/<benchmark>; metrics: results/<benchmark>; pages: reports/")


if __name__ == "__main__":
    with as_sentences():
        main()

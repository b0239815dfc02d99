"""Print the results of every evaluated benchmark: python -m stages.results [--md] [--shipped].

Not a stage: it only reads results/*/metrics.json, which runs here left, and with --shipped the
shipped/*/metrics.json in Git beside them.
"""

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from hadamrnn import files
from stages import committed

COLUMNS = (
    "benchmark", "float accuracy", "float cross-entropy", "integer accuracy",
    "integer cross-entropy", "size (bytes)", "C mismatches", "C latency", "training",
)  # fmt: skip


def score_cells(part):
    """Accuracy and cross-entropy. The copy task's accuracy is that of recalled symbols."""
    accuracy = part.get("recalled_accuracy", part["accuracy"])
    return [f"{100 * accuracy:.2f} %", f"{part['cross_entropy']:.3g}"]


def row(path):
    """One table row of a metrics.json; the size of a baseline is that of its weights."""
    metrics, name = files.read_json(path), path.parent.name
    if path.parts[0] == "shipped":
        name += ", shipped"
    cells = [name, *score_cells(metrics["float"])]
    size, parity, trained = metrics["size"], metrics["parity"], metrics["train"]["seconds"]
    if parity is None:  # a baseline: floats alone
        return [*cells, "", "", f"{size['total_bytes']:,}", "", "", f"{trained:.0f} s"]
    return [
        *cells,
        *score_cells(metrics["integer"]),
        f"{size['packed_file_bytes']:,}",
        f"{parity['c_mismatches']} of {parity['sequences']:,}",
        f"{metrics['latency_us']['c_sequence'] / 1000:.2f} ms",
        f"{trained:.0f} s",
    ]


def main() -> None:
    """Print the table."""
    folders = ("results", "shipped") if "--shipped" in sys.argv[1:] else ("results",)
    found = [path for folder in folders for path in Path(folder).glob("*/metrics.json")]
    rows = [row(path) for path in sorted(found, key=lambda p: (p.parent.name, p.parts[0]))]
    if not rows:
        sys.exit("error: results/*/metrics.json: must exist before they are shown; run dvc repro")
    if "--md" in sys.argv[1:]:
        print("| " + " | ".join(COLUMNS) + " |")
        print("| --- " * len(COLUMNS) + "|")
        for cells in rows:
            print("| " + " | ".join(cells) + " |")
        return
    table = Table(*COLUMNS, title="Test set results")
    for cells in rows:
        table.add_row(*cells)
    if differs := committed.note():
        print(differs)
    # Logs and pipes have no width of their own; the table needs 150 columns.
    Console(width=None if sys.stdout.isatty() else 150).print(table)


if __name__ == "__main__":
    main()

"""A run as one JSON file, results/paper/<run>.json: how it is written, and what must be in it.

``benchmarks.paper`` writes such a file of a finished experiment, ``hadamrnn.report.runs`` reads it.
Keys stand in the order of ``KEYS``, a list of numbers on one line, so that equal runs give equal
files and a difference shows what changed.
"""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hadamrnn.errors import HadamrnnError

KEYS = {
    "benchmark": "name of the data set, a section of params.yaml",
    "model": "name, hidden_size, q (null: has no blocks), weight_bits (32: float32)",
    "seed": "of initial weights and batch order",
    "command": "repeats the run with the shipped params.yaml",
    "commit": "of the code that the run started from",
    "finished": "date and time, ISO 8601",
    "machine": "the one that trained; of runs from before it was recorded only collected_on, the "
    "one that collected their files",
    "set": "{dotted key: value} that the run set on top of params.yaml, as in paper.yaml",
    "params": "all parameters of the benchmark, none of them auto",
    "metrics": "results/<benchmark>/metrics.json",
    "confusion": "classes, and counts: a row an actual class, a column a predicted one",
    "history": "{column: a value an epoch}",
}
"""What a file holds, and what each part means."""

Record = dict[str, Any]


def history(text: str) -> dict[str, list[Any]]:
    """Columns of a history.csv.

    Parameters
    ----------
    text : str
        A header and one line an epoch.

    Returns
    -------
    dict of str to list
        Numbers and booleans by column; they print as they did in ``text``.

    Examples
    --------
    >>> history("epoch,valid_accuracy,held_out\\n1,0.5,True\\n2,0.75,True\\n")
    {'epoch': [1, 2], 'valid_accuracy': [0.5, 0.75], 'held_out': [True, True]}
    """
    header, *lines = csv.reader(text.splitlines())
    return {name: [json.loads(line[i].lower()) for line in lines] for i, name in enumerate(header)}


def confusion(text: str) -> Record:
    """The matrix of a confusion.csv.

    Parameters
    ----------
    text : str
        Columns ``actual`` and ``predicted``, one line a sequence; with a column ``count`` one line
        for each pair of classes.

    Returns
    -------
    dict
        ``classes``, numbers by value and names by the alphabet, and ``counts``, a list for each
        actual class.

    Examples
    --------
    >>> confusion("actual,predicted\\nb,b\\na,b\\nb,b\\n")
    {'classes': ['a', 'b'], 'counts': [[0, 1], [0, 2]]}
    """
    rows = list(csv.DictReader(text.splitlines()))
    names = {row[key] for row in rows for key in ("actual", "predicted")}
    classes = sorted(names, key=lambda name: (0, int(name), "") if name.isdigit() else (1, 0, name))
    index = {name: i for i, name in enumerate(classes)}
    counts = [[0] * len(classes) for _ in classes]
    for row in rows:
        counts[index[row["actual"]]][index[row["predicted"]]] += int(row.get("count", 1))
    return {"classes": classes, "counts": counts}


def _text(value: Any, indent: str) -> str:
    inner = indent + "  "
    if isinstance(value, dict) and value:
        lines = (f"{json.dumps(key)}: {_text(item, inner)}" for key, item in value.items())
        return "{\n" + inner + f",\n{inner}".join(lines) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(item, list) for item in value):
        return "[\n" + inner + f",\n{inner}".join(map(json.dumps, value)) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False)


def dumps(record: Mapping[str, Any]) -> str:
    """The text of a record's file.

    Parameters
    ----------
    record : mapping
        By KEYS; their order in the text is that of KEYS.

    Returns
    -------
    str
        JSON with a key a line and a final newline.

    Raises
    ------
    HadamrnnError
        For a missing or unknown key.

    Examples
    --------
    >>> dumps({**dict.fromkeys(KEYS), "history": {"epoch": [1, 2]}}).splitlines()[-3:]
    ['    "epoch": [1, 2]', '  }', '}']
    """
    if set(record) != set(KEYS):
        odd = ", ".join(sorted(set(record) ^ set(KEYS)))
        raise HadamrnnError(f"record: must have the keys {', '.join(KEYS)}; differs in {odd}")
    return _text({key: record[key] for key in KEYS}, "") + "\n"


def read(path: str | Path) -> Record:
    """The record in one file.

    Parameters
    ----------
    path : str or Path
        As results/paper/har2-seed1.json.

    Returns
    -------
    dict
        By KEYS.

    Raises
    ------
    HadamrnnError
        For a file that is not JSON, or lacks one of KEYS.
    """
    path = Path(path)
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise HadamrnnError(f"{path}: must be JSON in UTF-8; got {error}") from None
    missing = [key for key in KEYS if not isinstance(record, dict) or key not in record]
    if missing:
        raise HadamrnnError(
            f"{path}: must hold every part of a run; lacks {', '.join(missing)}; "
            "git restore brings a committed run back"
        )
    return record

"""The CSV file of a study: rows go in one by one, so that a stopped study loses nothing."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hadamrnn.errors import HadamrnnError

Row = Mapping[str, Any] | Sequence[Any]
"""A row's values by column, or in the order of the columns."""


class Table:
    """Rows of ``columns`` in the file ``path``, which need not exist yet.

    Raises HadamrnnError when the file has other columns.
    """

    def __init__(self, path, columns):
        self.path, self.columns = Path(path), tuple(columns)

    def rows(self) -> list[dict[str, str]]:
        """The rows as dictionaries of text, none without a file."""
        if not self.path.exists():
            return []
        with self.path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            found = tuple(reader.fieldnames or ())
            if found != self.columns:
                raise HadamrnnError(
                    f"{self.path}: must have the columns {', '.join(self.columns)}; got "
                    f"{', '.join(found)}; move it away to begin a new one"
                )
            return list(reader)

    def done(self, keys: Sequence[str]) -> set[tuple[str, ...]]:
        """What ``keys``, names of columns, hold in every row: a set of tuples of text."""
        return {tuple(row[key] for key in keys) for row in self.rows()}

    def append(self, row: Row) -> None:
        """Add one row: values in the order of the columns, or a dictionary, where what it lacks
        stays empty."""
        self.rows()  # of other columns: raises
        self._write(self.path, self._lines([row], header=not self.path.exists()), "a")

    def replace(self, rows: Iterable[Row]) -> None:
        """Write the file anew from ``rows``, each as in ``append``: the old file, or the new."""
        partial = self.path.with_suffix(".partial")
        self._write(partial, self._lines(rows, header=True), "w")
        partial.replace(self.path)

    def _lines(self, rows, header):
        named = ([r.get(n, "") for n in self.columns] if isinstance(r, dict) else r for r in rows)
        return [self.columns, *named] if header else list(named)

    @staticmethod
    def _write(path, lines, mode):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open(mode, newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(lines)

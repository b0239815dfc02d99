"""Cells of tables: text files as pandas reads them, and their numbers and times, each checked."""

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np

from hadamrnn.errors import HadamrnnError

EMPTY = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "#N/A", "?"]
"""Cells of an input column that stand for a missing reading."""
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
SEPARATORS = ",;\t|"


def pandas() -> Any:
    """The library that reads tables.

    Raises
    ------
    HadamrnnError
        Where it is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise HadamrnnError(
            "pandas: must be installed to read tables; run pip install 'hadamrnn[train]'"
        ) from None
    return pandas


def first_line(path: Path) -> tuple[int, str]:
    """The first line of a text file with anything in it: its number, from 1, and its text."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    return number, line.rstrip("\r\n")
    except OSError as error:
        raise HadamrnnError(f"{path}: must be a readable file; got {error.strerror}") from None
    except UnicodeDecodeError as error:
        found = error.object[error.start]
        raise HadamrnnError(f"{path}: must be text in UTF-8; got the byte {found:#04x}") from None
    raise HadamrnnError(f"{path}: must hold a table; got an empty file")


def separator_of(line: str) -> str:
    """What stands between the cells of a line: the most frequent of comma, semicolon, tab and bar.

    >>> separator_of("time;ax;ay")
    ';'
    """
    return max(SEPARATORS, key=line.count)


def read_text(path: Path, header: bool = True, names: list[Any] | None = None) -> Any:
    """A table, every cell as text.

    Parameters
    ----------
    path : Path
        UTF-8, cells separated as ``separator_of`` finds.
    header : bool
        Whether the first line names the columns; else they are called 1, 2, ...
    names : list, optional
        Columns that are wanted, all of them by default.

    Returns
    -------
    pandas.DataFrame
        Indexed by the lines of the file, counted from 1.

    Raises
    ------
    HadamrnnError
        For what is no table, lines of unequal length, or a column that is not there.
    """
    library, (number, line) = pandas(), first_line(path)
    separator = separator_of(line)
    present: list[Any] = [name.strip() for name in next(csv.reader([line], delimiter=separator))]
    if not header:
        present = [*range(1, len(present) + 1)]
    for name in names or []:
        if present.count(name) != 1:
            found = ", ".join(map(str, present))[:200]
            raise HadamrnnError(f"{path}: must have one column {name}; got {found}")
    start = number if header else number - 1
    try:
        table = library.read_csv(
            path,
            sep=separator,
            names=[*range(len(present))],
            header=None,
            skiprows=start,
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,
            encoding="utf-8-sig",
            skipinitialspace=True,
        )
    except library.errors.EmptyDataError:
        return library.DataFrame(columns=present, dtype=str)
    except (library.errors.ParserError, ValueError) as error:
        raise HadamrnnError(f"{path}: {_no_table(str(error))}") from None
    if not isinstance(table.index, library.RangeIndex):
        more = len(present) + table.index.nlevels
        raise HadamrnnError(
            f"{path}: row {start + 1} must have {len(present)} cells as the first; got {more}"
        )
    table.columns = present
    table.index = np.arange(len(table)) + start + 1
    table = table.fillna("")
    return table[(table != "").any(axis=1)]


def _no_table(words: str) -> str:
    """What is wrong, from what pandas says."""
    lines = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", words)
    if lines:
        expected, row, found = lines.groups()
        return f"row {row} must have {expected} cells as the first; got {found}"
    return f"must be a table; got {' '.join(words.split())[:200]}"


def numbers(path: Path, column: Any, decimal: str = ".") -> np.ndarray:
    """The numbers of a column of text.

    Parameters
    ----------
    path : Path
        For errors.
    column : pandas.Series of str
        Indexed by lines of the file.
    decimal : {".", ","}
        In front of decimals.

    Returns
    -------
    (n,) float64
        NaN for empty cells.

    Raises
    ------
    HadamrnnError
        For a cell that holds neither a finite number nor nothing.
    """
    library = pandas()
    text = column.str.strip()
    empty = text.isin(EMPTY).to_numpy()
    plain = text.str.replace(",", ".", regex=False) if decimal == "," else text
    values: np.ndarray = library.to_numeric(plain.where(~empty), errors="coerce").to_numpy(
        dtype=np.float64, na_value=np.nan
    )
    wrong = ~np.isfinite(values) & ~empty
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        raise HadamrnnError(
            f"{path}: row {column.index[place]}, column {column.name}: must be a finite number; "
            f"got {text.iloc[place]!r}"
        )
    return values


def times(path: Path, column: Any, unit: str, decimal: str = ".") -> np.ndarray:
    """The times of a column of text, (n,) float64 seconds: numbers, or dates and times of day."""
    library, text = pandas(), column.str.strip()
    first = text.iloc[0].replace(",", ".") if decimal == "," else text.iloc[0]
    try:
        float(first)
    except ValueError:
        stamps = library.to_datetime(text, errors="coerce", format="ISO8601", utc=True)
        wrong = stamps.isna().to_numpy()
        since = (stamps - stamps.iloc[0]).dt.total_seconds()
        values = np.asarray(since, dtype=np.float64)
    else:
        values = numbers(path, column, decimal) * SECONDS[unit]
        wrong = np.isnan(values)
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        raise HadamrnnError(
            f"{path}: row {column.index[place]}, column {column.name}: must be a time, in numbers "
            f"or as 2024-05-31T12:00:00.5; got {text.iloc[place]!r}"
        )
    return values

"""A sequence in a .csv file, as spreadsheets and loggers write them."""

import csv
import math
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hadamrnn.errors import HadamrnnError


def number(cell: str) -> float | None:
    """The finite number in a cell, or None."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in cell else None


def read(path: Path) -> npt.NDArray[np.float64]:
    """The numbers of a file: a line for each time step, numbers and commas.

    Parameters
    ----------
    path : Path
        UTF-8, with or without a byte order mark; line ends of any system. A first line without
        any number names the columns and is left out, and so are empty lines.

    Returns
    -------
    array of float64, (time, columns)
        As written.

    Raises
    ------
    HadamrnnError
        For what is no finite number, lines of unequal length, no numbers at all, or a file that
        cannot be read, naming file, row and column, counted from 1.
    """
    rows: list[list[float]] = []
    first = True
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, strict=True)
            for cells in lines:
                if not any(cell.strip() for cell in cells):
                    continue
                header = first and all(number(cell) is None for cell in cells)
                first = False
                if not header:
                    rows.append(_row(path, lines.line_num, cells, rows))
    except OSError as error:
        raise HadamrnnError(f"{path}: must be a readable file; got {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise HadamrnnError(
            f"{path}: must be text in UTF-8; got the byte {error.object[error.start]:#04x}"
        ) from error
    except csv.Error as error:
        raise HadamrnnError(
            f"{path}: row {lines.line_num} must hold numbers separated by commas; got {error}"
        ) from error
    if not rows:
        raise HadamrnnError(f"{path}: must hold at least one line of numbers; got none")
    return np.array(rows)


def _row(path: Path, line: int, cells: list[str], before: list[list[float]]) -> list[float]:
    """The numbers of a line, as many as in those before it."""
    row: list[float] = []
    for column, cell in enumerate(cells, start=1):
        value = number(cell)
        if value is None:
            raise HadamrnnError(
                f"{path}: row {line}, column {column}: must be a finite number, separated from "
                f"others by commas; got {cell[:60]!r}"
            )
        row.append(value)
    if before and len(row) != len(before[0]):
        raise HadamrnnError(
            f"{path}: row {line}: must hold {len(before[0])} numbers like those before it; "
            f"got {len(row)}"
        )
    return row

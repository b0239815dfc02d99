"""Inputs as users have them: .npy and .csv files as arrays that a model can read."""

import json
from pathlib import Path

import numpy as np

from hadamrnn.errors import HadamrnnError
from hadamrnn.prepared.coding import Coding


def read_csv(path):
    """One sequence as (time, columns) float64: a line for each time step, numbers and commas."""
    rows: list[list[float]] = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = [float(text) for text in line.split(",")]
            except ValueError as error:
                raise HadamrnnError(
                    f"{path}: line {number} must hold numbers separated by commas; "
                    f"got {line.strip()[:60]!r}"
                ) from error
            if rows and len(row) != len(rows[0]):
                raise HadamrnnError(
                    f"{path}: line {number} must hold {len(rows[0])} numbers like "
                    f"those before it; got {len(row)}"
                )
            rows.append(row)
    if not rows:
        raise HadamrnnError(f"{path}: must hold at least one line of numbers; got none")
    return np.array(rows)


def read_inputs(path, model):
    """Real inputs, (n, T, d_in), or symbol ids, (n, T), of a .npy or .csv file.

    A .npy file holds one sequence or many. If a card.json lies beside it (a prepared data set),
    its scale and offset turn the stored numbers into real ones. A .csv file holds one sequence.
    """
    path = Path(path)
    symbol = model.input_kind == "symbol"
    try:
        if path.suffix == ".npy":
            inputs = np.load(path, allow_pickle=False)
        elif path.suffix == ".csv":
            inputs = read_csv(path)
            inputs = inputs.reshape(1, -1) if symbol else inputs[None]
        else:
            raise HadamrnnError(f"{path}: must be a .npy or .csv file; got {path.suffix!r}")
    except OSError as error:
        raise HadamrnnError(f"{path}: must be a readable file; got {error}") from error
    except HadamrnnError:
        raise
    except (ValueError, EOFError) as error:
        raise HadamrnnError(f"{path}: must be an array of numbers; got {error}") from error
    if inputs.dtype.kind not in "iufb":
        raise HadamrnnError(f"{path}: must be an array of numbers; got {inputs.dtype}")
    if inputs.ndim == (1 if symbol else 2):
        inputs = inputs[None]
    card = path.with_name("card.json")
    if not symbol and path.suffix == ".npy" and card.is_file():
        try:
            content = json.loads(card.read_text(encoding="utf-8"))
        except ValueError as error:
            raise HadamrnnError(f"{card}: must be JSON; got {error}") from error
        inputs = Coding.from_card(content, str(card)).decode(inputs)
    return inputs

"""Print a line for each sequence: its number and its class (per-step models: of every step).

A model of numbers gives these, in the units of the targets that it was trained on.

Inputs are readings in the recorder's units, as the data were that the model was trained on. A
warning on standard error says where they do not look like it. (A model file that does not say what
readings are takes the real numbers it was trained on; where card.json lies beside a .npy file, what
is stored is decoded.)
"""

import argparse
import sys
import warnings
from pathlib import Path

import numpy as np

from hadamrnn import integer
from hadamrnn.cli.inputs import read_inputs
from hadamrnn.errors import HadamrnnError, HadamrnnWarning
from hadamrnn.integer import IntegerModel

HELP = "the class, or the number, of every sequence, one line each"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``hadamrnn predict``."""
    parser.add_argument("file", help="packed model, such as shipped/har2/model.hrnn")
    parser.add_argument(
        "input",
        help=".npy, or .npz with one array or one named inputs: (sequences, time, features) or "
        "(time, features) readings, or (sequences, time) symbol ids; .csv: one sequence, a line a "
        "sample, with or without a line of column names",
    )


def run(options: argparse.Namespace) -> int:
    """Print the classes, and on standard error a warning if the inputs look wrong."""
    model = integer.load(options.file)
    path = Path(options.input)
    inputs = read_inputs(path, model)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", HadamrnnWarning)
        try:
            classes = model.predict(inputs)
        except HadamrnnError as error:
            raise HadamrnnError(f"{path}: {error}") from error
    for warning in caught:
        print(f"hadamrnn: warning: {path}: {warning.message}", file=sys.stderr)
    for number, row in enumerate(classes):
        labels = (_label(model, answer) for answer in np.atleast_1d(row).tolist())
        print(f"{number}\t{' '.join(labels)}")
    return 0


def _label(model: IntegerModel, answer: int | float) -> str:
    """An answer as it is printed: a number, or the name of a class."""
    if isinstance(answer, float):
        return f"{answer:.9g}"
    return model.class_names[answer] if model.class_names else str(answer)

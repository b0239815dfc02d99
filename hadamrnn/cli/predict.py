"""Print a line for each sequence: its number and its class (per-step models: of every step)."""

import argparse
import sys

import numpy as np

from hadamrnn import integer
from hadamrnn.cli.inputs import read_inputs

HELP = "the class of every sequence, one line each"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``hadamrnn predict``."""
    parser.add_argument("file", help="packed model, such as shipped/har2/model.hrnn")
    parser.add_argument(
        "input",
        help=".npy: (sequences, time, features) or (time, features) real "
        "numbers, or (sequences, time) symbol ids; .csv: one sequence, a line a step",
    )


def run(options: argparse.Namespace) -> int:
    """Print the classes, and on standard error a warning if the inputs look wrong."""
    model = integer.load(options.file)
    classes, warning = predict(model, read_inputs(options.input, model))
    if warning:
        print(warning, file=sys.stderr)
    for number, row in enumerate(classes):
        print(f"{number}\t{' '.join(_label(model, c) for c in np.atleast_1d(row))}")
    return 0


def warn_of_saturation(model, inputs, x_int):
    """A sentence if many inputs lie outside the model's range, else None: wrong units, likely."""
    if model.input_kind == "symbol":
        return None
    error = np.abs(model.input_scale * (x_int.astype(np.float64) - model.input_zero_point) - inputs)
    share = float((error > model.input_scale).mean())
    if share <= 0.01:
        return None
    return (
        f"hadamrnn: warning: {100 * share:.0f} % of the inputs lie outside the model's input "
        f"range and were clipped; are they in the units it was trained on?"
    )


def predict(model, inputs):
    """(classes, warning or None) of real inputs."""
    x_int = model.quantize_input(inputs)
    return model.run_logits(x_int).argmax(axis=-1), warn_of_saturation(model, inputs, x_int)


def _label(model, class_id):
    return model.class_names[class_id] if model.class_names else str(class_id)

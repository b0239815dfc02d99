"""The command ``hadamrnn``: look into an exported model, and run it. Needs NumPy only.

hadamrnn info FILE            what the model is, its bytes and operations
hadamrnn predict FILE INPUT   the class of every sequence in a .npy or .csv file
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from hadamrnn import integer
from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import accounting


def describe(model):
    """Lines of text about an IntegerModel."""
    kind = "symbol ids" if model.input_kind == "symbol" else f"{model.input_bits}-bit integers"
    readout = "every step" if model.many_to_many else model.readout
    lines = [
        ("model", model.name),
        (
            "hidden state",
            f"{model.hidden_size} integers of {model.activation_bits} bits, blocks of "
            f"{model.block_size}",
        ),
        ("input", f"{model.input_size} {kind}, weights of {model.input_weight_bits} bits"),
        (
            "output",
            f"{model.output_size} classes, weights of {model.weight_bits} bits, readout {readout}",
        ),
    ]
    if model.input_kind == "dense":
        half = 1 << (model.input_bits - 1)
        low, high = (model.input_scale * (x - model.input_zero_point) for x in (-half, half - 1))
        lines.append(
            (
                "input range",
                f"{low:.6g} to {high:.6g} in steps of "
                f"{model.input_scale:.6g}, zero {model.input_zero_point}",
            )
        )
    if model.readout == "mean":
        lines.append(("longest sequence", f"{model.max_steps} steps"))
    lines += [
        (
            "arithmetic",
            f"transform {model.transform_bits} bits, accumulator 32 bits with "
            f"{model.fraction_bits} fraction bits",
        ),
        ("state scale", f"{model.state_scale:.6g}"),
        ("logit scale", f"{model.logit_scale:.6g}"),
    ]
    if model.class_names:
        lines.append(("classes", ", ".join(model.class_names)))
    # Whether a symbol table was an embedding is not in the file: it counts as input here.
    sizes = {n: v for n, v in accounting.sizes(model).items() if "embedding" not in n}
    lines += [(name.replace("_", " "), value) for name, value in sizes.items()]
    lines += [
        (f"{name.replace('_', ' ')} per step", value)
        for name, value in accounting.operations_per_step(model).items()
    ]
    return [f"{label:32}{value}" for label, value in lines]


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
            entry = json.loads(card.read_text(encoding="utf-8"))["input"]
            scale, offset = np.float32(entry["scale"]), np.float32(entry["offset"])
        except (ValueError, KeyError, TypeError) as error:
            raise HadamrnnError(
                f"{card}: must give the input's scale and offset; got {error}"
            ) from error
        inputs = inputs.astype(np.float32) * scale + offset
    return inputs


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


def main(arguments=None):
    """Run the command; returns the exit code: 0, or 1 after an error told in one sentence."""
    parser = argparse.ArgumentParser(
        prog="hadamrnn", description="Look into, and run, an exported HadamRNN model (.hrnn)."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    info = commands.add_parser("info", help="what the model is, its bytes and operations")
    info.add_argument("file", help="packed model, such as exports/har2/model.hrnn")
    run = commands.add_parser(
        "predict",
        help="the class of every sequence, one line each",
        description="Prints a line for each sequence: its number and its "
        "class (for per-step models the class of every step).",
    )
    run.add_argument("file", help="packed model, such as exports/har2/model.hrnn")
    run.add_argument(
        "input",
        help=".npy: (sequences, time, features) or (time, features) real "
        "numbers, or (sequences, time) symbol ids; .csv: one sequence, a line a step",
    )
    options = parser.parse_args(arguments)
    try:
        model = integer.load(options.file)
        if options.command == "info":
            print("\n".join(describe(model)))
            return 0
        classes, warning = predict(model, read_inputs(options.input, model))
    except HadamrnnError as error:
        print(f"hadamrnn: {error}", file=sys.stderr)
        return 1
    if warning:
        print(warning, file=sys.stderr)
    for number, row in enumerate(classes):
        print(f"{number}\t{' '.join(_label(model, c) for c in np.atleast_1d(row))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

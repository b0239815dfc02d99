"""What an exported model is: its shape, input range, arithmetic, bytes and operations."""

import argparse

from hadamrnn import integer
from hadamrnn.integer import IntegerModel, accounting, c_loops
from hadamrnn.integer.inputs import real_range

HELP = "what the model is, its bytes and operations"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``hadamrnn info``."""
    parser.add_argument("file", help="packed model, such as shipped/har2/model.hrnn")


def run(options: argparse.Namespace) -> int:
    """Print the lines of ``describe``."""
    print("\n".join(describe(integer.load(options.file))))
    return 0


def describe(model: IntegerModel) -> list[str]:
    """Lines of text about a model.

    Parameters
    ----------
    model : IntegerModel
        As loaded.

    Returns
    -------
    list of str
        A label and a value each.
    """
    kind = "symbol ids" if model.input_kind == "symbol" else f"{model.input_bits}-bit integers"
    if model.embedding is not None:
        kind += f" of {model.features} numbers of {model.input_bits} bits"
    readout = "every step" if model.per_step else model.readout
    kinds = "numbers" if model.numbers else "classes"
    lines: list[tuple[str, object]] = [
        ("model", model.name),
        (
            "hidden state",
            f"{model.hidden_size} integers of {model.activation_bits} bits, blocks of "
            f"{model.block_size}",
        ),
        ("input", f"{model.input_size} {kind}, weights of {model.input_weight_bits} bits"),
        (
            "output",
            f"{model.output_size} {kinds}, weights of {model.weight_bits} bits, readout {readout}",
        ),
    ]
    if model.input_kind == "dense":
        low, high = real_range(model)
        lines.append(
            (
                "input range",
                f"{low:.6g} to {high:.6g} in steps of "
                f"{model.input_scale:.6g}, zero {model.input_zero_point}",
            )
        )
    if model.fade:
        lines.append(("memory", f"fades by 2^-{model.fade} a step"))
    if model.readout != "last":
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
    lines += [(f"C on {name}", which) for name, which in c_loops.loops(model).items()]
    if model.class_names:
        lines.append((kinds, ", ".join(model.class_names)))
    # Whether a symbol table was an embedding is not in the file: it counts as input here.
    hidden = "embedding" if model.embedding is None else "without_embedding"
    sizes = {n: v for n, v in accounting.sizes(model).items() if hidden not in n}
    lines += [(name.replace("_", " "), value) for name, value in sizes.items()]
    lines += [
        (f"{name.replace('_', ' ')} per step", value)
        for name, value in accounting.operations_per_step(model).items()
    ]
    return [f"{label:32}{value}" for label, value in lines]

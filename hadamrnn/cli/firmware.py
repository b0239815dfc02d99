"""The C of an exported model in a folder, ready to compile.

hadamrnn.c, hadamrnn.h, the model's header under its name, for a recording that does not end
hadamrnn_stream.c and hadamrnn_stream.h, the examples main.c and stream.c (kept if they are there
already) and a README.
"""

import argparse
from pathlib import Path

from hadamrnn import integer
from hadamrnn.export import firmware, packages

HELP = "the C sources, the model's header and an example, ready to compile"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``hadamrnn firmware``."""
    parser.add_argument("file", help="packed model, such as shipped/har2/model.hrnn")
    parser.add_argument("folder", help="where to write; made if it is not there")
    parser.add_argument("--name", help="of the model in C, for a second model of one name")
    parser.add_argument(
        "--loader",
        action="store_true",
        help="add hadamrnn_load.c, to read .hrnn files on the device",
    )
    parser.add_argument(
        "--any-model",
        action="store_true",
        help="a runtime that runs other models too; without, one for this model, which is smaller",
    )
    parser.add_argument(
        "--package",
        choices=packages.FILES,
        help="in the layout of a build system, with the files that it wants",
    )


def run(options: argparse.Namespace) -> int:
    """Write the folder and say what is in it."""
    model = integer.load(options.file)
    written = firmware.write(
        model,
        options.folder,
        options.name,
        loader=options.loader,
        package=options.package,
        any_model=options.any_model,
    )
    for name in written:
        print(Path(options.folder, name))
    for name in sorted(firmware.KEPT):
        if options.package is None and name not in written and Path(options.folder, name).exists():
            print(f"{Path(options.folder, name)} is kept as it was")
    return 0

"""Machine code for a wheel: ``python -m hadamrnn.targets.wheel`` in the folder of an unpacked one.

``nox -s wheel`` does all of it. The code that is compiled is that of the package that runs.
"""

import re
import sysconfig
from pathlib import Path

from hadamrnn import files
from hadamrnn.errors import HadamrnnError, as_sentences
from hadamrnn.integer import engine
from hadamrnn.kernels import build as kernels
from hadamrnn.machine_code import prebuilt


def tag(folder: Path) -> None:
    """Say in an unpacked wheel that it is for the system of this computer.

    Parameters
    ----------
    folder : Path
        With the folder ``hadamrnn-<version>.dist-info``.

    Raises
    ------
    HadamrnnError
        It is no unpacked wheel of this package.
    """
    try:
        (path,) = folder.glob("hadamrnn-*.dist-info/WHEEL")
    except ValueError:
        raise HadamrnnError(f"{folder}: must be an unpacked wheel of hadamrnn") from None
    system = re.sub(r"[^a-z0-9_]", "_", sysconfig.get_platform().lower())
    text = path.read_text(encoding="utf-8").replace("Purelib: true", "Purelib: false")
    files.write_text(path, re.sub(r"^Tag: .*$", f"Tag: py3-none-{system}", text, flags=re.M))


def main() -> None:
    """Compile the kernels and the runtime into the package, and tag the wheel."""
    tag(Path())
    prebuilt.build((kernels.code(32), kernels.code(64), engine.code()))


if __name__ == "__main__":
    with as_sentences():
        main()

"""What commands for the pipeline need: more packages than NumPy, and the clone's root."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from hadamrnn.errors import HadamrnnError


def clone_of(folder: Path) -> Path | None:
    """The clone of the project that a folder lies in, if any.

    Parameters
    ----------
    folder : Path
        Absolute.
    """
    for place in (folder, *folder.parents):
        if (place / "dvc.yaml").exists() and (place / "params.yaml").exists():
            return place
    return None


def in_root() -> None:
    """Hold the working folder to be that of params.yaml and dvc.yaml.

    Raises
    ------
    HadamrnnError
        If it is another.
    """
    here = Path.cwd()
    if clone_of(here) != here:
        raise HadamrnnError(f"{here}: must be the folder of params.yaml and dvc.yaml; got another")


@contextlib.contextmanager
def more_than_numpy(command: str, extra: str = "train") -> Iterator[None]:
    """Imports of packages that an extra installs.

    Parameters
    ----------
    command : str
        Of ``hadamrnn``.
    extra : str
        Of the package.

    Raises
    ------
    HadamrnnError
        If one is missing: what to install.
    """
    try:
        yield
    except ImportError as error:
        raise HadamrnnError(
            f"hadamrnn {command}: needs more than NumPy, run pip install 'hadamrnn[{extra}]'; got "
            f"{error}"
        ) from None

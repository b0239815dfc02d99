"""What params.yaml says that the committed one does not, and how to undo it.

DVC leaves in params.yaml what ``-S`` set, also after a refused or failed experiment, so that the
next command would run with it unnoticed.
"""

import subprocess
from pathlib import Path
from typing import Any

import yaml

from hadamrnn.errors import HadamrnnError
from hadamrnn.params.document import read
from hadamrnn.params.sentences import path_of, shown

FILE = "params.yaml"
MOST = 8
MISSING = object()


def differences(present: Any, earlier: Any, place: str = "") -> list[str]:
    """Every value that is not the earlier one.

    Parameters
    ----------
    present, earlier : object
        Documents as ``document.read`` gives.
    place : str
        Dotted path of both, empty for whole documents.

    Returns
    -------
    list of str
        "key is value (earlier value)", in the order of the keys.

    Examples
    --------
    >>> differences({"q": 4, "train": {"epochs": 3}}, {"q": "auto", "train": {"epochs": 3}})
    ["q is 4 ('auto')"]
    """
    if isinstance(present, dict) and isinstance(earlier, dict):
        keys = {**present, **earlier}
        return [
            difference
            for key in keys
            for difference in differences(
                present.get(key, MISSING), earlier.get(key, MISSING), path_of(place, key)
            )
        ]
    if type(present) is type(earlier) and present == earlier:
        return []
    now, before = ("not there" if x is MISSING else shown(x) for x in (present, earlier))
    return [f"{place} is {now} ({before})"]


def note(folder: str | Path = ".") -> str | None:
    """One line about the differences; None where there are none, or nothing to compare with.

    Parameters
    ----------
    folder : str or Path
        The clone.

    Returns
    -------
    str or None
        With the way back.
    """
    try:
        command = ["git", "show", f"HEAD:./{FILE}"]
        done = subprocess.run(command, capture_output=True, check=True, cwd=folder)
        found = differences(read(Path(folder, FILE)), yaml.safe_load(done.stdout.decode("utf-8")))
    except (OSError, subprocess.CalledProcessError, UnicodeDecodeError, yaml.YAMLError):
        return None
    except HadamrnnError:  # told by who reads it to use it
        return None
    if not found:
        return None
    more = f" and {len(found) - MOST} more" if len(found) > MOST else ""
    return (
        f"{FILE} differs from the committed one: {'; '.join(found[:MOST])}{more}. "
        f"To undo it: git restore {FILE}"
    )

"""HAR-2: two groups of activities from a smartphone at the waist (UCI HAR, raw windows).

The two classes are those of the FastGRNN paper (arXiv:1901.02358); the windows are those of
``common.uci_har``.
"""

from pathlib import Path

import numpy as np
from pydantic.dataclasses import dataclass

from hadamrnn import params
from hadamrnn.datasets.common import splits, uci_har

CLASS_OF_ACTIVITY = np.array([1, 0, 1, 0, 1, 0], dtype=np.uint8)
NAMES = ("sitting, laying, walking upstairs", "standing, walking, walking downstairs")


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Data(uci_har.Data):
    """Settings of the windows; there are no others."""

    facts = params.Facts(axes=True, finer_classes=True)


def prepare(folder: Path, settings: Data) -> None:
    """Write the splits of ``uci_har.windows``, and beside the two classes the six activities.

    Parameters
    ----------
    folder : Path
        Written to.
    settings : Data
        From the section of params.yaml.

    Raises
    ------
    HadamrnnError
        When the raw file cannot be had.
    """
    arrays, activities, facts = uci_har.windows(settings, CLASS_OF_ACTIVITY)
    arrays |= {f"{split}_finer": chosen for split, chosen in activities.items()}
    finer = {"names": uci_har.ACTIVITIES, "class_of": CLASS_OF_ACTIVITY.tolist()}
    card = {
        "title": "HAR-2 (UCI HAR smartphone windows, two groups of activities)",
        **facts,
        "output": {"size": len(NAMES), "names": NAMES, "per_step": False, "finer": finer},
    }
    splits.write(folder, arrays, card)

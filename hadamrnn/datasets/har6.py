"""HAR-6: the six activities of UCI HAR on its official split, the windows of ``common.uci_har``."""

from pathlib import Path

import numpy as np
from pydantic.dataclasses import dataclass

from hadamrnn import params
from hadamrnn.datasets.common import splits, uci_har


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Data(uci_har.Data):
    """Settings of the windows; there are no others."""

    facts = params.Facts(axes=True)


def prepare(folder: Path, settings: Data) -> None:
    """Write the splits of ``uci_har.windows`` with the activities as classes.

    Parameters
    ----------
    folder : Path
        Written to.
    settings : Data

    Raises
    ------
    HadamrnnError
        When the raw file cannot be had.
    """
    names = uci_har.ACTIVITIES
    arrays, _, facts = uci_har.windows(settings, np.arange(len(names), dtype=np.uint8))
    card = {
        "title": "HAR-6 (UCI HAR smartphone windows, six activities)",
        **facts,
        "output": {"size": len(names), "names": names, "per_step": False},
    }
    splits.write(folder, arrays, card)

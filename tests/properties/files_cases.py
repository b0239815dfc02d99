"""Files that stages read: what stages wrote, and the user's own recordings."""

import contextlib
import random
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from hadamrnn import integer
from hadamrnn.datasets import copy
from hadamrnn.datasets.common import by_name
from hadamrnn.errors import HadamrnnError
from hadamrnn.files import check_sums, write_sums
from hadamrnn.integer import c_header, packed
from hadamrnn.prepared import arrays
from hadamrnn.prepared.coding import Coding
from tests.datasets.formats.conftest import COLUMNS, log
from tests.properties import mutations
from tests.properties.cases import Wrong, sentence
from tests.random_models import random_model

OWN = {
    "type": "csv",
    "columns": COLUMNS,
    "window": {"steps": 4, "rate_hz": 10},
    "split": {"test": {"group": ["c"]}, "valid": {"group": ["b"]}},
}


def _arrays_of(folder: Path) -> Any:
    card = arrays.read_card(folder)
    Coding.from_card(card)
    return [arrays.load(folder, split) for split in arrays.SPLITS]


def _exported(folder: Path) -> Any:
    check_sums(folder, ("model.hrnn", "model.h"))
    return packed.to_bytes(integer.load(folder / "model.hrnn"))


class Written:
    """What stages wrote for the next one: prepared arrays and an export, made once."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.place = folder / "written", folder / "damaged"
        settings = {"steps": 25, "train_sequences": 9, "valid_sequences": 4, "test_sequences": 3}
        copy.prepare(self.folder / "prepared", copy.Data(**settings, data_seed=1))
        exported = self.folder / "exported"
        exported.mkdir()
        model = random_model(np.random.default_rng(0), block_size=16, q=1)
        packed.write(model, exported / "model.hrnn")
        c_header.write(model, exported / "model.h")
        write_sums(exported, ("model.hrnn", "model.h"))
        self.readers: dict[str, Callable[[Path], Any]] = {
            "prepared": _arrays_of,
            "exported": _exported,
        }
        self.answers = {name: read(self.folder / name) for name, read in self.readers.items()}

    def damaged(self, draw: random.Random, _: Path) -> bool:
        """Damage in a file is noticed; nothing else is read than what was written."""
        name = draw.choice([*self.readers])
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.copytree(self.folder / name, self.place)
        path = draw.choice(sorted(self.place.iterdir()))
        path.write_bytes(mutations.changed(draw, path.read_bytes()))
        try:
            found = self.readers[name](self.place)
        except HadamrnnError as error:
            if self.place.name not in sentence(str(error)):
                raise Wrong(f"{path.name}: the sentence names no file: {error}") from error
            return False
        if not _equal(found, self.answers[name]):
            raise Wrong(f"{path.name}: other content is read than was written")
        return True


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    return np.array_equal(one, other) if isinstance(one, np.ndarray) else bool(one == other)


def _texts() -> dict[str, bytes]:
    rows = log(steps=6)
    lines = "".join(f"{line}\n" for line in rows)
    return {
        "plain": lines.encode(),
        "semicolons": lines.replace(",", ";").replace(".", ",").encode(),
        "marked": ("\ufeff" + lines.replace("\n", "\r\n")).encode(),
    }


TEXTS = _texts()


def recordings(draw: random.Random, folder: Path) -> bool:
    """The user's own table is refused by name, or becomes arrays of as many finite windows."""
    path = folder / "data" / "raw" / "log.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = draw.choice([*TEXTS])
    path.write_bytes(mutations.changed(draw, TEXTS[kind]))
    section = {**OWN, "path": "data/raw/log.csv"}
    section |= {"decimal": ","} if kind == "semicolons" else {}
    made = folder / "prepared"
    shutil.rmtree(made, ignore_errors=True)
    with contextlib.chdir(folder), warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            by_name.prepare(Path("prepared"), "own", section)
        except HadamrnnError as error:
            sentence(str(error))
            return False
    card = arrays.read_card(made)
    for split in arrays.SPLITS:
        inputs, targets = arrays.load(made, split)
        names = len(card["output"]["names"])
        if inputs.shape != (len(targets), 4, 2) or not np.isfinite(inputs).all():
            raise Wrong(f"{split}: inputs of shape {inputs.shape}, or not finite")
        if len(targets) != card["counts"][split] or (len(targets) and targets.max() >= names):
            raise Wrong(f"{split}: targets are not classes of the card")
    return True

"""Texts: a folder of .txt files for each class, or a table with a column of texts."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hadamrnn.datasets.common import splits
from hadamrnn.datasets.common.text import PADDING, fixed_length, lengths
from hadamrnn.datasets.formats import cells, parts
from hadamrnn.datasets.formats.recordings import Recording
from hadamrnn.datasets.formats.sections import TextColumns
from hadamrnn.datasets.formats.settings import Settings
from hadamrnn.datasets.formats.windows import class_names
from hadamrnn.errors import HadamrnnError
from hadamrnn.files import patterns
from hadamrnn.params.sentences import shown
from hadamrnn.prepared.arrays import SPLITS

RARE, FIRST = 1, 2
"""Ids of what is not in the vocabulary, and of its most frequent symbol."""
WORD = re.compile(r"\w+(?:['’]\w+)*")


def symbols(text: str, unit: str) -> list[str]:
    """Words in lower case, or characters.

    Parameters
    ----------
    text : str
    unit : {"word", "character"}

    Returns
    -------
    list of str

    Examples
    --------
    >>> symbols("It's late, Ann.", "word"), symbols("a b", "character")
    (["it's", 'late', 'ann'], ['a', ' ', 'b'])
    """
    return WORD.findall(text.lower()) if unit == "word" else [*text]


def prepare(folder: Path, settings: Settings) -> None:
    """Write the splits of the user's own texts.

    Parameters
    ----------
    folder : Path
        Written to.
    settings : Settings
        Of type text.

    Raises
    ------
    HadamrnnError
        For files that are not as the section says, or too few of them.
    """
    own = settings.own
    texts, recordings = read(settings)
    found = [symbols(text, own.unit) for text in texts]
    divided = parts.divide(recordings, settings)
    names = class_names([str(recording.labels[0]) for recording in recordings])
    if not 2 <= len(names) <= 1 << 16:
        raise HadamrnnError(f"{settings.place}: must have two classes or more; got {shown(names)}")
    learned = {recordings[k].labels[0] for k in divided["train"]}
    if unknown := [name for name in names if name not in learned]:
        raise HadamrnnError(
            f"{settings.place}.split: must leave texts of every class to train on; got none of "
            f"{shown(unknown)}"
        )
    vocabulary = _vocabulary([found[k] for k in divided["train"]], own.words - FIRST)
    number = {symbol: FIRST + k for k, symbol in enumerate(vocabulary)}
    class_of = {name: k for k, name in enumerate(names)}
    groups = class_names([*{one.group for one in recordings if one.group is not None}])
    arrays: dict[str, np.ndarray] = {}
    for split in SPLITS:
        chosen = divided[split]
        ids = [[number.get(symbol, RARE) for symbol in found[k]] for k in chosen]
        arrays[f"{split}_inputs"] = fixed_length(ids, own.steps)
        labels = [class_of[recordings[k].labels[0]] for k in chosen]
        arrays[f"{split}_targets"] = np.array(labels, np.uint8 if len(names) < 257 else np.uint16)
        if groups:
            of = [groups.index(str(recordings[k].group)) for k in chosen]
            arrays[f"{split}_groups"] = np.array(of, dtype=np.uint16)
    splits.write(folder, arrays, _card(settings, recordings, names, groups, vocabulary, arrays))


def read(settings: Settings) -> tuple[list[str], list[Recording]]:
    """All texts, and as recordings without readings where they stand and what they are.

    Parameters
    ----------
    settings : Settings
        Of type text.

    Returns
    -------
    texts : list of str
    recordings : list of Recording

    Raises
    ------
    HadamrnnError
        For a file that is no text in UTF-8, or no such table.
    """
    texts: list[str] = []
    recordings: list[Recording] = []
    for path in patterns.matching(settings.own.path, "text"):
        if settings.texts is None:
            texts.append(_of_file(path))
            recordings.append(_recording(path, 1, path.parent.name, None))
        else:
            for row, text, label, group in _of_table(path, settings.texts):
                texts.append(text)
                recordings.append(_recording(path, row, label, group))
    return texts, recordings


def _of_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise HadamrnnError(f"{path}: must be text in UTF-8; got the byte {byte:#04x}") from None


def _of_table(path: Path, columns: TextColumns) -> list[tuple[int, str, str, str | None]]:
    """(row, text, label, group) of every row with a label."""
    names = [columns.text, columns.label, columns.group]
    table = cells.read_text(path, True, [name for name in names if name is not None])
    found = []
    for row, text, label in zip(
        table.index, table[columns.text], table[columns.label], strict=True
    ):
        group = None if columns.group is None else str(table[columns.group][row])
        if label.strip():
            found.append((int(row), str(text), str(label).strip(), group))
    return found


def _recording(path: Path, row: int, label: str, group: str | None) -> Recording:
    return Recording(
        file=path,
        rows=np.array([row]),
        values=np.zeros((1, 0)),
        labels=np.array([label], dtype=object),
        group=group,
    )


def _vocabulary(texts: Sequence[Sequence[str]], most: int) -> list[str]:
    """The most frequent symbols of the texts that are trained on; of equal ones the first in order.

    >>> _vocabulary([["b", "a", "b"], ["c", "a"]], 2)
    ['a', 'b']
    """
    counts = Counter(symbol for text in texts for symbol in text)
    return [symbol for symbol, _ in sorted(counts.items(), key=lambda p: (-p[1], p[0]))[:most]]


def _card(
    settings: Settings,
    recordings: Sequence[Recording],
    names: Sequence[str],
    groups: Sequence[str],
    vocabulary: Sequence[str],
    arrays: Mapping[str, np.ndarray],
) -> dict[str, Any]:
    own = settings.own
    card = {
        "title": f"Texts under {own.path}",
        "source": own.path,
        "licence": "the user's own",
        "citation": "none",
        "preprocessing": [
            f"Ids: {PADDING} padding in front, {RARE} a {own.unit} that is not in the vocabulary, "
            f"{FIRST} and more the training texts' {own.unit}s by frequency; words in lower case.",
            f"A text keeps its last {own.steps} {own.unit}s.",
        ],
        "own": True,
        "task": own.task,
        "files": len({recording.file for recording in recordings}),
        "recordings": len(recordings),
        "lengths": {split: lengths(arrays[f"{split}_inputs"]) for split in SPLITS},
        "vocabulary": list(vocabulary),
        "input": {
            "kind": "symbol",
            "size": FIRST + len(vocabulary),
            "scale": 1.0,
            "offset": 0.0,
        },
        "output": {"size": len(names), "names": list(names), "per_step": False},
        "steps": own.steps,
    }
    return {**card, "groups": list(groups)} if groups else card

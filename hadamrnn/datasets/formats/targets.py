"""Targets of the user's own recordings: a class or a number a sequence, or a class a step."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hadamrnn.datasets.common import splits
from hadamrnn.datasets.formats.sections import FILE, FOLDER
from hadamrnn.datasets.formats.settings import Settings
from hadamrnn.datasets.formats.windows import Piece, class_names, label_of
from hadamrnn.errors import HadamrnnError
from hadamrnn.params.sentences import shown
from hadamrnn.prepared.arrays import SPLITS
from hadamrnn.prepared.numbers import FARTHEST, Units

MOST_CLASSES = 1 << 16
Found = Mapping[str, list[Piece]]
"""The sequences of each split."""


def check(found: Found, settings: Settings) -> None:
    """Raise HadamrnnError for a split without sequences.

    Parameters
    ----------
    found : mapping of str to list of Piece
    settings : Settings
    """
    for split in SPLITS:
        if not found[split]:
            window = settings.window
            long = f" of {window.steps} steps or more" if window else ""
            raise HadamrnnError(
                f"{settings.place}.split: must leave recordings{long} for {split}; got none"
            )


def of_steps(found: Found, settings: Settings) -> dict[str, list[Piece]]:
    """The same sequences, a class for each step of ``frame`` readings where steps have classes.

    Parameters
    ----------
    found : mapping of str to list of Piece
    settings : Settings
        With a number as ``frame``.

    Returns
    -------
    dict of str to list of Piece
    """
    if settings.own.task != "per_step":
        return dict(found)
    frame, window = settings.own.frame, settings.window
    rule = window.label if window and window.label else "majority"

    def by_frames(labels: np.ndarray) -> np.ndarray:
        if frame == 1:
            return labels.astype(str)
        whole = labels[: len(labels) // frame * frame].reshape(-1, frame)
        return np.array([label_of(step, rule) for step in whole])

    return {
        split: [dataclasses.replace(piece, label=by_frames(piece.label)) for piece in found[split]]
        for split in SPLITS
    }


def names_of(found: Found, settings: Settings) -> list[str]:
    """Names of the classes, all of which are trained on; of numbers, what the target is called.

    Parameters
    ----------
    found : mapping of str to list of Piece
        As ``of_steps`` gives them.
    settings : Settings

    Returns
    -------
    list of str

    Raises
    ------
    HadamrnnError
        For fewer than two classes, or one that no training row has.
    """
    if settings.own.task == "regress":
        label = settings.columns.label if settings.columns else None
        return ["target" if label in (None, FOLDER, FILE) else str(label)]
    every = settings.own.task == "per_step"
    labels = {
        split: {
            str(label)
            for piece in found[split]
            for label in (np.unique(piece.label) if every else [piece.label])
        }
        for split in SPLITS
    }
    names = class_names([*set().union(*labels.values())])
    if len(names) < 2:
        raise HadamrnnError(f"{settings.place}: must have two classes or more; got {names}")
    if len(names) > MOST_CLASSES:
        raise HadamrnnError(
            f"{settings.place}: must have at most {MOST_CLASSES} classes; got {len(names)}"
        )
    unknown = [name for name in names if name not in labels["train"]]
    if unknown:
        what = "steps" if every else "sequences"
        raise HadamrnnError(
            f"{settings.place}.split: must leave {what} of every class to train on; "
            f"got none of {shown(unknown)}"
        )
    return names


def arrays(
    found: Found, names: Sequence[str], steps: int, settings: Settings
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The targets by stem, and what the card says of them.

    Parameters
    ----------
    found : mapping of str to list of Piece
        As ``of_steps`` gives them.
    names : sequence of str
        As ``names_of``.
    steps : int
        Of a prepared sequence.
    settings : Settings

    Returns
    -------
    arrays : dict of str to numpy.ndarray
        (n,) class ids or float64 numbers, or (n, steps) class ids, 0 behind a sequence's end.
    facts : dict
        "output", and of numbers their "target_statistics".

    Raises
    ------
    HadamrnnError
        For steps without a class, or a number that is always the same.
    """
    output: dict[str, Any] = {"size": len(names), "names": list(names), "per_step": False}
    if settings.own.task == "regress":
        return _numbers(found, output, settings)
    number = {name: k for k, name in enumerate(names)}
    kind: Any = np.uint8 if len(names) < 257 else np.uint16
    if settings.own.task == "classify":
        targets = {
            f"{split}_targets": np.array([number[piece.label] for piece in found[split]], kind)
            for split in SPLITS
        }
        return targets, {"output": output}
    sizes = [len(piece.label) for split in SPLITS for piece in found[split]]
    if settings.own.lengths == "pad" and min(sizes) < max(sizes):
        raise HadamrnnError(
            f"{settings.place}.lengths: must be mask or cut for task per_step, since padding has "
            f"no class; got 'pad' with sequences of {min(sizes)} to {max(sizes)} steps"
        )
    made, counts = {}, {}
    for split in SPLITS:
        ids = np.zeros((len(found[split]), steps), dtype=kind)
        counts[split] = np.zeros(len(names), dtype=np.int64)
        for row, piece in zip(ids, found[split], strict=True):
            own = np.array([number[label] for label in piece.label[:steps].tolist()], dtype=kind)
            row[: len(own)] = own
            counts[split] += splits.class_counts(own, len(names))
        made[f"{split}_targets"] = ids
    listed = {split: [int(k) for k in counts[split]] for split in SPLITS}
    return made, {"output": output | {"per_step": True}, "class_counts": listed}


def _numbers(
    found: Found, output: dict[str, Any], settings: Settings
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """``arrays`` of task regress."""
    targets = {
        split: np.array([piece.label for piece in found[split]], dtype=np.float64)
        for split in SPLITS
    }
    units = {split: Units.of(values) for split, values in targets.items()}
    mean, deviation = units["train"].zero, units["train"].scale
    name = output["names"][0]
    if targets["train"].min() == targets["train"].max():
        raise HadamrnnError(
            f"{settings.place}: the target {name} must vary in the training rows; got {mean:g} "
            "alone"
        )
    if abs(mean) > FARTHEST * deviation:
        raise HadamrnnError(
            f"{settings.place}: the target {name} must lie within {FARTHEST:,} of its deviations "
            f"from 0, since models compute in 32 bits (subtract a constant); got a mean of "
            f"{mean:g} and a deviation of {deviation:g}"
        )
    return (
        {f"{split}_targets": values for split, values in targets.items()},
        {
            "output": output | {"target": {"zero": mean, "scale": deviation}},
            "target_statistics": {split: [one.zero, one.scale] for split, one in units.items()},
        },
    )

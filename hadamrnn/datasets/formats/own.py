"""From a section ``data`` with a ``type`` to a prepared folder."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hadamrnn import companding
from hadamrnn.datasets.common import splits
from hadamrnn.datasets.formats import frames, levels, npz, parts, tables, targets, texts, ts
from hadamrnn.datasets.formats.recordings import Recording, without_gaps
from hadamrnn.datasets.formats.settings import Settings
from hadamrnn.datasets.formats.windows import Piece, hop_of, pieces
from hadamrnn.errors import HadamrnnError
from hadamrnn.params.rules import MOST_STEPS
from hadamrnn.prepared import lengths
from hadamrnn.prepared.arrays import SPLITS

READERS: Mapping[str, Callable[[Settings], tuple[list[Recording], list[str]]]] = {
    "csv": tables.read,
    "npz": npz.read,
    "npy": npz.read_files,
    "ts": ts.read,
}
"""Of each type: all recordings, and the names of their channels."""
MOST_NUMBERS = 1 << 32
"""Numbers in all prepared inputs together: 16 GB."""


def prepare(folder: Path, settings: Settings) -> None:
    """Write the splits of the user's own recordings.

    Parameters
    ----------
    folder : Path
        Written to.
    settings : Settings
        Their section of params.yaml.

    Raises
    ------
    HadamrnnError
        For files that are not as the section says, or too few of them.
    """
    if settings.own.type == "text":
        texts.prepare(folder, settings)
        return
    recordings, channels = READERS[settings.own.type](settings)
    missing = settings.own.missing
    recordings = [part for one in recordings for part in without_gaps(one, missing, channels)]
    if not recordings:
        raise HadamrnnError(f"{settings.own.path}: must hold rows with a label; got none")
    window, task = settings.window, settings.own.task
    cut = [pieces(recording, window, task) for recording in recordings]
    divided = parts.divide(recordings, settings)
    found = {split: [piece for k in divided[split] for piece in cut[k]] for split in SPLITS}
    if task == "per_step":  # each step that is scored counts once
        for split in SPLITS[1:]:
            chosen = [recordings[k] for k in divided[split]]
            found[split] = [p for one in chosen for p in pieces(one, window, task, once=True)]
    targets.check(found, settings)
    settings = frames.resolved(settings, found["train"])
    found = targets.of_steps(found, settings)
    names = targets.names_of(found, settings)
    coding = levels.Companding((0.0,) * len(channels), None)
    if settings.own.companding is not None:
        coding = levels.chosen(found["train"])
    if coding.counts is not None:
        found = levels.as_recorded(found, coding.counts)
    arrays, facts = _arrays(found, channels, settings, coding)
    wanted, of_targets = targets.arrays(found, names, facts["steps"], settings)
    card = _card(settings, recordings, channels)
    splits.write(folder, {**arrays, **wanted}, {**card, **facts, **of_targets})


def _arrays(
    found: Mapping[str, list[Piece]],
    channels: Sequence[str],
    settings: Settings,
    coding: levels.Companding,
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays but the targets by stem, and what the card says of them."""
    own = settings.own
    mean, deviation = np.zeros(len(channels)), np.ones(len(channels))
    if own.normalise is not None:
        mean, deviation = _statistics(found["train"], channels, settings.place, coding.units)
    longest = _longest(found, settings)
    groups = sorted({piece.group for split in SPLITS for piece in found[split] if piece.group})
    code = {group: k for k, group in enumerate(groups)}
    arrays: dict[str, np.ndarray] = {}
    steps, frame = longest // own.frame, own.frame
    total = steps * frame * len(channels) * sum(len(found[split]) for split in SPLITS)
    if steps > MOST_STEPS or total > MOST_NUMBERS:
        raise HadamrnnError(
            f"{settings.place}: must make sequences of at most {MOST_STEPS} steps and "
            f"{MOST_NUMBERS:,} numbers in all; got {steps} steps and {total:,} numbers"
        )
    for split in SPLITS:
        inputs = np.zeros((len(found[split]), steps * frame, len(channels)), dtype=np.float32)
        counts = [min(len(piece.values) // frame, steps) for piece in found[split]]
        for row, piece in enumerate(found[split]):
            kept = counts[row] * frame
            inputs[row, :kept] = piece.values[:kept]
            inputs[row, kept:] = companding.expand(mean, np.array(coding.units))
        arrays[f"{split}_inputs"] = inputs.reshape(len(inputs), steps, frame * len(channels))
        if own.lengths == "mask":
            arrays[f"{split}_{lengths.WHAT}"] = np.array(counts, dtype=np.uint32)
        if groups:
            of = [code[piece.group] for piece in found[split] if piece.group]
            arrays[f"{split}_groups"] = np.array(of, dtype=np.uint16)
    window = settings.window
    facts: dict[str, Any] = {"steps": steps}
    if own.lengths == "mask":
        facts["usual_steps"] = int(np.median(arrays[f"train_{lengths.WHAT}"]))
    facts["raw"] = {
        "zero": [float(v) for v in mean],
        "scale": [float(v) for v in deviation],
        "frame": frame,
    }
    if any(coding.units):
        facts["raw"]["companding"] = [*coding.units]
    if coding.counts is not None:
        facts["raw"]["unit"] = [*coding.counts]
    if window is not None:
        facts["raw"]["hop"] = hop_of(window, own.task)
        if window.rate_hz is not None:
            facts["raw"]["rate_hz"] = window.rate_hz
    facts["input"] = {
        "kind": "dense",
        "size": frame * len(channels),
        "scale": 1.0,
        "offset": 0.0,
    }
    if groups:
        facts["groups"] = groups
    return arrays, facts


def _statistics(
    train: Sequence[Piece], channels: Sequence[str], place: str, units: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of every channel over the training readings, six significant digits."""
    readings = np.concatenate([piece.values for piece in train])
    readings = companding.compress(readings, np.array(units))
    mean, deviation = readings.mean(axis=0), readings.std(axis=0)
    for channel, value, spread in zip(channels, mean, deviation, strict=True):
        if not spread > 1e-9 * abs(value):
            raise HadamrnnError(
                f"{place}: every input must vary in the training rows where normalise is "
                f"per_channel; got {value:g} alone in {channel}"
            )
    rounded = (np.array([float(f"{v:.6g}") for v in values]) for values in (mean, deviation))
    return next(rounded), next(rounded)


def _longest(found: Mapping[str, list[Piece]], settings: Settings) -> int:
    """Readings kept of each sequence; behind shorter ones stands the mean, unread with mask."""
    sizes = np.array([len(piece.values) for split in SPLITS for piece in found[split]])
    frame = settings.own.frame
    if sizes.min() < frame:
        raise HadamrnnError(
            f"{settings.place}.frame: must be at most {sizes.min()}, the shortest sequence; "
            f"got {frame}"
        )
    kept = int(sizes.min() if settings.own.lengths == "cut" else sizes.max())
    longest: int = kept // settings.own.frame * settings.own.frame
    return longest


def _card(
    settings: Settings, recordings: Sequence[Recording], channels: Sequence[str]
) -> dict[str, Any]:
    own = settings.own
    paths = [*dict.fromkeys(recording.file.as_posix() for recording in recordings)]
    return {
        "title": f"Recordings under {own.path}",
        "source": own.path,
        "licence": "the user's own",
        "citation": "none",
        "preprocessing": [],
        "own": True,
        "task": own.task,
        "files": len(paths),
        "recordings": len(recordings),
        "channels": list(channels),
        "window": None if settings.window is None else dataclasses.asdict(settings.window),
        "lengths": own.lengths,
        "missing": own.missing,
    }

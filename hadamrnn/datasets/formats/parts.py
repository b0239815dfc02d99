"""Which recordings are trained on, which validate and which test: by group, file or fraction."""

import fnmatch
from collections.abc import Sequence

import numpy as np

from hadamrnn.datasets.common import splits
from hadamrnn.datasets.formats.recordings import Recording
from hadamrnn.datasets.formats.sections import Part
from hadamrnn.datasets.formats.settings import Settings
from hadamrnn.datasets.formats.windows import most_frequent
from hadamrnn.errors import HadamrnnError
from hadamrnn.params.sentences import shown

TEST_STREAM, VALID_STREAM = 1, 2
STRATA = 5
"""Ranges of equally many numbers, of which a fraction takes the same share."""


def divide(recordings: Sequence[Recording], settings: Settings) -> dict[str, list[int]]:
    """The recordings of each split, test first, then validation among what is left.

    No recording is in two splits, so that windows that overlap never are.

    Parameters
    ----------
    recordings : sequence of Recording
        All of them.
    settings : Settings
        Their section.

    Returns
    -------
    dict of str to list of int
        Positions for "train", "valid" and "test", in order.

    Raises
    ------
    HadamrnnError
        For a group or file that is not there, or a split that gets nothing.
    """
    left = [*range(len(recordings))]
    chosen: dict[str, list[int]] = {}
    for split, part, stream in (
        ("test", settings.test, TEST_STREAM),
        ("valid", settings.valid, VALID_STREAM),
    ):
        place = f"{settings.place}.split.{split}"
        picked = _pick([recordings[k] for k in left], part, (settings.seed, stream), place)
        chosen[split] = [left[k] for k in picked]
        left = [k for k in left if k not in {*chosen[split]}]
        if not chosen[split] or not left:
            lacking = "is left to train on" if not left else f"goes to {split}"
            raise HadamrnnError(
                f"{place}: must leave recordings for every split; of {len(recordings)} none "
                f"{lacking}"
            )
    return {"train": left, "valid": chosen["valid"], "test": chosen["test"]}


def _pick(
    recordings: Sequence[Recording], part: Part, seed: tuple[int, int], place: str
) -> list[int]:
    """Positions of the recordings that a part asks for."""
    groups = [recording.group for recording in recordings]
    if part.file is not None:
        picked = [
            k
            for k, recording in enumerate(recordings)
            if fnmatch.fnmatch(recording.file.name, part.file)
        ]
        if not picked:
            raise HadamrnnError(
                f"{place}.file: must match the name of a file; got {shown(part.file)}"
            )
        return picked
    known = sorted({group for group in groups if group is not None})
    if part.group is not None:
        wanted = {str(group) for group in part.group}
        for group in sorted(wanted):
            if group not in known:
                raise HadamrnnError(
                    f"{place}.group: must be among {shown(known)} (columns.group); got {group!r}"
                )
        return [k for k, group in enumerate(groups) if group in wanted]
    assert part.fraction is not None
    by_group = part.by == "group" or (part.by is None and len(known) > 1)
    if not by_group:
        labels = _strata(recordings)
        size = min(len(recordings) - 1, max(1, round(part.fraction * len(recordings))))
        if size < 1:
            return []
        mixed = int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] >> np.uint64(1))
        parts = splits.stratified(labels, [len(recordings) - size, size], mixed)
        return [int(k) for k in parts[1]]
    if len(known) < 2:
        raise HadamrnnError(
            f"{place}.by: must be recording where fewer than two groups are left; got group"
        )
    size = min(len(known) - 1, max(1, round(part.fraction * len(known))))
    order = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed))).permutation(known)
    wanted = {str(group) for group in order[:size]}
    return [k for k, group in enumerate(groups) if group in wanted]


def _strata(recordings: Sequence[Recording]) -> np.ndarray:
    """(n,) what a fraction has the same shares of: classes, of numbers STRATA ranges."""
    if recordings and recordings[0].labels.dtype.kind == "f":
        ranks = np.argsort(np.argsort([one.labels.mean() for one in recordings], kind="stable"))
        return np.asarray(ranks * STRATA // len(recordings))
    classes = [most_frequent(one) for one in recordings]
    return np.asarray(np.unique(classes, return_inverse=True)[1])

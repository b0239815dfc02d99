"""An always-on har2: one state and one exponential mean a neuron, never reset, against windows.

    python -m benchmarks.studies.stream

The people of the training and validation rows are dealt into FOLDS groups; each is left out once by
a model of the recipe of params.yaml that is trained on the others. All windows of a group follow
each other as they were recorded, one stream of some hours, read every HOP steps. The length of the
mean, the smoothing, the margin below which an answer is rejected and how far one that is given may
fall below it are chosen on all groups together: of the settings that miss at most MISSES of the
events that with the fewest false alarms. The shipped model then reads the test split once. Writes
results/studies/stream.csv and, of false alarms against misses, stream.svg.

An event is a stretch of one activity, found where it is answered at least once; a false alarm is an
answer that changes to an activity which is not there; a right answer tells the activity.
"""

import argparse
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.studies import study
from benchmarks.studies.stream_figure import figure
from benchmarks.table import Table
from hadamrnn import events, integer, metrics
from hadamrnn.datasets.common import splits
from hadamrnn.errors import as_sentences
from hadamrnn.export.prepared import freeze_prepared
from hadamrnn.integer import IntegerModel, with_engine
from hadamrnn.models import storage
from hadamrnn.params import Settings
from hadamrnn.prepared import arrays
from hadamrnn.prepared.coding import Coding
from hadamrnn.targets import streams
from hadamrnn.training import device, fit
from hadamrnn.training.configuration import configuration
from hadamrnn.training.data import batches_of
from stages import common

BENCHMARK, RATE_HZ = "har2", 50.0
SPLITS = ("train", "valid")
"""Whose people choose the settings."""
SHIFTS, SMOOTHS, HOP = (4, 5, 6, 7), (0, 1, 2, 3), 32
REJECTS = (0, 1000, 2000, 3000, 4000, 5000, 6000, 8000, 10000, 12000)
FOLDS, MISSES = 4, 0.01
C_STEPS = 100_000
"""Of the test split, run in C as well."""
FOLDER = Path("results/studies")
COLUMNS = (
    "split",
    "shift",
    "smooth",
    "reject",
    "hold",
    "steps",
    "own_windows",
    "stream",
    "right_answers",
    "event_recall",
    "false_alarms_per_hour",
    "c_steps",
    "c_mismatches",
)
Array = npt.NDArray[Any]


Answers = tuple[Array, Array]
"""(steps, scores) of the answers of a stream."""


@dataclass(frozen=True, eq=False)
class Split:
    """The windows of a split as one recording.

    Attributes
    ----------
    x_int : (windows, steps, d_in) int8
        As ``hr_step`` reads them.
    targets, finer : (windows,)
        Classes and activities.
    class_of : list of int
        The class of every activity.
    """

    x_int: Array
    targets: Array
    finer: Array
    class_of: list[int]

    @property
    def labels(self) -> Array:
        """The activity at every step."""
        return np.repeat(self.finer.astype(np.int64), self.x_int.shape[1])


def read(split: str, model: IntegerModel, folder: Path) -> Split:
    """A prepared split for ``model``."""
    card = arrays.read_card(folder)
    inputs, targets = arrays.load(folder, split)
    x_int = model.quantize_input(Coding.from_card(card).decode(inputs))
    finer = arrays.read_array(folder, split, "finer")
    return Split(x_int, targets, finer, card["output"]["finer"]["class_of"])


def write_fold(source: Path, first: int, folder: Path) -> None:
    """Prepared data whose validation rows are one group of people, and whose test is empty."""
    parts = {
        what: np.concatenate([arrays.read_array(source, split, what) for split in SPLITS])
        for what in ("inputs", "targets", "finer", "subjects")
    }
    people, card = parts["subjects"], arrays.read_card(source)
    held_out = np.isin(people, np.unique(people)[first::FOLDS])
    rows = {"train": ~held_out, "valid": held_out, "test": np.zeros(0, np.int64)}
    found, raw = splits.sensor_splits(
        parts["inputs"], parts["targets"], people, rows, card["raw"]["companding"]
    )
    finer = {f"{split}_finer": parts["finer"][chosen] for split, chosen in rows.items()}
    for key in ("shapes", "checksums", "counts", "class_counts"):  # written anew
        del card[key]
    splits.write(folder, found | finer, card | {"raw": card["raw"] | raw})


def people_left_out(settings: Settings) -> Iterator[tuple[IntegerModel, Split]]:
    """Of each group of people, a model that was trained on all others, and their windows."""
    where = device.resolve(settings.device)
    for first in range(FOLDS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_fold(common.prepared(settings.benchmark), first, folder)
            card = arrays.read_card(folder)
            rows, rest = batches_of(settings, folder, card, where, (0, 1))
            module = storage.build(configuration(settings, card), settings.seed).to(where)
            fit.fit(module, rows, rest, settings.train)
            model = freeze_prepared(settings, folder, module.cpu().eval(), card)
            yield model, read("valid", model, folder)


def scores_of(model: IntegerModel, split: Split, shift: int, hop: int) -> Answers:
    """Of every answer of a stream, not smoothed."""
    stream = with_engine(model, "auto").stream(shift=shift, hop=hop)
    found = []
    for row in split.x_int.reshape(-1, split.x_int.shape[-1]):
        if stream.push_integers(row):
            assert stream.scores is not None
            found.append((stream.steps, stream.scores))
    steps, scores = zip(*found, strict=True)
    return np.array(steps), np.array(scores)


def smoothed(scores: Array, smooth: int) -> Array:
    """Scores as a stream with ``smooth`` has them."""
    result = [scores[0]]
    for z in scores[1:]:
        result.append(result[-1] - (result[-1] >> smooth) + (z >> smooth))
    return np.array(result)


def answers(scores: Array, reject: int, hold: int) -> Array:
    """Activities, -1 where a stream with these settings gives none."""
    ordered = np.sort(scores, axis=1)
    margins = (ordered[:, -1] - ordered[:, -2]).tolist()
    found, answer = [], -1
    for best, margin in zip(scores.argmax(axis=1).tolist(), margins, strict=True):
        answer = best if margin >= reject - (hold if best == answer else 0) else -1
        found.append(answer)
    return np.array(found)


def accuracy(split: Split, scores: Array) -> float:
    """Of the classes of all windows, from the scores at the end of each."""
    return float((metrics.merge(scores, split.class_of).argmax(-1) == split.targets).mean())


def own_windows(model: IntegerModel, split: Split) -> float:
    """Accuracy where every window starts from a zero state."""
    return accuracy(split, model.run_logits(split.x_int, workers=1))


def at_ends(split: Split, steps: Array, scores: Array) -> Array:
    """The scores that were due at the end of each window."""
    return scores[steps % split.x_int.shape[1] == 0]


def event_scores(streamed: list[tuple[Split, Answers]], reject: int, hold: int) -> dict[str, Any]:
    """Columns of events, over all streams, at one margin."""
    found = count = alarms = hours = right = due = 0.0
    for split, (steps, scores) in streamed:
        given, labels = answers(scores, reject, hold), split.labels
        stretches = len(events.stretches(labels))
        found, count = (
            found + events.event_recall(labels, steps, given) * stretches,
            count + stretches,
        )
        alarms += events.false_alarms(labels, steps, given)
        hours += len(labels) / RATE_HZ / 3600
        right += float((given == labels[steps - 1]).sum())
        due += len(given)
    return {
        "reject": reject,
        "hold": hold,
        "right_answers": round(right / due, 4),
        "event_recall": round(found / count, 4),
        "false_alarms_per_hour": round(alarms / hours, 2),
    }


def choices(
    left_out: Sequence[tuple[IntegerModel, Split]], hop: int = HOP
) -> Iterator[dict[str, Any]]:
    """A row for every length, smoothing, margin and ``hold``, of people left out."""
    windows = np.array([len(split.targets) for _, split in left_out])

    def mean(values: Sequence[float]) -> float:
        return round(float(np.average(values, weights=windows)), 4)

    own = mean([own_windows(model, split) for model, split in left_out])
    for shift in SHIFTS:
        plain = [scores_of(model, split, shift, hop) for model, split in left_out]
        for smooth in SMOOTHS:
            streamed = [
                (split, (steps, smoothed(scores, smooth)))
                for (_, split), (steps, scores) in zip(left_out, plain, strict=True)
            ]
            row = {
                "split": "left out",
                "shift": shift,
                "smooth": smooth,
                "steps": sum(len(split.labels) for split, _ in streamed),
                "own_windows": own,
                "stream": mean([accuracy(one, at_ends(one, *given)) for one, given in streamed]),
            }
            for reject in REJECTS:
                for hold in sorted({0, reject}):
                    yield row | event_scores(streamed, reject, hold)


def chosen(rows: Iterable[dict[str, Any]]) -> dict[str, int]:
    """The settings of the best row of ``choices``."""
    rows = list(rows)
    found = [row for row in rows if row["event_recall"] >= 1 - MISSES]
    best = min(found or rows, key=lambda row: row["false_alarms_per_hour"])
    return {key: best[key] for key in ("shift", "smooth", "reject", "hold")}


def tested(
    model: IntegerModel, split: Split, settings: dict[str, int], hop: int = HOP
) -> dict[str, Any]:
    """The row of the test split, run in C as well for C_STEPS."""
    steps, scores = scores_of(model, split, settings["shift"], hop)
    scores = smoothed(scores, settings["smooth"])
    stream = model.stream(hop=hop, **settings)
    x = split.x_int.reshape(-1, split.x_int.shape[-1])[:C_STEPS]
    with streams.HostStreams() as program:
        run = program.run(model, stream.settings, x, 1000)
    return {
        "split": "test",
        **settings,
        "steps": len(split.labels),
        "own_windows": round(own_windows(model, split), 4),
        "stream": round(accuracy(split, at_ends(split, steps, scores)), 4),
        **event_scores([(split, (steps, scores))], settings["reject"], settings["hold"]),
        "c_steps": len(x),
        "c_mismatches": int((run.checksums != streams.checksums(stream, x, 1000)).sum()),
    }


def main(folder: Path = FOLDER) -> None:
    """Choose on people left out, read the test split once, write table and figure."""
    settings = study.settings_of(BENCHMARK, [(f"benchmark.{BENCHMARK}.train_on_validation", False)])
    rows = list(choices(list(people_left_out(settings))))
    best = chosen(rows)
    print(best)
    shipped = integer.load(common.shipped(BENCHMARK) / "model.hrnn")
    rows.append(tested(shipped, read("test", shipped, common.prepared(BENCHMARK)), best))
    print(rows[-1])
    Table(folder / "stream.csv", COLUMNS).replace(rows)
    figure(rows, best, folder)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__.split("\n")[0]).parse_args()
    with as_sentences():
        main()

"""An always-on har2: one state and one exponential mean a neuron, never reset, against windows.

    python -m benchmarks.studies.stream

All windows of a split follow each other as they were recorded, one stream of some hours, and are
answered at the end of each. The length of the mean, the smoothing and the margin below which an
answer is rejected are chosen on the people of the validation split, with a model that never saw
them: the recipe of params.yaml, trained without them. The shipped model then reads the test split
once. Writes results/studies/stream.csv and, of false alarms against misses, stream.svg.

An event is a stretch of one activity, found where it is answered at least once; a false alarm is an
answer that changes to an activity which is not there.
"""

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from benchmarks.plots import COLOURS, save
from benchmarks.studies import study, trained
from benchmarks.table import Table
from hadamrnn import events, integer, metrics
from hadamrnn.errors import as_sentences
from hadamrnn.export.prepared import freeze_prepared
from hadamrnn.integer import IntegerModel
from hadamrnn.prepared import arrays
from hadamrnn.prepared.coding import Coding
from hadamrnn.targets import streams
from stages import common

BENCHMARK, RATE_HZ = "har2", 50.0
SHIFTS, SMOOTHS, HOP = (4, 5, 6, 7), (0, 1, 2, 3), 32
REJECTS = (0, 250, 500, 1000, 2000, 3000, 4000, 6000, 8000, 12000, 16000, 24000)
ALARMS = 10.0
"""An hour; of the margins that give no more, the smallest is chosen."""
C_STEPS = 100_000
"""Of the test split, run in C as well."""
FOLDER = Path("results/studies")
COLUMNS = (
    "split",
    "shift",
    "smooth",
    "reject",
    "steps",
    "own_windows",
    "stream",
    "event_recall",
    "false_alarms_per_hour",
    "c_steps",
    "c_mismatches",
)
Array = npt.NDArray[Any]


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


def read(split: str, model: IntegerModel) -> Split:
    """A prepared split for ``model``."""
    folder = common.prepared(BENCHMARK)
    card = arrays.read_card(folder)
    inputs, targets = arrays.load(folder, split)
    x_int = model.quantize_input(Coding.from_card(card).decode(inputs))
    finer = arrays.read_array(folder, split, "finer")
    return Split(x_int, targets, finer, card["output"]["finer"]["class_of"])


def scores_of(model: IntegerModel, split: Split, shift: int, hop: int) -> tuple[Array, Array]:
    """(steps, scores) of every answer of a stream, not smoothed."""
    stream = model.stream(shift=shift, hop=hop)
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


def answers(scores: Array, reject: int) -> Array:
    """Activities, -1 where the margin is below ``reject``."""
    ordered = np.sort(scores, axis=1)
    return np.where(ordered[:, -1] - ordered[:, -2] >= reject, scores.argmax(axis=1), -1)


def accuracy(split: Split, scores: Array) -> float:
    """Of the classes of all windows, from the scores at the end of each."""
    return float((metrics.merge(scores, split.class_of).argmax(-1) == split.targets).mean())


def own_windows(model: IntegerModel, split: Split) -> float:
    """Accuracy where every window starts from a zero state."""
    return accuracy(split, model.run_logits(split.x_int, workers=1))


def at_ends(split: Split, steps: Array, scores: Array) -> Array:
    """The scores that were due at the end of each window."""
    return scores[steps % split.x_int.shape[1] == 0]


def event_scores(split: Split, steps: Array, scores: Array, reject: int) -> dict[str, Any]:
    """Columns of events at one margin."""
    given, labels = answers(scores, reject), split.labels
    alarms = events.false_alarms_per_hour(labels, steps, given, RATE_HZ)
    return {
        "reject": reject,
        "event_recall": round(events.event_recall(labels, steps, given), 4),
        "false_alarms_per_hour": round(alarms, 2),
    }


def choices(model: IntegerModel, split: Split, hop: int = HOP) -> Iterator[dict[str, Any]]:
    """Rows of the validation split: all lengths and smoothings, then of the best all margins."""
    own, size = own_windows(model, split), len(split.labels)
    kept: dict[tuple[int, int], tuple[Array, Array]] = {}
    rows = []
    for shift in SHIFTS:
        steps, plain = scores_of(model, split, shift, hop)
        for smooth in SMOOTHS:
            kept[shift, smooth] = steps, smoothed(plain, smooth)
            row = {
                "split": "valid",
                "shift": shift,
                "smooth": smooth,
                "steps": size,
                "own_windows": round(own, 4),
                "stream": round(accuracy(split, at_ends(split, *kept[shift, smooth])), 4),
            }
            rows.append(row | event_scores(split, *kept[shift, smooth], 0))
            yield rows[-1]
    best = max(rows, key=lambda row: row["stream"])  # the first of equal ones: short, not smoothed
    for reject in REJECTS[1:]:
        yield best | event_scores(split, *kept[best["shift"], best["smooth"]], reject)


def chosen(rows: Iterable[dict[str, Any]]) -> tuple[int, int, int]:
    """(shift, smooth, reject) by the rows of ``choices``."""
    rows = list(rows)
    best = max((row for row in rows if row["reject"] == 0), key=lambda row: row["stream"])
    shift, smooth = best["shift"], best["smooth"]
    curve = [row for row in rows if (row["shift"], row["smooth"]) == (shift, smooth)]
    quiet = [row["reject"] for row in curve if row["false_alarms_per_hour"] <= ALARMS]
    return shift, smooth, min(quiet, default=max(row["reject"] for row in curve))


def tested(
    model: IntegerModel, split: Split, shift: int, smooth: int, reject: int, hop: int = HOP
) -> dict[str, Any]:
    """The row of the test split, run in C as well for C_STEPS."""
    steps, scores = scores_of(model, split, shift, hop)
    scores = smoothed(scores, smooth)
    stream = model.stream(shift=shift, hop=hop, smooth=smooth, reject=reject)
    x = split.x_int.reshape(-1, split.x_int.shape[-1])[:C_STEPS]
    with streams.HostStreams() as program:
        run = program.run(model, stream.settings, x, 1000)
    return {
        "split": "test",
        "shift": shift,
        "smooth": smooth,
        "steps": len(split.labels),
        "own_windows": round(own_windows(model, split), 4),
        "stream": round(accuracy(split, at_ends(split, steps, scores)), 4),
        **event_scores(split, steps, scores, reject),
        "c_steps": len(x),
        "c_mismatches": int((run.checksums != streams.checksums(stream, x, 1000)).sum()),
    }


def figure(rows: list[dict[str, Any]], folder: Path) -> None:
    """Write stream.svg: misses against false alarms an hour, with the margins."""
    shift, smooth, reject = chosen(row for row in rows if row["split"] == "valid")
    drawing = Figure(figsize=(6, 4), layout="constrained")
    axes = drawing.subplots()
    curve = [row for row in rows if (row["shift"], row["smooth"]) == (shift, smooth)]
    for split, colour, marker in (("valid", COLOURS[1], "o-"), ("test", COLOURS[0], "D")):
        own = sorted((r for r in curve if r["split"] == split), key=lambda r: r["reject"])
        alarms = [r["false_alarms_per_hour"] for r in own]
        misses = [100 * (1 - r["event_recall"]) for r in own]
        axes.plot(alarms, misses, marker, color=colour, ms=5, lw=1.3, label=f"{split} people")
        for row, x, y in zip(own, alarms, misses, strict=True):
            axes.annotate(str(row["reject"]), (x, y), (4, 4), textcoords="offset points", size=7)
    axes.set(xlabel="false alarms an hour", ylabel="missed events, %")
    axes.set_xscale("symlog", linthresh=2)
    axes.set_xticks([0, 1, 2, 5, 10, 20, 50, 100], ["0", "1", "2", "5", "10", "20", "50", "100"])
    axes.set_title(
        f"har2 as a stream: the margin below which answers are rejected; {reject} chosen"
    )
    axes.title.set_size(9)
    axes.legend()
    save(drawing, folder, "stream")


def main(folder: Path = FOLDER) -> None:
    """Choose on validation people, read the test split once, write table and figure."""
    settings = study.settings_of(BENCHMARK, [(f"benchmark.{BENCHMARK}.train_on_validation", False)])
    card = arrays.read_card(common.prepared(BENCHMARK))
    held_out = trained.model_of(settings)
    model = freeze_prepared(settings, common.prepared(BENCHMARK), held_out, card)
    rows = []
    for row in choices(model, read("valid", model)):
        rows.append(row)
        print(row)
    shipped = integer.load(common.shipped(BENCHMARK) / "model.hrnn", engine="numpy")
    rows.append(tested(shipped, read("test", shipped), *chosen(rows)))
    print(rows[-1])
    Table(folder / "stream.csv", COLUMNS).replace(rows)
    figure(rows, folder)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__.split("\n")[0]).parse_args()
    with as_sentences():
        main()

"""Search a recipe: random draws from a space, scored on people left out or on validation rows.

    python -m benchmarks.studies.search har2-4kB --draws 8
    python -m benchmarks.studies.search har2-4kB --best 3 --seeds 2 3
    python -m benchmarks.studies.search --table

A space is an entry of spaces.yaml beside this file: a benchmark, what every draw sets, and lists of
choices; a choice that is a mapping sets several keys at once (a width and its blocks). Draw n is
decided by the space's name and n alone, so more draws continue where fewer stopped. Where the data
name their people, these are dealt into folds as in ``sensor_folds`` and the score is the mean over
folds at the last epoch; else it is the validation accuracy of the chosen epoch. Test data are never
read. Every draw and seed is a row of results/studies/search.csv; existing rows are skipped. Bytes
are those of the packed file, of a baseline those of its parts.
"""

import argparse
import dataclasses
import statistics
import time
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.studies import sensor_folds, study
from benchmarks.table import Table
from hadamrnn.errors import HadamrnnError, as_sentences
from hadamrnn.params import Settings
from stages import common

SPACES = Path(__file__).with_name("spaces.yaml")
PATH = "results/studies/search.csv"
COLUMNS = ("space", "options", "seed", "accuracy", "folds", "bytes", "seconds")
TOP = ("model",)
"""Keys at the top of params.yaml; the others are set in the section of the benchmark."""

Options = dict[str, Any]


def spaces(path: Path = SPACES) -> dict[str, dict[str, Any]]:
    """The entries of spaces.yaml: "benchmark", perhaps "set", and "choices"."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def draw(name: str, space: Mapping[str, Any], number: int) -> Options:
    """The options of one draw; draw 0 takes the first choice of every list.

    Parameters
    ----------
    name : str
        Of the space.
    space : mapping
        Its entry.
    number : int
        At least 0.

    Returns
    -------
    dict
        By key of params.yaml.
    """
    generator = np.random.default_rng((zlib.crc32(name.encode()), number))
    options: Options = dict(space.get("set", {}))
    for key, choices in space["choices"].items():
        place = int(generator.integers(len(choices)))
        chosen = choices[place if number else 0]
        options |= chosen if isinstance(chosen, dict) else {key: chosen}
    return options


def text(options: Options) -> str:
    """Options as a row holds them: ``key=value`` with a space between."""
    return " ".join(f"{key}={yaml.safe_dump(value).split()[0]}" for key, value in options.items())


def options_of(row: str) -> Options:
    """The inverse of ``text``."""
    pairs = (pair.partition("=") for pair in row.split())
    return {key: yaml.safe_load(value) for key, _, value in pairs}


def settings_of(benchmark: str, options: Options, seed: int) -> Settings:
    """The recipe of params.yaml with a draw's options, its rows for validation held out."""
    always = {"train_on_validation": False}
    changes = [
        (key if key in TOP else f"benchmark.{benchmark}.{key}", value)
        for key, value in (options | always).items()
    ]
    return study.settings_of(benchmark, [*changes, ("seed", seed)])


def score(settings: Settings) -> dict[str, Any]:
    """Accuracy in percent, that of each fold, bytes of the model, and seconds that it took."""
    start = time.perf_counter()
    folder = common.prepared(settings.benchmark)
    if not (folder / "train_subjects.npy").exists():
        result = study.train(settings)
        folds = [100 * result.best["valid_accuracy"]]
        size: int | str = ""
    else:
        last = dataclasses.replace(settings.train, select="last")
        folds, size = sensor_folds.accuracies(dataclasses.replace(settings, train=last), folder)
    return {
        "accuracy": round(statistics.mean(folds), 2),
        "folds": " ".join(f"{fold:.2f}" for fold in folds),
        "bytes": size,
        "seconds": round(time.perf_counter() - start),
    }


def best(rows: list[dict[str, str]], name: str, count: int) -> list[str]:
    """The options of a space with the highest mean over the seeds that were tried."""
    found: dict[str, list[float]] = {}
    for row in rows:
        if row["space"] == name:
            found.setdefault(row["options"], []).append(float(row["accuracy"]))
    return sorted(found, key=lambda options: -statistics.mean(found[options]))[:count]


def cases(
    name: str, space: Mapping[str, Any], draws: int, most: int, seeds: list[int], table: Table
) -> Iterator[dict[str, Any]]:
    """What is to be tried: the first draws, or the best of the rows, with every seed."""
    if most:
        chosen = best(table.rows(), name, most)
    else:
        chosen = list(dict.fromkeys(text(draw(name, space, number)) for number in range(draws)))
    for options in chosen:
        for seed in seeds:
            yield {"space": name, "options": options, "seed": seed}


def summary(rows: list[dict[str, str]]) -> Iterator[str]:
    """A line of a Markdown table for every recipe, the best of each space first."""
    yield "| space | options | seeds | accuracy | bytes |"
    yield "| --- | --- | --- | --- | --- |"
    for name in dict.fromkeys(row["space"] for row in rows):
        for options in best(rows, name, len(rows)):
            own = [row for row in rows if (row["space"], row["options"]) == (name, options)]
            found = [float(row["accuracy"]) for row in own]
            spread = f" ± {statistics.stdev(found):.1f}" if len(found) > 1 else ""
            accuracy = f"{statistics.mean(found):.1f}{spread} %"
            yield f"| {name} | `{options}` | {len(own)} | {accuracy} | {own[0]['bytes']} |"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("space", nargs="?", help="an entry of spaces.yaml")
    parser.add_argument("--draws", type=int, default=8, help="the first so many draws")
    parser.add_argument("--best", type=int, default=0, help="instead of draws, the best rows")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--table", action="store_true", help="print all rows as Markdown")
    given = parser.parse_args()
    table = Table(PATH, COLUMNS)
    if given.table:
        print(*summary(table.rows()), sep="\n")
        return
    known = spaces()
    if given.space not in known:
        raise HadamrnnError(f"space: must be one of {', '.join(known)}; got {given.space!r}")
    space = known[given.space]

    def row_of(space: str, options: str, seed: int) -> dict[str, Any]:
        return score(settings_of(known[space]["benchmark"], options_of(options), seed))

    wanted = cases(given.space, space, given.draws, given.best, given.seeds, table)
    study.fill(table, wanted, row_of, progress=lambda row: print(*row.values(), flush=True))


if __name__ == "__main__":
    with as_sentences():
        main()

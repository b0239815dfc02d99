"""Search for a better recipe of a benchmark on its validation rows: minutes, not days.

Draws widths, blocks, bits, read-outs and learning rates, and trains them for a ninth of the epochs;
the best third trains three times longer, and the best third of those for all epochs. The first one
is the section as it stands. Shows the accuracy that each size buys, and the command that trains the
best. A search that is stopped goes on where it was. Test rows are never read.
"""

import argparse
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hadamrnn import files
from hadamrnn.cli import needs
from hadamrnn.errors import HadamrnnError
from hadamrnn.metrics import in_words, own_score

if TYPE_CHECKING:
    from hadamrnn.cli.search import Tried
    from hadamrnn.cli.trials import Trials

COLUMNS = ("bytes", "score", "loss", "epochs", "recipe")
"""Of results/NAME/tune.csv, which ``hadamrnn report`` draws."""
HELP = "search for a better recipe of a benchmark, on its validation rows"
TOP = ("q", "readout", "fade", "weight_bits")
"""Keys that the top level of params.yaml may set for all benchmarks."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``hadamrnn tune``."""
    parser.add_argument("name", metavar="NAME", help="a section under benchmark in params.yaml")
    parser.add_argument("--bytes", type=int, metavar="N", help="largest packed file")
    parser.add_argument("--recipes", type=int, default=18, metavar="N", help="to draw (18)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the draws (1)")
    parser.add_argument("--write", action="store_true", help="set the best values in params.yaml")


def run(options: argparse.Namespace) -> int:
    """Print a line for every training, the table, and the next command."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as for the stages, before torch is loaded
    with needs.more_than_numpy("tune"):
        from hadamrnn.cli import edited, search, trials
        from hadamrnn.params import document
    needs.in_root()
    for option in ("bytes", "recipes", "seed"):
        value, least = getattr(options, option), 0 if option == "seed" else 1
        if value is not None and value < least:
            raise HadamrnnError(f"--{option}: must be at least {least}; got {value}")
    known: Any = document.read("params.yaml")
    work = trials.Trials.of(known, options.name)
    fixed = [key for key in TOP if known[key] != "auto"]
    tried = halved(work, fixed, options)
    best = search.ranked([one for one in tried if one.epochs == tried[-1].epochs])[0]
    front = search.front(tried)
    rows = [{"recipe": recipe(one)} | {k: getattr(one, k) for k in COLUMNS[:-1]} for one in front]
    files.write_csv(Path("results") / options.name / "tune.csv", COLUMNS, rows)
    print(table(options.name, front, best, own_score(work.card)))
    if not best.values:
        print(f"\nnothing better than the section as it stands\n\n    {repeat(options.name)}")
    elif options.write:
        path = Path("params.yaml")
        text = edited.with_values(path.read_text(encoding="utf-8"), options.name, best.values)
        files.write_text(path, text)
        print(f"\nwritten to params.yaml; type\n\n    {repeat(options.name)}")
    else:
        own = known["benchmark"][options.name]
        print(
            f"\nto train it (or run this again with --write), type\n\n    "
            f"{repeat(options.name, own, best.values)}"
        )
    return 0


def halved(work: "Trials", fixed: Sequence[str], options: argparse.Namespace) -> "list[Tried]":
    """All trainings of a search, the last round's behind."""
    from hadamrnn.cli import search

    recipes: list[dict[str, Any]] = []
    for values in search.draws(work.card, fixed, options.seed):
        size = work.size(values)
        if size is not None and size <= (options.bytes or size):
            recipes.append(values)
        elif not values:
            print(f"left out: the section as it stands has {size:,} bytes")
        if len(recipes) == options.recipes:
            break
    if not recipes:
        raise HadamrnnError(
            f"--bytes: must allow one of the recipes that were drawn; got {options.bytes}"
        )
    plan = search.rounds(len(recipes), work.epochs)
    total, done, began, tried = sum(n * e for n, e in plan), 0, time.monotonic(), []
    for number, (count, epochs) in enumerate(plan, start=1):
        print(f"round {number} of {len(plan)}: {epochs} epochs for each of {count}", flush=True)
        found = []
        for place, values in enumerate(recipes[:count], start=1):
            found.append(work.train(values, epochs))
            done += epochs
            left = (time.monotonic() - began) / done * (total - done)
            words = told(found[-1], own_score(work.card))
            print(f"{place}/{count}: {words}, about {left:.0f} s left", flush=True)
        recipes = [one.values for one in search.ranked(found)]
        tried += found
    return tried


def recipe(one: "Tried") -> str:
    """Its keys and values; empty for the section as it stands."""
    return ", ".join(f"{key} {'null' if v is None else v}" for key, v in one.values.items())


def told(one: "Tried", score: str = "accuracy") -> str:
    """A recipe and what it reached, in one line."""
    reached = f"{in_words(score, one.score)}, loss {one.loss:.4g}, {one.bytes:,} bytes"
    return f"{recipe(one) or 'the section as it stands'}: {reached}"


def table(name: str, rows: "Sequence[Tried]", best: "Tried", score: str = "accuracy") -> str:
    """Accuracy against bytes: recipes that no smaller one equals, the best with a star."""
    lines = [f"\n{name}: what a size buys on validation rows\n", "  bytes   score    loss  epochs"]
    for one in rows:
        star = " *" if one == best else "  "
        reached = in_words(score, one.score).replace(" ", "")
        figures = f"{one.bytes:>7,} {reached:>7} {one.loss:>7.4f} {one.epochs:>7}"
        lines.append(f"{figures}{star} {recipe(one) or 'as it stands'}")
    return "\n".join(lines)


def repeat(
    name: str, own: Mapping[str, Any] | None = None, values: Mapping[str, Any] | None = None
) -> str:
    """The command that trains a benchmark with some values of its section set."""
    words = ["dvc exp run", f"-S 'benchmarks=[{name}]'"]
    for key, value in (values or {}).items():
        plus = "" if own is not None and key in own else "+"
        words.append(f"-S {plus}benchmark.{name}.{key}={json.dumps(value).strip(chr(34))}")
    return " ".join(words)

"""Make many runs of the pipeline, here or on a cluster: rows of paper.yaml, or a grid.

Each run works in a clone of its own and leaves a DVC experiment in a Git remote. The same command
goes on where an earlier one was stopped or killed, looks on where runs are at work, and never makes
a finished run again. Runs that failed are made again.
"""

import argparse
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hadamrnn.cli import experiments, needs
from hadamrnn.errors import HadamrnnError

if TYPE_CHECKING:
    from rich.table import Table

    from hadamrnn.sweeps.folders import Sweep
    from hadamrnn.sweeps.follow import Place
    from hadamrnn.sweeps.runs import Run
    from hadamrnn.sweeps.state import State

HELP = "make many runs, here or on a cluster: rows of paper.yaml, or a grid"
COLORS = {"finished": "green", "collected": "green", "failed": "red", "killed": "red"}
LINES = 30
"""Of runs that the view of a terminal shows; those at work and those that failed go first."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``hadamrnn sweep``."""
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", help="entries of paper.yaml, all where none is given")
    add(
        "-S",
        "--set-param",
        action="append",
        default=[],
        metavar="KEY=VALUES",
        help="a grid in place of paper.yaml, as of dvc exp run: -S q=1,2 -S 'seed=range(1,4)'",
    )
    add("--name", default="sweep", help="begins the names of a grid's runs (sweep)")
    add("--on", choices=["local", "slurm"], default="local", help="where (local)")
    add("--workers", type=int, metavar="N", help="runs at a time (local 1, slurm no limit)")
    add("--processes", type=int, default=1, metavar="N", help="of torchrun in each run (1)")
    add("--remote", help="Git remote, URL or folder for the experiments (this clone)")
    add("--folder", type=Path, default=Path("sweeps"), help="of clones and logs (sweeps)")
    add("--part", metavar="K/N", help="every N-th run from the K-th on, for one of N machines")
    add("--minutes", type=int, default=1440, metavar="N", help="time limit of a SLURM job (1440)")
    add(
        "--slurm",
        action="append",
        default=[],
        metavar="OPTION=VALUE",
        help="a long option of sbatch: --slurm partition=gpu --slurm gpus-per-node=2",
    )
    add(
        "--setup",
        action="append",
        default=[],
        metavar="COMMAND",
        help="for the shell before each SLURM job, as 'module load gcc'",
    )
    add("--every", type=float, default=5, metavar="SECONDS", help="between two looks (5)")
    add("--status", action="store_true", help="show how the runs stand, begin none")


def run(options: argparse.Namespace) -> int:
    """Show how the runs stand until all have ended; the table of what they reached."""
    if sys.platform == "win32":
        raise HadamrnnError("sweep: must run on Linux or macOS; got Windows")
    if importlib.util.find_spec("dvc") is None:
        raise HadamrnnError("hadamrnn sweep: needs DVC, run pip install 'hadamrnn[pipeline]'")
    with needs.more_than_numpy("sweep"):
        from hadamrnn.params import document
        from hadamrnn.sweeps import follow, repository, state
        from hadamrnn.sweeps.folders import Sweep
    needs.in_root()
    _check(options)
    home = Path.cwd()
    chosen = _part(_chosen(options, document.read("params.yaml")), options.part)
    commit = repository.head(home)
    sweep = Sweep(
        home=home,
        folder=(home / options.folder).resolve() / commit[:12],
        commit=commit,
        remote=repository.address(home, options.remote),
        processes=options.processes,
        cache=_cache(),
    )
    place = _place(options, sweep)
    if options.status:
        states = state.look(sweep, chosen, place.active())
        print(_text(_table(states, len(states))))
        print(follow.counted(states))
        return 0
    try:
        states = _shown(follow.follow(sweep, chosen, place, options.every))
    except KeyboardInterrupt:
        print(f"\n{place.stop()}")
        return 1
    _collect(sweep, chosen, states, options.names)
    bad = [one for one in states.values() if one.kind in state.ENDED]
    if bad:
        raise HadamrnnError(
            f"sweep: every run must finish; got {len(bad)} of {len(states)} that did not, the "
            f"first {bad[0].name}: {bad[0].words}"
        )
    return 0


def _check(options: argparse.Namespace) -> None:
    for option in ("workers", "processes", "minutes", "every"):
        value = getattr(options, option)
        if value is not None and value <= 0:
            raise HadamrnnError(f"--{option}: must be above 0; got {value}")
    for text in options.slurm:
        if not text.partition("=")[2]:
            raise HadamrnnError(f"--slurm: must be OPTION=VALUE; got {text!r}")
    if options.names and options.set_param:
        raise HadamrnnError(
            "-S: must stand without entries of paper.yaml, which say what they set; got both"
        )


def _chosen(options: argparse.Namespace, known: Mapping[str, Any]) -> "list[Run]":
    import yaml

    from hadamrnn.sweeps import runs

    if options.set_param:
        return runs.of_grid(options.set_param, options.name, known)
    entries = yaml.safe_load(Path("paper.yaml").read_text(encoding="utf-8"))
    return runs.of_paper(entries, options.names, known)


def _part(chosen: "list[Run]", part: str | None) -> "list[Run]":
    """Every N-th run from the K-th on.

    >>> _part([*"abcde"], "2/3")
    ['b', 'e']
    """
    if part is None:
        return chosen
    first, _, step = part.partition("/")
    if not (first.isdecimal() and step.isdecimal() and 1 <= int(first) <= int(step)):
        raise HadamrnnError(f"--part: must be K/N with 1 <= K <= N; got {part!r}")
    return chosen[int(first) - 1 :: int(step)]


def _cache() -> str:
    """DVC's cache of this clone, which the others share."""
    command = [sys.executable, "-m", "dvc", "cache", "dir"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise HadamrnnError(f"dvc: must be there and work; got {done.stderr.strip()}")
    return os.path.abspath(done.stdout.strip())


def _place(options: argparse.Namespace, sweep: "Sweep") -> "Place":
    from hadamrnn.sweeps.local import Local
    from hadamrnn.sweeps.slurm import Slurm

    if options.on == "local":
        return Local(sweep, options.workers or 1)
    further = dict(text.split("=", 1) for text in options.slurm)
    return Slurm(sweep, options.workers, options.minutes, further, options.setup)


def _shown(looks: "Iterator[dict[str, State]]") -> "dict[str, State]":
    """The last look; all of them on a terminal, elsewhere a line for each change."""
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    from hadamrnn.sweeps import follow

    console = Console()
    states: dict[str, State] = {}
    if console.is_terminal:
        with Live(console=console, auto_refresh=False) as live:
            for states in looks:
                shown = Group(_table(states, LINES), Text(follow.counted(states)))
                live.update(shown, refresh=True)
        return states
    before: dict[str, str] = {}
    for states in looks:
        for name, one in states.items():
            if before.get(name, "waiting") != one.kind:
                what = " ".join(filter(None, (name, one.kind, one.where)))
                told = ": ".join(filter(None, (what, one.words)))
                print(f"{time.strftime('%H:%M:%S')} {told}")
        now = {name: one.kind for name, one in states.items()}
        if now != before:
            print(f"{time.strftime('%H:%M:%S')} {follow.counted(states)}", flush=True)
        before = now
    return states


def _table(states: "Mapping[str, State]", lines: int) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    order = ("running", "failed", "killed", "queued", "waiting", "finished", "collected")
    table = Table(box=SIMPLE_HEAD, show_edge=False, collapse_padding=True)
    for column in ("run", "state", "where", "how far"):
        table.add_column(column, overflow="fold", no_wrap=column in ("run", "state"))
    shown = sorted(states.values(), key=lambda one: order.index(one.kind))
    for one in shown[:lines]:
        color = COLORS.get(one.kind, "")
        table.add_row(one.name, one.kind, one.where, one.words, style=color)
    if len(shown) > lines:
        table.add_row(f"and {len(shown) - lines} more", "", "", "")
    return table


def _text(table: "Table") -> str:
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else experiments.WIDTH)
    with console.capture() as caught:
        console.print(table)
    return caught.get().rstrip()


def _collect(
    sweep: "Sweep", chosen: "Sequence[Run]", states: "Mapping[str, State]", names: Sequence[str]
) -> None:
    """Bring the experiments into this clone, and print what they reached."""
    from hadamrnn.sweeps import repository, runs

    done = [run.name for run in chosen if states[run.name].kind == "finished"]
    repository.fetch(sweep.home, sweep.remote, sweep.commit, done)
    there = experiments.there()
    experiments.show(experiments.rows({name: there[name] for name in done if name in there}))
    if any(name.startswith(runs.PAPER) for name in done) and Path("benchmarks/paper").is_dir():
        sys.stdout.flush()
        command = [sys.executable, "-m", "benchmarks.paper", "collect", *names]
        if subprocess.run(command, check=False).returncode:
            raise HadamrnnError(f"{' '.join(command[1:])}: must collect the runs; it said why")

"""What every stage does around its work: settings, folders, and errors as one sentence."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from hadamrnn import params
from hadamrnn.errors import HadamrnnError, as_sentences
from stages import finished


def prepared(benchmark: str) -> Path:
    """Folder of the arrays and card.json."""
    return Path("data/prepared") / benchmark


def models(benchmark: str) -> Path:
    """Folder of the trained model."""
    return Path("models") / benchmark


def exports(benchmark: str) -> Path:
    """Folder of the integer model in its forms."""
    return Path("exports") / benchmark


def results(benchmark: str) -> Path:
    """Folder of metrics and history."""
    return Path("results") / benchmark


def shipped(benchmark: str) -> Path:
    """Where the model and results in Git lie; no stage writes there (``stages.ship`` does)."""
    return Path("shipped") / benchmark


def chosen() -> params.Settings:
    """Settings of the benchmark named on the command line, all of params.yaml checked."""
    settings = params.load()
    if len(sys.argv) != 2 or sys.argv[1] not in settings:
        given = " ".join(sys.argv[1:]) or "nothing"
        names = ", ".join(settings)
        raise HadamrnnError(f"stage: needs one of the listed benchmarks ({names}); got {given}")
    return settings[sys.argv[1]]


def run(
    work: Callable[[params.Settings], Callable[[], None] | None], stage: str | None = None
) -> None:
    """Do the work of a stage for the benchmark named on the command line.

    All of params.yaml is checked first, before anything heavy is imported, so that a wrong value
    stops at once; an error that users are meant to read ends the stage with its sentence and exit
    status 1.

    Parameters
    ----------
    work : callable
        Called with the Settings of the benchmark; may return what is to be done once the outputs
        are kept.
    stage : str, optional
        Its name in dvc.yaml, where finished work is kept and brought back.
    """
    # Set before torch is loaded: its idle threads would otherwise spin beside our kernels.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        with as_sentences():
            settings = chosen()
            if stage is None:
                work(settings)
            else:
                finished.or_made(stage, settings.benchmark, lambda: work(settings))
    except KeyboardInterrupt:
        sys.exit("stopped; a training run resumes after its last finished epoch at the next start")

"""What every stage does around its work: settings, folders, and errors as one sentence."""

import importlib
import json
import os
import sys
from pathlib import Path

from hadamrnn import params
from hadamrnn.errors import HadamrnnError, as_sentences


def prepared(benchmark):
    return Path("data/prepared") / benchmark


def models(benchmark):
    return Path("models") / benchmark


def exports(benchmark):
    return Path("exports") / benchmark


def results(benchmark):
    return Path("results") / benchmark


def shipped(benchmark):
    """Where the model and results in Git lie; no stage writes there (``stages.ship`` does)."""
    return Path("shipped") / benchmark


def read_json(path):
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_json(path, content):
    """Indented, sorted JSON with a final newline; the folder is made when missing."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def dataset(benchmark):
    """The module of hadamrnn.datasets that prepares and loads ``benchmark``."""
    try:
        return importlib.import_module(f"hadamrnn.datasets.{benchmark}")
    except ModuleNotFoundError:
        raise HadamrnnError(
            f"benchmarks: every name needs a module hadamrnn/datasets/<name>.py; got {benchmark!r}"
        ) from None


def run(work):
    """Call ``work(settings)`` for the benchmark named on the command line.

    All of params.yaml is checked first, before anything heavy is imported, so that a wrong value
    stops at once; a HadamrnnError ends the stage with its sentence and exit status 1.
    """
    # Set before torch is loaded: its idle threads would otherwise spin beside our kernels.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        with as_sentences():
            settings = params.load()
            if len(sys.argv) != 2 or sys.argv[1] not in settings:
                given = " ".join(sys.argv[1:]) or "nothing"
                names = ", ".join(settings)
                raise HadamrnnError(
                    f"stage: needs one of the listed benchmarks ({names}); got {given}"
                )
            work(settings[sys.argv[1]])
    except KeyboardInterrupt:
        sys.exit("stopped; a training goes on from its last finished epoch at the next start")

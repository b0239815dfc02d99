"""docs/browser/digit.html: draw a digit, and a model of 4 kB reads it pixel by pixel, offline.

One file: the C runtime as WebAssembly, the models and the reading orders are in it. The WebAssembly
module is taken from the page that is there as long as the sources it was built of are the same, so
that the page can be written where clang and lld are missing.
"""

import base64
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from hadamrnn.datasets.pmnist import permutation
from hadamrnn.integer import packed
from hadamrnn.report import runs
from hadamrnn.targets import wasm

FOLDER = Path(__file__).parent / "browser"
BUILT = re.compile(
    r"// Built by (.*) from sources with SHA-256 ([0-9a-f]{64})\.\nconst WASM = \"([^\"]*)"
)
MODELS = (
    (
        "pmnist-small",
        "4 kB, pixels in a fixed random order",
        "in the random order of permuted MNIST",
    ),
    ("smnist", "8 kB, pixels row by row", "row by row, as in sequential MNIST"),
)


def built(page: str) -> tuple[str, str, bytes] | None:
    """What a page holds: the compiler, the fingerprint of the sources, the WebAssembly module."""
    found = BUILT.search(page)
    return found and (found[1], found[2], base64.b64decode(found[3]))


def _models(root: Path) -> list[dict[str, Any]]:
    groups = runs.read_groups(root / "results/paper")
    entries = []
    for name, title, reading in MODELS:
        run = groups[name].first
        file = (root / f"results/paper/{name}-seed{run.seed}.hrnn").read_bytes()
        order = permutation().tolist() if name.startswith("pmnist") else None
        facts = (
            f"This model reads pixels {reading}: {len(file):,} bytes in all, "
            f"{100 * run.accuracy():.2f} % of MNIST's 10,000 test digits right."
        )
        pixels = np.arange(256)[None, :, None] / 255
        entries.append(
            {
                "title": title,
                "facts": facts,
                "order": order,
                "inputs": packed.from_bytes(file).quantize_input(pixels).ravel().tolist(),
                "file": base64.b64encode(file).decode(),
            }
        )
    return entries


def page(root: Path, before: str) -> str | None:
    """The page.

    Parameters
    ----------
    root : Path
        The repository.
    before : str
        The page as it is, whose WebAssembly module stays if its sources have not changed.

    Returns
    -------
    str or None
        HTML that loads nothing; None if the module must be built, and clang or lld are missing.
    """
    kept, fingerprint = built(before), wasm.fingerprint()
    if kept and kept[1] == fingerprint:
        compiler, _, module = kept
    elif wasm.missing():
        return None
    else:
        module, compiler = wasm.build(), wasm.compiler_version()
    text = (FOLDER / "page.html").read_text(encoding="utf-8")
    parts = {
        "runtime": wasm.SCRIPT.read_text(encoding="utf-8")
        + f"\n// Built by {compiler} from sources with SHA-256 {fingerprint}.",
        "wasm": base64.b64encode(module).decode(),
        "models": json.dumps(_models(root), separators=(",", ":")),
        "script": (FOLDER / "digits.js").read_text(encoding="utf-8"),
    }
    return re.sub(r"\{(runtime|wasm|models|script)\}", lambda match: parts[match[1]], text)

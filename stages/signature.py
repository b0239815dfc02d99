"""What decides the result of a stage, as dvc.yaml names it: code, parameters and files."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
"""Where the code lies; parameters and data lie in the folder that a stage runs in."""

CODE = ("hadamrnn", "stages")


def pipeline() -> dict[str, Any]:
    """dvc.yaml."""
    return yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))


def definition(stage: str) -> dict[str, Any]:
    """What dvc.yaml says of a stage that runs for every benchmark."""
    return pipeline()["stages"][stage]["do"]


def _checksums(path: Path, name: str) -> Iterable[str]:
    """A line for every file of a file or folder. Line ends that Git converted do not count."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    for file in files:
        if file.is_file() and "__pycache__" not in file.parts:
            content = file.read_bytes()
            if name.split("/")[0] in CODE:
                content = content.replace(b"\r\n", b"\n")
            inside = Path(name, file.relative_to(path)).as_posix() if path.is_dir() else name
            yield f"{hashlib.sha256(content).hexdigest()}  {inside}"


def _values(keys: Iterable[str]) -> Iterable[str]:
    """A line for every named key of params.yaml."""
    document = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    for key in keys:
        value = document
        for part in key.split("."):
            value = value[part] if isinstance(value, dict) and part in value else None
        yield f"{key}: {json.dumps(value, sort_keys=True, default=str)}"


def shared(stage: str) -> str:
    """Checksums of the code and the general parameters that all benchmarks have in common."""
    variables = pipeline()["vars"][0]
    entry = variables["shared"][stage]
    code = [*variables["every_stage"], *entry["code"]]
    lines = [line for path in code for line in _checksums(ROOT / path, path)]
    return "\n".join([*lines, *_values(entry.get("params", []))]) + "\n"


def of(stage: str, benchmark: str) -> str:
    """The hash of everything that decides what the stage makes of a benchmark."""
    entry = definition(stage)
    lines = [stage, benchmark, shared(stage)]
    for dep in (dep.replace("${item}", benchmark) for dep in entry["deps"]):
        if not dep.startswith("data/shared/"):  # it may be an older one where DVC did not run
            lines += _checksums(ROOT / dep if dep.split("/")[0] in CODE else Path(dep), dep)
    lines += _values(key.replace("${item}", benchmark) for key in entry.get("params", []))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def outputs(stage: str, benchmark: str) -> list[Path]:
    """The files and folders that the stage makes of a benchmark."""
    entry = definition(stage)
    named = [out for kind in ("outs", "metrics", "plots") for out in entry.get(kind, [])]
    paths = (next(iter(out)) if isinstance(out, dict) else out for out in named)
    return [Path(path.replace("${item}", benchmark)) for path in paths]

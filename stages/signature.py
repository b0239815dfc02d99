"""What decides the result of a stage, as dvc.yaml names it: code, parameters and files."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from stages import raw_files
from stages.raw_files import CODE, ROOT


def pipeline() -> dict[str, Any]:
    """dvc.yaml."""
    return yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))


def definition(stage: str) -> dict[str, Any]:
    """What dvc.yaml says of a stage that runs for every benchmark."""
    return pipeline()["stages"][stage]["do"]


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
    lines = [line for path in code for line in raw_files.lines(ROOT / path, path)]
    return "\n".join([*lines, *_values(entry.get("params", []))]) + "\n"


def of(stage: str, benchmark: str) -> str:
    """The hash of everything that decides what the stage makes of a benchmark."""
    entry = definition(stage)
    lines = [stage, benchmark, shared(stage)]
    for dep in entry["deps"]:
        if dep == "data/shared/raw/${item}.txt":
            document = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
            lines.append(raw_files.checksums(benchmark, document["benchmark"][benchmark]["data"]))
        elif not dep.startswith("data/shared/"):  # it may be an older one where DVC did not run
            name = dep.replace("${item}", benchmark)
            lines += raw_files.lines(
                ROOT / name if name.split("/")[0] in CODE else Path(name), name
            )
    lines += _values(key.replace("${item}", benchmark) for key in entry.get("params", []))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def outputs(stage: str, benchmark: str) -> list[Path]:
    """The files and folders that the stage makes of a benchmark."""
    entry = definition(stage)
    named = [out for kind in ("outs", "metrics", "plots") for out in entry.get(kind, [])]
    paths = (next(iter(out)) if isinstance(out, dict) else out for out in named)
    return [Path(path.replace("${item}", benchmark)) for path in paths]

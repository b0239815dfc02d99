"""The pipeline's declared deps are its real imports; layers import downwards only."""

import ast
import re
from pathlib import Path

import pytest
import yaml

from tests.project_imports import ROOT, closure, imported_modules, module_file

STAGES = ("validate", "prepare", "train", "export", "evaluate", "report")
BENCHMARKS = ("copy", "pdigits", "pmnist", "smnist", "har2", "dsa19", "imdb", "sst2", "qqp")

LAYERS = {
    "errors": 0, "hadamard": 0, "params": 0, "companding": 0, "class_groups": 0,
    "fixed_point": 0, "quantization": 1, "integer": 1, "integer_batch": 1, "integer_proof": 1,
    "packed": 1, "datasets": 1, "device": 1,
    "recurrence": 2, "embedding": 3, "state_noise": 3, "layers": 3, "models": 4, "baselines": 4,
    "word_dropout": 4, "augmentation": 5, "batches": 5, "distributed": 5, "losses": 5,
    "cross_entropy_kernel": 4, "step_threads": 5,
    "schedules": 5, "checkpoint": 5,
    "sign_flips": 5, "sign_draws": 5, "distillation": 5,
    "training": 5, "storage": 5,
    "export": 5, "accounting": 5, "submission": 5, "assessment": 6, "cli": 6, "report": 6,
}  # fmt: skip


def declared(stage, benchmark):
    """Project files among a stage's deps in dvc.yaml, folders expanded to their modules."""
    definition = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"][stage]
    files = set()
    for dep in definition.get("do", definition)["deps"]:
        dep = dep.replace("${item}", benchmark)
        if dep.startswith(("hadamrnn", "stages")):
            path = ROOT / dep
            found = path.glob("**/*.py") if path.is_dir() else [path]
            files |= {file.relative_to(ROOT).as_posix() for file in found}
    return files


def needed(stage, benchmark):
    files = closure(f"stages/{stage}.py")
    if stage == "prepare":  # the data set module is loaded by name
        files |= closure(f"hadamrnn/datasets/{benchmark}.py")
    return files


@pytest.mark.parametrize("benchmark", BENCHMARKS)
@pytest.mark.parametrize("stage", STAGES)
def test_deps_cover_imports(stage, benchmark):
    missing = needed(stage, benchmark) - declared(stage, benchmark)
    assert not missing, f"dvc.yaml: {stage} uses {sorted(missing)} without naming them in deps"


@pytest.mark.parametrize("stage", STAGES)
def test_deps_name_nothing_unused(stage):
    used = set().union(*(needed(stage, benchmark) for benchmark in BENCHMARKS))
    unused = set().union(*(declared(stage, b) for b in BENCHMARKS)) - used
    assert not unused, f"dvc.yaml: {stage} would re-run for {sorted(unused)}, which it never uses"


def test_runtime_is_a_dep_of_evaluate():
    definition = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    assert "hadamrnn/runtime" in definition["evaluate"]["do"]["deps"]


def _layer(module):
    return LAYERS[module.split(".")[1]]


def test_every_module_has_a_layer():
    names = {path.stem for path in (ROOT / "hadamrnn").glob("*.py")} - {"__init__"}
    folders = {path.parent.name for path in (ROOT / "hadamrnn").glob("*/__init__.py")}
    assert names | folders == set(LAYERS)


@pytest.mark.parametrize("path", sorted((ROOT / "hadamrnn").glob("**/*.py")), ids=str)
def test_imports_go_down(path):
    relative = path.relative_to(ROOT)
    if relative.parent == Path("hadamrnn") and path.stem == "__init__":
        assert not imported_modules(relative.as_posix())
        return
    own = relative.with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
    for name in imported_modules(relative.as_posix()) - {"hadamrnn"}:
        if len(name.split(".")) > 1:
            assert _layer(name) <= _layer(own), f"{own} imports {name} from a higher layer"


@pytest.mark.parametrize("path", sorted((ROOT / "stages").glob("*.py")), ids=lambda p: p.stem)
def test_stages_are_thin_and_independent(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 80 or path.stem == "progress"
    imported = imported_modules(path.relative_to(ROOT).as_posix())
    assert not imported & {f"stages.{stage}" for stage in STAGES}


def test_nothing_below_the_stages_prints_or_reads_params():
    for path in (ROOT / "hadamrnn").glob("**/*.py"):
        if path.stem == "cli":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = {
            n.func.id
            for n in ast.walk(tree)
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
        }
        assert "print" not in calls, path
        if path.stem != "params":
            assert not re.search(r"params\.yaml\b.*read", path.read_text(encoding="utf-8")), path


def test_walker_sees_imports_inside_functions():
    assert module_file("hadamrnn.training") in closure("stages/train.py")
